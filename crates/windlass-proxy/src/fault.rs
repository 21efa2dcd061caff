//! Everything for which the edge itself answers, instead of an app.

use http::StatusCode;

/// Why a request gets an answer of the edge's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Both `Content-Length` and `Transfer-Encoding` (RFC 9112 section 6.1).
    TwoLengths,
    /// A transfer coding other than exactly `chunked`.
    TransferCoding,
    /// No `Host`, several, or one that is no authority (RFC 9112 section 3.2).
    Host,
    /// The target's authority is not the `Host`.
    HostDiffers,
    /// CONNECT or TRACE.
    Method,
    /// An `Expect` other than `100-continue` (RFC 9110 section 10.1.1).
    Expectation,
    /// More or longer headers than allowed.
    HeadTooLarge,
    /// The request's body broke its framing, or the client went away.
    ClientBody,
    /// The request's body stood still for too long.
    ClientStalled,
    /// No rule for this host and path.
    NoRoute,
    /// The pool has no targets.
    NoTarget,
    /// No target accepted a connection.
    Unreachable,
    /// No target accepted a connection in time.
    ConnectTimeout,
    /// The app sent no head of an answer in time.
    AppTimeout,
    /// The app's connection or answer broke before its head was complete.
    AppBroken,
    /// The target was drained and the deadline passed.
    Cut,
    /// The edge, or the machine, has no descriptor left for a connection to the app.
    Exhausted,
}

impl Fault {
    pub(crate) fn status(self) -> StatusCode {
        match self {
            Fault::TwoLengths | Fault::Host | Fault::HostDiffers | Fault::ClientBody => {
                StatusCode::BAD_REQUEST
            }
            Fault::TransferCoding => StatusCode::NOT_IMPLEMENTED,
            Fault::Method => StatusCode::METHOD_NOT_ALLOWED,
            Fault::Expectation => StatusCode::EXPECTATION_FAILED,
            Fault::HeadTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Fault::ClientStalled => StatusCode::REQUEST_TIMEOUT,
            Fault::NoRoute => StatusCode::NOT_FOUND,
            Fault::NoTarget | Fault::Cut | Fault::Exhausted => StatusCode::SERVICE_UNAVAILABLE,
            Fault::Unreachable | Fault::AppBroken => StatusCode::BAD_GATEWAY,
            Fault::ConnectTimeout | Fault::AppTimeout => StatusCode::GATEWAY_TIMEOUT,
        }
    }

    /// A stable name, for the page and the access log.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Fault::TwoLengths => "two-lengths",
            Fault::TransferCoding => "transfer-coding",
            Fault::Host => "bad-host",
            Fault::HostDiffers => "host-differs",
            Fault::Method => "method-not-allowed",
            Fault::Expectation => "expectation",
            Fault::HeadTooLarge => "head-too-large",
            Fault::ClientBody => "bad-body",
            Fault::ClientStalled => "client-stalled",
            Fault::NoRoute => "no-route",
            Fault::NoTarget => "no-target",
            Fault::Unreachable => "app-unreachable",
            Fault::ConnectTimeout => "connect-timeout",
            Fault::AppTimeout => "app-timeout",
            Fault::AppBroken => "app-broken",
            Fault::Cut => "cut",
            Fault::Exhausted => "edge-exhausted",
        }
    }

    /// One sentence for whoever reads the page. Names no path, no address and no app.
    pub(crate) fn sentence(self) -> &'static str {
        match self {
            Fault::TwoLengths => "The request states its length in two ways.",
            Fault::TransferCoding => "The request uses a transfer coding other than chunked.",
            Fault::Host => "The request must name exactly one valid host.",
            Fault::HostDiffers => "The request names two different hosts.",
            Fault::Method => "This method is not allowed here.",
            Fault::Expectation => "The request expects something that this server does not do.",
            Fault::HeadTooLarge => "The request's headers are too many or too long.",
            Fault::ClientBody => "The request's body is malformed or incomplete.",
            Fault::ClientStalled => "The request's body did not arrive in time.",
            Fault::NoRoute => "Nothing is served under this host and path.",
            Fault::NoTarget => "The application is not running.",
            Fault::Unreachable => "The application does not accept connections.",
            Fault::ConnectTimeout => "The application did not accept a connection in time.",
            Fault::AppTimeout => "The application did not answer in time.",
            Fault::AppBroken => "The application broke off before it had answered.",
            Fault::Cut => "The application was replaced before it had answered. Please try again.",
            Fault::Exhausted => "This server has too many connections. Please try again.",
        }
    }

    /// Whether where the next request begins is in doubt, or reading on makes no sense.
    pub(crate) fn closes(self) -> bool {
        matches!(
            self,
            Fault::TwoLengths
                | Fault::TransferCoding
                | Fault::Host
                | Fault::HostDiffers
                | Fault::Method
                | Fault::Expectation
                | Fault::HeadTooLarge
                | Fault::ClientBody
                | Fault::ClientStalled
        )
    }

    /// Whether it is the target's failure, for its count.
    pub(crate) fn blames_target(self) -> bool {
        matches!(
            self,
            Fault::Unreachable | Fault::ConnectTimeout | Fault::AppTimeout | Fault::AppBroken
        )
    }
}
