//! A temporary world: a folder, an edge with its control socket, tables.

use std::net::SocketAddr;
use std::path::PathBuf;
use tempfile::TempDir;
use windlass_proxy::{
    Address, Edge, EdgeClient, EdgeConfig, Hosts, Pool, PoolOptions, Route, RouteTable, Target,
    TargetStatus,
};

/// An edge in this process, and what it needs.
pub(crate) struct World {
    pub(crate) edge: Option<Edge>,
    pub(crate) at: SocketAddr,
    pub(crate) client: EdgeClient,
    pub(crate) folder: TempDir,
}

impl World {
    pub(crate) fn start() -> Self {
        Self::start_with(|_| {})
    }

    pub(crate) fn start_with(change: impl FnOnce(&mut EdgeConfig)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = config_in(&folder);
        change(&mut config);
        let client = EdgeClient::new(&config.control);
        let edge = Edge::start(config).unwrap();
        Self { at: edge.status().listen, edge: Some(edge), client, folder }
    }

    /// A path for an app's socket.
    pub(crate) fn socket(&self, name: &str) -> PathBuf {
        self.folder.path().join(format!("{name}.sock"))
    }

    /// Any host and path to one pool of these apps, named by their sockets.
    pub(crate) async fn route_to(&self, generation: u64, apps: &[&str]) {
        self.route_with(generation, apps, PoolOptions::default()).await;
    }

    pub(crate) async fn route_with(&self, generation: u64, apps: &[&str], options: PoolOptions) {
        let table = self.table(generation, apps, options);
        assert_eq!(self.client.put_table(&table).await.unwrap(), generation);
    }

    pub(crate) fn table(&self, generation: u64, apps: &[&str], options: PoolOptions) -> RouteTable {
        let targets = apps.iter().map(|name| Target {
            id: (*name).to_owned(),
            address: Address::Unix(self.socket(name)),
        });
        RouteTable {
            generation,
            routes: vec![route(Hosts::Any, "/", "pool")],
            pools: vec![Pool {
                id: "pool".into(),
                targets: targets.collect(),
                standby: Vec::new(),
                options,
            }],
        }
    }

    pub(crate) async fn target(&self, id: &str) -> TargetStatus {
        let status = self.client.status().await.unwrap();
        let found = status.targets.into_iter().find(|target| target.id == id);
        found.unwrap_or_else(|| panic!("the edge does not know {id}"))
    }

    /// Waits, within a bound, until the target's status satisfies a condition.
    pub(crate) async fn until(&self, id: &str, met: impl Fn(&TargetStatus) -> bool) {
        let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(20);
        loop {
            let target = self.target(id).await;
            if met(&target) {
                return;
            }
            assert!(tokio::time::Instant::now() < deadline, "still {target:?}");
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
    }
}

pub(crate) fn config_in(folder: &TempDir) -> EdgeConfig {
    let mut config = EdgeConfig::new(
        vec!["127.0.0.1:0".parse().unwrap()],
        folder.path().join("edge.sock"),
        folder.path().join("routes.json"),
    );
    config.workers = 2;
    config.grace_ms = 5_000;
    config
}

pub(crate) fn route(hosts: Hosts, path_prefix: &str, pool: &str) -> Route {
    Route { hosts, path_prefix: path_prefix.into(), pool: pool.into() }
}
