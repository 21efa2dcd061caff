//! Has the edge route as the store wants it.
//!
//! The store is the intent: where the edge's generation is higher, the store was lost or taken
//! from a backup, and its generation is raised, durably, before its routes are put again.

use super::edge::Put;
use super::{HostBackEnd, back_end, in_store, routes};
use crate::back_end::StepResult;
use crate::store::{AppRoute, Routes};
use std::collections::BTreeMap;
use windlass_model::rollout::StepFailure;
use windlass_model::{Problem, Serves};

impl HostBackEnd {
    /// Puts these routes, or newer ones of the store, in use.
    pub(super) async fn have_routed(&self, routes: &Routes) -> StepResult {
        let Put::Outdated { current } = self.put(routes).await? else { return Ok(()) };
        let problem = outdated(current, routes.generation);
        self.log.warn("the store's routes replace those of the edge", &problem);
        self.store.outgrow(current).await.map_err(|error| in_store(&error))?;
        let (routes, _) = self.store.routes().map_err(|error| in_store(&error))?;
        match self.put(&routes).await? {
            Put::InUse => Ok(()),
            Put::Outdated { current } => Err(back_end(outdated(current, routes.generation))),
        }
    }

    async fn put(&self, wanted: &Routes) -> Result<Put, StepFailure> {
        let mut addresses = BTreeMap::new();
        for set in wanted.apps.iter().flat_map(AppRoute::sets) {
            for replica in &set.replicas {
                let id = replica.container();
                let process = set.process(&replica.process);
                let serves = process.map_or(Serves::Nothing, |process| process.serves);
                if let Some(address) = self.target_address(&replica.app, &id, serves).await? {
                    addresses.insert(id, address);
                }
            }
        }
        self.edge.put(routes::table(wanted, &addresses)).await
    }
}

fn outdated(current: u64, given: u64) -> Problem {
    let message = format!("the edge has routes of generation {current}, the store of {given}");
    Problem::environment("edge-ahead", message)
        .cause("the store was lost, or taken from a backup; or another server commands this edge")
}

#[cfg(test)]
pub(super) mod tests {
    use crate::host::{HostBackEnd, HostSettings};
    use crate::own_log::OwnLog;
    use crate::store::{Routes, Store};
    use windlass_build::BuildSettings;
    use windlass_model::Layout;
    use windlass_proxy::{Edge, EdgeClient, EdgeConfig, Hosts, Pool, Route, RouteTable};

    /// A back end that can start no program.
    pub(in crate::host) fn host(layout: &Layout, store: &Store) -> HostBackEnd {
        let settings = HostSettings {
            layout: layout.clone(),
            listen: vec!["127.0.0.1:0".parse().expect("valid")],
            exe: "/nowhere/windlass".into(),
            build: BuildSettings::default(),
        };
        let log = OwnLog::open(&layout.state, || 0).expect("a log");
        HostBackEnd::open(settings, store.clone(), log).expect("opened")
    }

    /// What an earlier store left: routes of generation 41.
    fn left_behind() -> RouteTable {
        let (pool, path_prefix) = ("old".to_owned(), "/".to_owned());
        let (targets, standby, options) = Default::default();
        RouteTable {
            generation: 41,
            routes: vec![Route { hosts: Hosts::Any, path_prefix, pool: pool.clone() }],
            pools: vec![Pool { id: pool, targets, standby, options }],
        }
    }

    #[tokio::test]
    async fn a_store_that_was_lost_outgrows_the_edge() {
        let home = tempfile::tempdir().expect("a folder");
        let layout = Layout::under(home.path());
        for folder in [&layout.state, &layout.run] {
            std::fs::create_dir_all(folder).expect("made");
        }
        let listen = vec!["127.0.0.1:0".parse().expect("valid")];
        let mut config = EdgeConfig::new(listen, layout.edge_socket(), layout.routes());
        config.workers = 1;
        let _edge = Edge::start(config).expect("an edge");
        let client = EdgeClient::new(layout.edge_socket());
        client.put_table(&left_behind()).await.expect("taken");
        for generation in [0, 7] {
            let file = home.path().join(format!("{generation}.db"));
            let store = Store::open(&file, || 0, None).expect("a store");
            if generation > 0 {
                store.set_meta("generation", generation.to_string()).await.expect("written");
            }
            let host = host(&layout, &store);
            let before = client.status().await.expect("an answer").generation;
            host.have_routed(&Routes { generation, apps: Vec::new() }).await.expect("routed");
            let wanted = store.routes().expect("read").0.generation;
            assert_eq!(wanted, before + 1, "from {generation}");
            assert_eq!(client.status().await.expect("an answer").generation, wanted);
            // The next one is taken as it is.
            host.have_routed(&store.routes().expect("read").0).await.expect("routed");
            assert_eq!(store.routes().expect("read").0.generation, wanted);
        }
        let snapshot = std::fs::read(layout.routes()).expect("a snapshot");
        let table = windlass_proxy::decode(&snapshot).expect("a table");
        assert_eq!((table.generation, table.routes.len()), (43, 0));
    }
}
