//! What a container is: the one input of the engine.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use windlass_model::{ContainerId, Resources, Serves};

/// A container as it should run. The engine knows no app and no release: whoever needs those
/// keeps them in `labels`, which come back with every observation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContainerSpec {
    /// Its identity on this host; starting the same id twice is starting it once.
    pub id: ContainerId,
    /// Opaque to the engine.
    pub labels: BTreeMap<String, String>,
    /// Unpacked layers, lowest first.
    pub layers: Vec<PathBuf>,
    /// The command in exec form; empty for a container whose init only waits, to `exec` into.
    pub command: Vec<String>,
    /// The whole environment of the command.
    pub env: BTreeMap<String, String>,
    /// Folder that the command starts in, absolute, inside the container.
    pub cwd: PathBuf,
    /// User and group id of every process in the container, never 0.
    pub user: u32,
    /// Host folders and files to mount in.
    pub mounts: Vec<Mount>,
    /// Lines of `/etc/hosts` beside those of localhost.
    pub hosts: Vec<(IpAddr, Vec<String>)>,
    /// Host name inside the container, at most 64 bytes.
    pub hostname: String,
    /// Limits of the whole container.
    pub limits: Resources,
    /// Where its output goes.
    pub log: LogSpec,
    /// Whether the container's own socket folder is mounted at [`Serves::SOCKET_DIR`] and
    /// `WINDLASS_SOCKET` is set.
    pub socket: bool,
    /// Whether the container ends when its first `exec` session ends.
    pub exit_with_exec: bool,
}

/// A host folder or file inside a container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mount {
    /// Path on the host; must exist.
    pub source: PathBuf,
    /// Absolute path inside the container.
    pub target: PathBuf,
    /// Whether the container may only read it.
    pub read_only: bool,
}

/// Where a container's output goes, and how much of it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogSpec {
    /// The file written to; older ones are beside it as `<path>.1`, `<path>.2`, ...
    pub path: PathBuf,
    /// Size in bytes at which a new file is begun.
    pub max_bytes: u64,
    /// How many older files are kept.
    pub keep: u32,
}

/// Why a spec cannot be run, found before anything is touched.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSpec {
    /// No layer is given, so there is no root file system.
    #[error("a container needs at least one layer")]
    NoLayers,
    /// The user is 0.
    #[error("a container never runs as user 0")]
    RootUser,
    /// A path inside the container is relative, climbs with `..` or is reserved.
    #[error("{path} cannot be used inside a container: {reason}")]
    Target {
        /// The path.
        path: PathBuf,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The host name is empty, too long or has a character that host names lack.
    #[error("`{hostname}` is not a host name of at most 64 letters, digits, hyphens and dots")]
    Hostname {
        /// The name as given.
        hostname: String,
    },
    /// A text holds a NUL byte, which no program can be given.
    #[error("{what} holds a NUL byte")]
    NulByte {
        /// Which text.
        what: String,
    },
}

/// Folders that the engine itself provides; a mount at or below them would undo their protection.
const RESERVED: [&str; 5] = ["/proc", "/sys", "/dev", "/tmp", Serves::SOCKET_DIR];

impl ContainerSpec {
    /// Whether this can be run at all.
    pub fn validate(&self) -> Result<(), InvalidSpec> {
        if self.layers.is_empty() {
            return Err(InvalidSpec::NoLayers);
        }
        if self.user == 0 {
            return Err(InvalidSpec::RootUser);
        }
        check_inside(&self.cwd)?;
        for mount in &self.mounts {
            check_inside(&mount.target)?;
            let reserved = RESERVED.iter().any(|reserved| mount.target.starts_with(reserved));
            if reserved || mount.target == Path::new("/") {
                let reason = "the engine provides this folder itself";
                return Err(InvalidSpec::Target { path: mount.target.clone(), reason });
            }
        }
        let letters = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
        if self.hostname.is_empty()
            || self.hostname.len() > 64
            || !self.hostname.chars().all(letters)
        {
            return Err(InvalidSpec::Hostname { hostname: self.hostname.clone() });
        }
        self.check_texts()
    }

    fn check_texts(&self) -> Result<(), InvalidSpec> {
        let words = self.command.iter().map(|word| ("the command", word));
        let env = self.env.iter().flat_map(|(name, value)| [(name.as_str(), name), (name, value)]);
        for (what, text) in words.chain(env) {
            if text.contains('\0') {
                return Err(InvalidSpec::NulByte { what: what.replace('\0', "\\0") });
            }
        }
        Ok(())
    }
}

fn check_inside(path: &Path) -> Result<(), InvalidSpec> {
    use std::path::Component;
    let mut parts = path.components();
    let absolute = parts.next() == Some(Component::RootDir);
    let plain = parts.all(|part| matches!(part, Component::Normal(_)));
    let reason = match (absolute, plain) {
        (true, true) => return Ok(()),
        (false, _) => "it must be absolute",
        (true, false) => "it must not hold `..`",
    };
    Err(InvalidSpec::Target { path: path.to_owned(), reason })
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(crate) fn spec() -> ContainerSpec {
        ContainerSpec {
            id: "a".parse().expect("valid"),
            labels: BTreeMap::new(),
            layers: vec!["/layers/1".into()],
            command: vec!["true".into()],
            env: BTreeMap::new(),
            cwd: "/".into(),
            user: 65_532,
            mounts: Vec::new(),
            hosts: Vec::new(),
            hostname: "a".into(),
            limits: Resources::DEFAULT,
            log: LogSpec { path: "/tmp/a.log".into(), max_bytes: 1_000, keep: 1 },
            socket: false,
            exit_with_exec: false,
        }
    }

    #[test]
    fn a_plain_spec_is_valid_and_bad_ones_are_refused() {
        assert_eq!(spec().validate(), Ok(()));
        let mount = |target: &str| ContainerSpec {
            mounts: vec![Mount { source: "/x".into(), target: target.into(), read_only: false }],
            ..spec()
        };
        assert_eq!(mount("/data").validate(), Ok(()));
        for bad in ["/", "/proc", "/proc/sys", "/dev/shm", "/tmp/x", "data", "/a/../b"] {
            assert!(mount(bad).validate().is_err(), "{bad}");
        }
        for bad in [
            ContainerSpec { user: 0, ..spec() },
            ContainerSpec { layers: vec![], ..spec() },
            ContainerSpec { cwd: "app".into(), ..spec() },
            ContainerSpec { hostname: "a b".into(), ..spec() },
            ContainerSpec { command: vec!["a\0b".into()], ..spec() },
        ] {
            assert!(bad.validate().is_err(), "{bad:?}");
        }
    }
}
