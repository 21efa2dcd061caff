//! The commands that run an app object with a server, in exec form, on the replica's own socket.
//!
//! Only the edge can reach that socket, so forwarded headers are trusted. Time-outs follow from
//! the process's own: a server must have cut its last request before the engine kills it.

mod server;

pub(super) use self::server::{choose_server, has_control_socket};
use super::framework::Interface;
use windlass_model::shell_words::quote;
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
mod tests;
