//! What the machine says: the only place that reads the environment.
//!
//! Invariant: read once, at the start; everything later works on these values.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::IsTerminal as _;
use std::path::PathBuf;

/// Facts about the process and its surroundings.
#[derive(Debug, Clone, Default)]
pub(crate) struct Facts {
    /// Environment variables that Windlass knows, as far as they are set and not empty.
    pub(crate) env: BTreeMap<&'static str, OsString>,
    /// The whole environment, as far as it is text: what pip, uv and their children are given.
    pub(crate) environment: BTreeMap<String, String>,
    /// The effective user id.
    pub(crate) uid: u32,
    /// The current folder; `None` when it was deleted.
    pub(crate) folder: Option<PathBuf>,
    /// This binary.
    pub(crate) program: Option<PathBuf>,
    /// Whether standard input is a terminal.
    pub(crate) input_is_terminal: bool,
    /// Whether standard output is a terminal.
    pub(crate) output_is_terminal: bool,
    /// Whether standard error is a terminal.
    pub(crate) error_is_terminal: bool,
}

/// Every environment variable that the binary reads itself, with its meaning: also documentation.
pub(crate) const VARIABLES: &[(&str, &str)] = &[
    ("WINDLASS_HOME", "keep everything below this folder, as `--home`"),
    ("WINDLASS_HTTP", "the address that apps are reached at, as `server start --http`"),
    ("NO_COLOR", "no colours, whatever its value"),
    ("HOME", "the user's home folder"),
    ("XDG_STATE_HOME", "an ordinary user's state is in its folder `windlass`"),
    ("XDG_RUNTIME_DIR", "an ordinary user's sockets are in its folder `windlass`"),
    ("XDG_CACHE_HOME", "an ordinary user's cache is in its folder `windlass`"),
    ("WINDLASS_REGISTRY_USERNAME", "user at the registry that is pushed to or pulled from"),
    ("WINDLASS_REGISTRY_PASSWORD", "that user's password or token"),
    ("DOCKER_CONFIG", "Docker's folder: credentials of registries are in its file `config.json`"),
    ("REGISTRY_AUTH_FILE", "podman's file of credentials, looked into before Docker's"),
    ("WINDLASS_KEY_PASSWORD", "the password of the key that images are signed with"),
    ("COSIGN_PASSWORD", "the same, where WINDLASS_KEY_PASSWORD is not set"),
    ("TERM", "`dumb` means: no colours, no progress bars"),
];

impl Facts {
    /// Asks the machine.
    pub(crate) fn read() -> Self {
        let set = |name: &&'static str| {
            std::env::var_os(name).filter(|value| !value.is_empty()).map(|value| (*name, value))
        };
        Self {
            env: VARIABLES.iter().map(|(name, _)| name).filter_map(set).collect(),
            environment: std::env::vars_os()
                .filter_map(|(name, value)| {
                    Some((name.into_string().ok()?, value.into_string().ok()?))
                })
                .collect(),
            uid: rustix::process::geteuid().as_raw(),
            folder: std::env::current_dir().ok(),
            program: std::env::current_exe().ok(),
            input_is_terminal: std::io::stdin().is_terminal(),
            output_is_terminal: std::io::stdout().is_terminal(),
            error_is_terminal: std::io::stderr().is_terminal(),
        }
    }

    /// Any variable, unless it is empty.
    pub(crate) fn variable(&self, name: &str) -> Option<&str> {
        self.environment.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A variable of Windlass as a path.
    pub(crate) fn path(&self, name: &str) -> Option<PathBuf> {
        self.env.get(name).map(PathBuf::from)
    }
}
