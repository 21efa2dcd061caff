//! A command in a container while an image is built: what to run, and how it is asked for.
//!
//! The builder plans such commands and reads what they leave behind; it starts no container. Who
//! builds hands in a [`RunStep`], so that this crate knows no engine.

use std::collections::BTreeMap;
use std::path::PathBuf;
use windlass_model::{ExitReason, Problem};

/// A command to run to its end in a container of its own.
///
/// The container has a read-only root, an unprivileged user, the host's network, a fresh `/tmp`,
/// and beside `mounts` nothing of the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepSpec {
    /// What it is for, in a few letters, digits and hyphens: part of the container's name.
    pub name: String,
    /// Folders of unpacked layers, lowest first.
    pub layers: Vec<PathBuf>,
    /// The command in exec form; never empty.
    pub command: Vec<String>,
    /// Its whole environment.
    pub env: BTreeMap<String, String>,
    /// Folder that it starts in, absolute, in the container.
    pub cwd: PathBuf,
    /// Folders and files of the host that it sees.
    pub mounts: Vec<StepMount>,
    /// How long it may take, in milliseconds; it is stopped then.
    pub timeout_ms: u64,
}

/// A folder or file of the host in a step's container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepMount {
    /// Path on the host; must exist. What is writable is given to the container's user with all
    /// that is in it, unless it is that user's already.
    pub source: PathBuf,
    /// Absolute path in the container: not `/`, and not below `/proc`, `/sys`, `/dev` or `/tmp`.
    pub target: PathBuf,
    /// Whether the container may only read it.
    pub read_only: bool,
}

/// Why a step came to no end of its own.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// The build was cancelled; the container is gone.
    #[error("the build was cancelled")]
    Cancelled,
    /// It took too long and was stopped.
    #[error("it was stopped after {limit_ms} ms")]
    Deadline {
        /// How long it was given.
        limit_ms: u64,
    },
    /// The container could not be started or watched.
    #[error("{}", problem.message)]
    Container {
        /// Why, in words.
        problem: Box<Problem>,
    },
}

/// Runs a step; hears each line that it prints, standard output and error as they come, and gives
/// how it ended. Blocks, and leaves no container behind.
pub type RunStep<'a> =
    dyn Fn(&StepSpec, &mut dyn FnMut(&str)) -> Result<ExitReason, StepError> + Sync + 'a;

/// What a step needs of the machine to reach what the machine reaches: proxies, and the machine's
/// own certificates where its environment names them. Nothing of it gets into an image.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct StepNetwork {
    pub(crate) env: BTreeMap<String, String>,
    pub(crate) mounts: Vec<StepMount>,
}

/// Where the machine's certificates are in the container.
const CERTIFICATES: &str = "/run/windlass-certificates.pem";
/// Variables that name a file of certificates, the ones that count most first.
const CERTIFICATE_VARIABLES: [&str; 7] = [
    "SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "PIP_CERT",
    "GIT_SSL_CAINFO",
    "NODE_EXTRA_CA_CERTS",
    "UV_SSL_CERT_FILE",
];
const PROXY_VARIABLES: [&str; 4] = ["http_proxy", "https_proxy", "all_proxy", "no_proxy"];

impl StepNetwork {
    /// From the environment of whoever builds.
    pub(crate) fn of(environment: &BTreeMap<String, String>) -> Self {
        let mut network = Self::default();
        for name in PROXY_VARIABLES {
            let upper = name.to_ascii_uppercase();
            if let Some(value) = environment.get(name).or_else(|| environment.get(&upper)) {
                network.env.insert(name.to_owned(), value.clone());
                network.env.insert(upper, value.clone());
            }
        }
        let named = CERTIFICATE_VARIABLES.iter().filter_map(|name| environment.get(*name));
        if let Some(file) = named.map(PathBuf::from).find(|file| file.is_file()) {
            let target = PathBuf::from(CERTIFICATES);
            network.mounts.push(StepMount { source: file, target, read_only: true });
            for name in CERTIFICATE_VARIABLES {
                network.env.insert(name.to_owned(), CERTIFICATES.to_owned());
            }
        }
        network
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proxies_and_certificates_of_the_machine_are_passed_on_and_nothing_else() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let path = file.path().to_string_lossy().into_owned();
        let given = [("HTTPS_PROXY", "http://p:1"), ("PIP_CERT", &path), ("TOKEN", "secret")];
        let given = given.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let network = StepNetwork::of(&given);
        assert_eq!(network.env["https_proxy"], "http://p:1");
        assert_eq!(network.env["SSL_CERT_FILE"], CERTIFICATES);
        assert!(!network.env.contains_key("TOKEN"));
        assert_eq!(network.mounts.len(), 1);
        let gone = [("SSL_CERT_FILE".to_owned(), "/nowhere.pem".to_owned())].into();
        assert_eq!(StepNetwork::of(&gone), StepNetwork::default());
    }
}
