//! From the wanted routes to the edge's table. Pure.

use crate::store::Routes;
use std::collections::BTreeMap;
use windlass_model::{ContainerId, ReplicaId};
use windlass_proxy::{Address, Hosts, Pool, PoolOptions, Route, RouteTable, Target};

/// The table. Each app answers at its own hosts; the oldest app without any answers at every
/// host that no other claims. A replica without an address is left out.
pub(super) fn table(routes: &Routes, addresses: &BTreeMap<ContainerId, Address>) -> RouteTable {
    let mut table =
        RouteTable { generation: routes.generation, routes: Vec::new(), pools: Vec::new() };
    let mut claimed = std::collections::BTreeSet::new();
    let mut any_host_taken = false;
    for app in &routes.apps {
        let pool = app.app.to_string();
        let spec = &app.set.spec;
        let hosts = match spec.hosts.as_slice() {
            [] => vec![spec.canonical_host()],
            hosts => hosts.to_vec(),
        };
        // Two apps with one host: the older one has it, and the table stays valid.
        let names: Vec<_> = hosts
            .into_iter()
            .map(|host| host.to_ascii_lowercase())
            .filter(|host| claimed.insert(host.clone()))
            .collect();
        let path_prefix = "/".to_owned();
        if !names.is_empty() {
            let hosts = Hosts::Names(names);
            table.routes.push(Route {
                hosts,
                path_prefix: path_prefix.clone(),
                pool: pool.clone(),
            });
        }
        if spec.hosts.is_empty() && !any_host_taken {
            any_host_taken = true;
            table.routes.push(Route { hosts: Hosts::Any, path_prefix, pool: pool.clone() });
        }
        let target = |replica: &ReplicaId| {
            let id = replica.container();
            let address = addresses.get(&id)?.clone();
            Some(Target { id: id.to_string(), address })
        };
        let targets = app.set.replicas.iter().filter_map(target).collect();
        let standby = app.standby.iter().flat_map(|set| &set.replicas).filter_map(target).collect();
        table.pools.push(Pool { id: pool, targets, standby, options: PoolOptions::default() });
    }
    let used = |pool: &Pool| table.routes.iter().any(|route| route.pool == pool.id);
    let pools = table.pools.iter().filter(|pool| used(pool)).cloned().collect();
    RouteTable { pools, ..table }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::AppRoute;
    use crate::testing::app_spec;
    use windlass_model::{ReleaseNumber, ReplicaSet};

    fn app(name: &str, hosts: &[&str]) -> AppRoute {
        let mut spec = app_spec(name, &[("web", 2)]);
        spec.hosts = hosts.iter().map(|&host| host.to_owned()).collect();
        AppRoute {
            app: spec.name.clone(),
            set: ReplicaSet::fresh(ReleaseNumber(1), spec, 7),
            standby: None,
        }
    }

    #[test]
    fn hosts_lead_to_their_apps_and_the_oldest_app_takes_the_rest() {
        let apps = vec![
            app("named", &["a.example", "B.example"]),
            app("first", &[]),
            app("second", &[]),
            app("thief", &["a.example"]),
        ];
        let address = |id: ContainerId| {
            let path = format!("/run/{id}.sock").into();
            (id, Address::Unix(path))
        };
        let all = apps.iter().flat_map(|app| &app.set.replicas);
        let mut addresses: BTreeMap<_, _> = all.map(|r| address(r.container())).collect();
        let dead = "second-r1-web-2-i7".parse().expect("valid");
        addresses.remove(&dead);
        let table = table(&Routes { generation: 4, apps }, &addresses);
        let routes: Vec<_> = table
            .routes
            .iter()
            .map(|route| match &route.hosts {
                Hosts::Any => format!("* {}", route.pool),
                Hosts::Names(names) => format!("{} {}", names.join(","), route.pool),
            })
            .collect();
        assert_eq!(
            routes,
            [
                "a.example,b.example named",
                "first.localhost first",
                "* first",
                "second.localhost second"
            ]
        );
        let sizes: Vec<_> = table.pools.iter().map(|p| (p.id.as_str(), p.targets.len())).collect();
        assert_eq!(sizes, [("named", 2), ("first", 2), ("second", 1)]);
        assert_eq!(table.generation, 4);
    }
}
