//! The commands that run an app object with a server, in exec form, on the replica's own socket.
//!
//! Only the edge can reach that socket, so forwarded headers are trusted. Time-outs follow from
//! the process's own: a server must have cut its last request before the engine kills it.

use super::framework::Interface;
use super::requirements::Declared;
use super::shell::quote;
use pep440_rs::Version;
use windlass_model::{AppReference, ServerKind, Serves};

/// What a server is told besides the app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tuning {
    /// Worker processes of a WSGI server; ASGI servers get one, since the state of WebSocket and
    /// chat apps is often in the process.
    pub(super) workers: u32,
    pub(super) drain_timeout_ms: u64,
    pub(super) stop_timeout_ms: u64,
    /// The project has a `gunicorn.conf.py`: it decides what the socket does not.
    pub(super) own_gunicorn_config: bool,
    /// gunicorn is one with a control socket, which needs a writable home.
    pub(super) control_socket: bool,
    /// The project's own gunicorn settings ask for `SO_REUSEPORT`: each worker then binds for
    /// itself, which a Unix socket refuses, so it gets a port.
    pub(super) reuse_port: bool,
}

/// How a shell writes the address of a process that [`Serves::Port`] gives one.
pub(super) const SHELL_ADDRESS: &str = "\"$HOST:$PORT\"";

impl Tuning {
    /// Workers when nothing is known of the host, and in the image's own command.
    pub(super) const WORKERS: u32 = 2;
    /// The most workers that are started for the host's cores.
    const MOST_WORKERS: u32 = 4;
    /// Threads of a WSGI worker.
    const THREADS: u32 = 4;

    /// Workers for so many cores.
    pub(super) fn workers_for(cores: usize) -> u32 {
        (cores as u32).clamp(Self::WORKERS, Self::MOST_WORKERS)
    }

    /// Seconds that a server may take to stop: less than the engine waits before it kills.
    pub(super) fn graceful_seconds(&self) -> u64 {
        (self.stop_timeout_ms / 1_000).saturating_sub(2).max(1)
    }

    fn drain_seconds(&self) -> u64 {
        (self.drain_timeout_ms / 1_000).max(30)
    }
}

/// The server to use and, when the project does not declare it, what to add.
pub(super) fn choose_server(
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
pub(super) fn has_control_socket(declared: &Declared) -> bool {
    let first = Version::new([25, 1]);
    declared.get("gunicorn").is_none_or(|package| package.is_at_least(&first))
}

/// The command that serves `app`.
pub(super) fn command(
    kind: ServerKind,
    app: &AppReference,
    interface: Interface,
    tuning: &Tuning,
) -> Vec<String> {
    match kind {
        ServerKind::Gunicorn => gunicorn(app, interface, tuning),
        ServerKind::Uvicorn => uvicorn(app, interface, tuning),
        ServerKind::Hypercorn => hypercorn(app, interface, tuning),
        ServerKind::Granian => granian(app, interface, tuning),
        ServerKind::Waitress => waitress(app),
    }
}

fn socket() -> String {
    format!("unix:{}", Serves::SOCKET_PATH)
}

fn bare(app: &AppReference) -> String {
    format!("{}:{}", app.module, app.object)
}

fn gunicorn(app: &AppReference, interface: Interface, tuning: &Tuning) -> Vec<String> {
    let arguments = gunicorn_arguments(app, interface, tuning);
    if tuning.reuse_port {
        let arguments: Vec<String> = arguments.iter().map(|word| quote(word)).collect();
        let line = format!("exec gunicorn --bind {SHELL_ADDRESS} {}", arguments.join(" "));
        return vec!["/bin/sh".to_owned(), "-c".to_owned(), line];
    }
    let mut words = vec!["gunicorn".to_owned(), "--bind".to_owned(), socket()];
    words.extend(arguments);
    words
}

fn gunicorn_arguments(app: &AppReference, interface: Interface, tuning: &Tuning) -> Vec<String> {
    let mut words = gunicorn_surroundings(tuning);
    if interface == Interface::Asgi {
        words.extend(["--worker-class".to_owned(), "uvicorn_worker.UvicornWorker".to_owned()]);
    } else if !tuning.own_gunicorn_config {
        for (flag, value) in [
            ("--worker-class", "gthread".to_owned()),
            ("--workers", tuning.workers.to_string()),
            ("--threads", Tuning::THREADS.to_string()),
        ] {
            words.extend([flag.to_owned(), value]);
        }
    }
    if !tuning.own_gunicorn_config {
        for (flag, value) in [
            ("--timeout", tuning.drain_seconds()),
            ("--graceful-timeout", tuning.graceful_seconds()),
            ("--keep-alive", 5),
        ] {
            words.extend([flag.to_owned(), value.to_string()]);
        }
    }
    words.push(app.to_string());
    words
}

/// What a read-only root asks of gunicorn: heartbeats in memory, no socket in the home folder.
pub(super) fn gunicorn_surroundings(tuning: &Tuning) -> Vec<String> {
    let mut words = vec!["--worker-tmp-dir".to_owned(), "/dev/shm".to_owned()];
    if tuning.control_socket {
        words.push("--no-control-socket".to_owned());
    }
    words
}

fn uvicorn(app: &AppReference, interface: Interface, tuning: &Tuning) -> Vec<String> {
    let mut words = vec!["uvicorn".to_owned(), "--uds".to_owned(), Serves::SOCKET_PATH.to_owned()];
    words.extend(uvicorn_surroundings(tuning));
    if interface != Interface::Asgi {
        words.extend(["--interface".to_owned(), "wsgi".to_owned()]);
    }
    words.extend(["--workers".to_owned(), "1".to_owned()]);
    if app.factory {
        words.push("--factory".to_owned());
    }
    words.push(bare(app));
    words
}

/// Without the first flag uvicorn waits for ever; without the second it trusts no Unix socket.
pub(super) fn uvicorn_surroundings(tuning: &Tuning) -> Vec<String> {
    vec![
        "--timeout-graceful-shutdown".to_owned(),
        tuning.graceful_seconds().to_string(),
        "--forwarded-allow-ips".to_owned(),
        "*".to_owned(),
    ]
}

fn hypercorn(app: &AppReference, interface: Interface, tuning: &Tuning) -> Vec<String> {
    let target = if interface == Interface::Asgi { app.to_string() } else { format!("wsgi:{app}") };
    let workers = if interface == Interface::Asgi { 1 } else { tuning.workers };
    vec![
        "hypercorn".to_owned(),
        "--bind".to_owned(),
        socket(),
        // The edge runs as another user: the folder of the socket protects it.
        "--umask".to_owned(),
        "0".to_owned(),
        "--graceful-timeout".to_owned(),
        tuning.graceful_seconds().to_string(),
        "--workers".to_owned(),
        workers.to_string(),
        target,
    ]
}

fn granian(app: &AppReference, interface: Interface, tuning: &Tuning) -> Vec<String> {
    let (name, workers) = match interface {
        Interface::Asgi => ("asgi", 1),
        _ => ("wsgi", tuning.workers),
    };
    let mut words = vec![
        "granian".to_owned(),
        "--interface".to_owned(),
        name.to_owned(),
        "--uds".to_owned(),
        Serves::SOCKET_PATH.to_owned(),
        "--workers".to_owned(),
        workers.to_string(),
        "--respawn-failed-workers".to_owned(),
        "--workers-kill-timeout".to_owned(),
        tuning.graceful_seconds().to_string(),
    ];
    if app.factory {
        words.push("--factory".to_owned());
    }
    words.push(bare(app));
    words
}

fn waitress(app: &AppReference) -> Vec<String> {
    let mut words = vec![
        "waitress-serve".to_owned(),
        format!("--unix-socket={}", Serves::SOCKET_PATH),
        "--unix-socket-perms=666".to_owned(),
        "--threads=8".to_owned(),
    ];
    if app.factory {
        words.push("--call".to_owned());
    }
    words.push(bare(app));
    words
}

#[cfg(test)]
pub(super) const TEST_TUNING: Tuning = Tuning {
    workers: 2,
    drain_timeout_ms: 30_000,
    stop_timeout_ms: 15_000,
    own_gunicorn_config: false,
    control_socket: true,
    reuse_port: false,
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_server_gets_its_flags() {
        let tuning = TEST_TUNING;
        let plain = Tuning { own_gunicorn_config: true, control_socket: false, ..tuning };
        for (kind, app, interface, tuning, expected) in [
            (
                ServerKind::Gunicorn,
                "shop:create_app()",
                Interface::Wsgi,
                tuning,
                "gunicorn --bind unix:/run/windlass/web.sock --worker-tmp-dir /dev/shm --no-control-socket \
                 --worker-class gthread --workers 2 --threads 4 --timeout 30 --graceful-timeout 13 \
                 --keep-alive 5 shop:create_app()",
            ),
            (
                ServerKind::Gunicorn,
                "a.wsgi:application",
                Interface::Wsgi,
                plain,
                "gunicorn --bind unix:/run/windlass/web.sock --worker-tmp-dir /dev/shm a.wsgi:application",
            ),
            (
                ServerKind::Uvicorn,
                "main:make()",
                Interface::Asgi,
                tuning,
                "uvicorn --uds /run/windlass/web.sock --timeout-graceful-shutdown 13 \
                 --forwarded-allow-ips * --workers 1 --factory main:make",
            ),
            (
                ServerKind::Granian,
                "m:app",
                Interface::Wsgi,
                tuning,
                "granian --interface wsgi --uds /run/windlass/web.sock --workers 2 \
                 --respawn-failed-workers --workers-kill-timeout 13 m:app",
            ),
            (
                ServerKind::Waitress,
                "m:make()",
                Interface::Wsgi,
                tuning,
                "waitress-serve --unix-socket=/run/windlass/web.sock --unix-socket-perms=666 \
                 --threads=8 --call m:make",
            ),
            (
                ServerKind::Hypercorn,
                "m:app",
                Interface::Asgi,
                tuning,
                "hypercorn --bind unix:/run/windlass/web.sock --umask 0 --graceful-timeout 13 --workers 1 m:app",
            ),
        ] {
            let app: AppReference = app.parse().expect(app);
            assert_eq!(command(kind, &app, interface, &tuning).join(" "), expected);
        }
    }

    #[test]
    fn a_shared_port_needs_a_port() {
        let app: AppReference = "m:make()".parse().expect("a reference");
        let tuning = Tuning { own_gunicorn_config: true, reuse_port: true, ..TEST_TUNING };
        let words = command(ServerKind::Gunicorn, &app, Interface::Wsgi, &tuning);
        assert_eq!(
            words,
            [
                "/bin/sh",
                "-c",
                "exec gunicorn --bind \"$HOST:$PORT\" --worker-tmp-dir /dev/shm --no-control-socket 'm:make()'"
            ]
        );
    }

    #[test]
    fn a_declared_server_is_used_and_a_lacking_one_added() {
        let declared = |text: &str| {
            let dependencies: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
            Declared::from_project("pyproject.toml", "", &dependencies)
        };
        for (text, interface, kind, extra) in [
            ("flask", Interface::Wsgi, ServerKind::Gunicorn, Some("gunicorn")),
            ("gunicorn==21.2.0", Interface::Wsgi, ServerKind::Gunicorn, None),
            ("waitress", Interface::Wsgi, ServerKind::Waitress, None),
            ("fastapi gunicorn", Interface::Asgi, ServerKind::Uvicorn, Some("uvicorn")),
            ("fastapi[standard]", Interface::Asgi, ServerKind::Uvicorn, None),
            ("granian", Interface::Asgi, ServerKind::Granian, None),
        ] {
            let found = choose_server(None, interface, &declared(text));
            assert_eq!(found.0, kind, "{text}");
            assert_eq!(found.1.first().map(String::as_str), extra, "{text}");
        }
        assert!(has_control_socket(&declared("flask")));
        assert!(has_control_socket(&declared("gunicorn>=26,<27")));
        assert!(!has_control_socket(&declared("gunicorn==21.2.0")));
    }
}
