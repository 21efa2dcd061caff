//! Which words of a command say where a server listens, and what takes their place.

/// Programs that run the rest of the line, and whether they are left out: tools that are not in
/// the image, and environments that the image does not need.
pub(super) const WRAPPERS: [(&[&str], bool); 9] = [
    (&["exec"], true),
    (&["poetry", "run"], true),
    (&["pipenv", "run"], true),
    (&["uv", "run"], true),
    (&["pdm", "run"], true),
    (&["bin/start-nginx"], true),
    (&["bin/start-pgbouncer"], true),
    (&["ddtrace-run"], false),
    (&["opentelemetry-instrument"], false),
];

/// How one server is told where to listen.
pub(super) struct Rule {
    pub(super) program: &'static str,
    /// The word that must follow the program.
    pub(super) subcommand: Option<&'static str>,
    /// Flags that go, with a value.
    pub(super) valued: &'static [&'static str],
    /// Flags that go, without one.
    pub(super) bare: &'static [&'static str],
    /// Flags that come.
    pub(super) listen: &'static [&'static str],
}

/// All servers whose commands are understood.
pub(super) const RULES: [Rule; 7] = [
    Rule {
        program: "gunicorn",
        subcommand: None,
        valued: &["-b", "--bind"],
        bare: &["--reload", "-D", "--daemon", "--reuse-port"],
        listen: &["--bind", "unix:/run/windlass/web.sock"],
    },
    Rule {
        program: "uvicorn",
        subcommand: None,
        valued: &["--host", "--port", "--uds", "--fd"],
        bare: &[],
        listen: &["--uds", "/run/windlass/web.sock"],
    },
    Rule {
        program: "hypercorn",
        subcommand: None,
        valued: &["-b", "--bind", "--insecure-bind", "--quic-bind"],
        bare: &["--reload"],
        listen: &["--bind", "unix:/run/windlass/web.sock", "--umask", "0"],
    },
    Rule {
        program: "granian",
        subcommand: None,
        valued: &["--host", "--port", "--uds"],
        bare: &["--reload"],
        listen: &["--uds", "/run/windlass/web.sock"],
    },
    Rule {
        program: "waitress-serve",
        subcommand: None,
        valued: &["--listen", "--host", "--port", "--unix-socket", "--unix-socket-perms"],
        bare: &[],
        listen: &["--unix-socket=/run/windlass/web.sock", "--unix-socket-perms=666"],
    },
    Rule {
        program: "daphne",
        subcommand: None,
        valued: &["-b", "--bind", "-p", "--port", "-u", "--unix-socket"],
        bare: &[],
        listen: &["-u", "/run/windlass/web.sock"],
    },
    Rule {
        program: "litestar",
        subcommand: Some("run"),
        valued: &["-H", "--host", "-p", "--port", "-U", "--uds"],
        bare: &["-r", "--reload", "-d", "--debug"],
        listen: &["--uds", "/run/windlass/web.sock"],
    },
];
