//! Which server runs the app.

use crate::inspect::framework::Interface;
use crate::inspect::requirements::Declared;
use pep440_rs::Version;
use windlass_model::ServerKind;

/// The server to use and, when the project does not declare it, what to add.
pub(in crate::inspect) fn choose_server(
    wanted: Option<ServerKind>,
    interface: Interface,
    declared: &Declared,
) -> (ServerKind, Vec<String>) {
    let (suitable, default): (&[ServerKind], ServerKind) = match interface {
        Interface::Asgi => (
            &[ServerKind::Uvicorn, ServerKind::Granian, ServerKind::Hypercorn],
            ServerKind::Uvicorn,
        ),
        _ => (
            &[
                ServerKind::Gunicorn,
                ServerKind::Granian,
                ServerKind::Waitress,
                ServerKind::Hypercorn,
            ],
            ServerKind::Gunicorn,
        ),
    };
    let is_declared = |kind: &ServerKind| declared.provides(kind.as_str()).is_some();
    let kind = wanted.or_else(|| suitable.iter().copied().find(is_declared)).unwrap_or(default);
    let mut extra = Vec::new();
    if !is_declared(&kind) {
        extra.push(kind.as_str().to_owned());
    }
    if kind == ServerKind::Gunicorn && interface == Interface::Asgi {
        extra.push("uvicorn-worker".to_owned());
    }
    (kind, extra)
}

/// Whether gunicorn will be one that opens a control socket (25.1 and later).
pub(in crate::inspect) fn has_control_socket(declared: &Declared) -> bool {
    let first = Version::new([25, 1]);
    declared.get("gunicorn").is_none_or(|package| package.is_at_least(&first))
}
