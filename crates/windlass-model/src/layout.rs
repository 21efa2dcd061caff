//! Where things are on a host. Paths only; nothing here touches the disk.

use crate::{AppName, ReleaseNumber};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The folders that one Windlass installation owns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layout {
    /// What must survive a reboot: store, images, containers, volumes, logs, routes.
    pub state: PathBuf,
    /// Sockets and locks; short, since a Unix socket's path has at most 107 bytes.
    pub run: PathBuf,
    /// What can be fetched or made again: wheels, packages, indexes, bytecode.
    pub cache: PathBuf,
}

impl Layout {
    /// Everything below one folder, as `WINDLASS_HOME` asks for.
    pub fn under(home: impl Into<PathBuf>) -> Self {
        let home = home.into();
        Self { state: home.join("state"), run: home.join("run"), cache: home.join("cache") }
    }

    /// The SQLite store.
    pub fn store(&self) -> PathBuf {
        self.state.join("windlass.db")
    }

    /// The lock that makes a server the only one of its installation.
    pub fn server_lock(&self) -> PathBuf {
        self.state.join("server.lock")
    }

    /// The server's and the edge's own logs.
    pub fn own_logs(&self) -> PathBuf {
        self.state.join("own-logs")
    }

    /// The OCI image layout.
    pub fn images(&self) -> PathBuf {
        self.state.join("images")
    }

    /// Unpacked layers, one folder per diff-id.
    pub fn layers(&self) -> PathBuf {
        self.state.join("layers")
    }

    /// Container bundles, one folder per container.
    pub fn containers(&self) -> PathBuf {
        self.state.join("containers")
    }

    /// What builds need while they run: the bundles and logs of their containers, their scratch
    /// folders, and a lock for each, by which the rest of one that was killed is found.
    pub fn builders(&self) -> PathBuf {
        self.state.join("builders")
    }

    /// The volume of an app, mounted at [`crate::PersistPath::VOLUME`].
    pub fn volume(&self, app: &AppName) -> PathBuf {
        self.state.join("volumes").join(app.as_str())
    }

    /// The folder of a release's logs: one file for each start of a replica, rotated, named by
    /// [`crate::ReplicaId::log_name`].
    pub fn logs(&self, app: &AppName, release: ReleaseNumber) -> PathBuf {
        self.state.join("logs").join(app.as_str()).join(release.to_string())
    }

    /// The edge's last routing table.
    pub fn routes(&self) -> PathBuf {
        self.state.join("routes.json")
    }

    /// The server's API socket.
    pub fn server_socket(&self) -> PathBuf {
        self.run.join("server.sock")
    }

    /// The edge's control socket.
    pub fn edge_socket(&self) -> PathBuf {
        self.run.join("edge.sock")
    }

    /// The run folders of builds' containers.
    pub fn builder_runs(&self) -> PathBuf {
        self.run.join("b")
    }

    /// The run folders of containers: shim control sockets and the apps' own sockets.
    pub fn container_runs(&self) -> PathBuf {
        self.run.join("c")
    }
}
