//! Probes: what is asked of a replica, what it answered, and when that is enough.

use serde::{Deserialize, Serialize};
use std::fmt;

/// How a replica proves itself over HTTP.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProbeSpec {
    /// Path and query, starting with `/`.
    pub path: String,
    /// Statuses that count as healthy; empty for the default of 2xx, 3xx, 401 and 403.
    pub accept: Vec<u16>,
    /// Successes in a row that make a replica healthy.
    pub successes: u32,
    /// Pause between two probes, in milliseconds.
    pub interval_ms: u64,
    /// How long one probe may take, in milliseconds.
    pub timeout_ms: u64,
    /// How long a replica may take to become healthy, in milliseconds.
    pub deadline_ms: u64,
}

/// What one probe found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "kebab-case")]
pub enum ProbeAnswer {
    /// An HTTP answer.
    Status {
        /// The status code.
        status: u16,
        /// The first bytes of the body as text, at most [`ProbeAnswer::BODY_LIMIT`].
        body: String,
        /// Time to the whole head, in milliseconds.
        elapsed_ms: u64,
    },
    /// Nobody listens on the address yet.
    NotListening,
    /// The connection was accepted and nothing came back in time.
    TimedOut {
        /// How long the probe waited, in milliseconds.
        after_ms: u64,
    },
    /// The connection broke, or what came back was not HTTP.
    Broken {
        /// What happened, from the transport.
        detail: String,
    },
}

impl ProbeSpec {
    /// The default probe of `path`: 3 successes in a row, 100 ms apart, 5 s each, 60 s in all.
    pub fn at(path: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            accept: Vec::new(),
            successes: 3,
            interval_ms: 100,
            timeout_ms: 5_000,
            deadline_ms: 60_000,
        }
    }

    /// Whether an answer counts as healthy.
    ///
    /// The default follows what real apps answer at `/`: 2xx, 3xx, 401 and 403, never 5xx.
    pub fn accepts(&self, answer: &ProbeAnswer) -> bool {
        let ProbeAnswer::Status { status, .. } = answer else { return false };
        if self.accept.is_empty() {
            matches!(status, 200..=399 | 401 | 403)
        } else {
            self.accept.contains(status)
        }
    }

    /// How long one and the same error may be answered before it is believed, in milliseconds.
    pub const ERROR_BELIEVED_MS: u64 = 15_000;

    /// Whether an answer is an error that waiting does not cure: any bad status but those by
    /// which an app says that it is not ready yet, or too busy (RFC 9110, 15.6.4; RFC 6585, 4).
    pub fn is_lasting_error(&self, answer: &ProbeAnswer) -> bool {
        let ProbeAnswer::Status { status, .. } = answer else { return false };
        !self.accepts(answer) && !matches!(status, 425 | 429 | 502..=504)
    }

    /// Successes in a row after one more answer.
    pub fn tally(&self, in_a_row: u32, answer: &ProbeAnswer) -> u32 {
        if self.accepts(answer) { in_a_row.saturating_add(1) } else { 0 }
    }
}

impl ProbeAnswer {
    /// Longest part of an answer's body that is kept, in bytes.
    pub const BODY_LIMIT: usize = 1_024;

    /// The first bytes of the answer's body; empty where there is none.
    pub fn body(&self) -> &str {
        match self {
            ProbeAnswer::Status { body, .. } => body,
            _ => "",
        }
    }
}

impl fmt::Display for ProbeAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ProbeAnswer::Status { status, elapsed_ms, .. } => {
                write!(f, "answered {status} in {elapsed_ms} ms")
            }
            ProbeAnswer::NotListening => f.write_str("does not listen yet"),
            ProbeAnswer::TimedOut { after_ms } => {
                write!(f, "accepted the connection and gave no answer for {after_ms} ms")
            }
            ProbeAnswer::Broken { detail } => write!(f, "broke the connection: {detail}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_unbroken_row_of_good_answers_counts() {
        let probe = ProbeSpec::at("/");
        let answer = |status| ProbeAnswer::Status { status, body: String::new(), elapsed_ms: 1 };
        for (status, healthy) in
            [(200, true), (302, true), (401, true), (403, true), (404, false), (500, false)]
        {
            assert_eq!(probe.accepts(&answer(status)), healthy, "{status}");
        }
        for (status, lasting) in [(200, false), (500, true), (404, true), (503, false)] {
            assert_eq!(probe.is_lasting_error(&answer(status)), lasting, "{status}");
        }
        let row = [answer(200), answer(200), ProbeAnswer::NotListening, answer(204)];
        assert_eq!(row.iter().fold(0, |n, a| probe.tally(n, a)), 1);
    }
}
