//! What a routing table must satisfy before it is used.

use crate::{Address, Hosts, Pool, Route, RouteTable};
use std::collections::HashSet;
use std::path::PathBuf;

/// Why a routing table cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TableError {
    /// Two pools have one id.
    #[error("two pools are called `{id}`")]
    DuplicatePool {
        /// The id.
        id: String,
    },
    /// Two targets have one id.
    #[error("two targets are called `{id}`")]
    DuplicateTarget {
        /// The id.
        id: String,
    },
    /// A route leads nowhere.
    #[error("the route for `{path_prefix}` leads to the pool `{pool}`, which is not in the table")]
    UnknownPool {
        /// The route's prefix.
        path_prefix: String,
        /// The pool it names.
        pool: String,
    },
    /// Two routes claim the same host and prefix.
    #[error("two routes claim `{host}{path_prefix}`")]
    DuplicateRoute {
        /// The host, `*` for any.
        host: String,
        /// The prefix.
        path_prefix: String,
    },
    /// A prefix that no path can have.
    #[error("the path prefix `{path_prefix}` must start with `/` and hold no `?`, `#` or space")]
    BadPrefix {
        /// The prefix.
        path_prefix: String,
    },
    /// A host name that is not in its plain form.
    #[error("the host `{host}` must be a lower-case name without port or final dot")]
    BadHost {
        /// The name.
        host: String,
    },
    /// An id that is empty, too long or holds control characters.
    #[error("the id `{id}` must have 1 to 200 printable characters")]
    BadId {
        /// The id.
        id: String,
    },
    /// A socket path that no socket can have.
    #[error("the socket path `{path}` must be absolute and at most 107 bytes long")]
    BadSocketPath {
        /// The path.
        path: PathBuf,
    },
}

impl RouteTable {
    /// Checks the table in itself. Names the first fault.
    pub fn check(&self) -> Result<(), TableError> {
        let mut pools = HashSet::new();
        let mut targets = HashSet::new();
        for pool in &self.pools {
            if !pools.insert(pool.id.as_str()) {
                return Err(TableError::DuplicatePool { id: pool.id.clone() });
            }
            check_pool(pool, &mut targets)?;
        }
        let mut claimed = HashSet::new();
        for route in &self.routes {
            if !pools.contains(route.pool.as_str()) {
                return Err(TableError::UnknownPool {
                    path_prefix: route.path_prefix.clone(),
                    pool: route.pool.clone(),
                });
            }
            check_route(route, &mut claimed)?;
        }
        Ok(())
    }

    /// Whether the table names this target.
    pub fn has_target(&self, id: &str) -> bool {
        self.pools.iter().flat_map(Pool::all_targets).any(|target| target.id == id)
    }
}

fn check_pool<'a>(pool: &'a Pool, seen: &mut HashSet<&'a str>) -> Result<(), TableError> {
    check_id(&pool.id)?;
    for target in pool.all_targets() {
        check_id(&target.id)?;
        if !seen.insert(target.id.as_str()) {
            return Err(TableError::DuplicateTarget { id: target.id.clone() });
        }
        if let Address::Unix(path) = &target.address {
            let bytes = path.as_os_str().len();
            if !path.is_absolute() || bytes > Address::UNIX_LIMIT {
                return Err(TableError::BadSocketPath { path: path.clone() });
            }
        }
    }
    Ok(())
}

fn check_route<'a>(
    route: &'a Route,
    claimed: &mut HashSet<(&'a str, &'a str)>,
) -> Result<(), TableError> {
    let prefix = route.path_prefix.as_str();
    let printable = prefix.bytes().all(|b| b.is_ascii_graphic() && b != b'?' && b != b'#');
    if !prefix.starts_with('/') || !printable {
        return Err(TableError::BadPrefix { path_prefix: prefix.to_owned() });
    }
    let hosts: Vec<&str> = match &route.hosts {
        Hosts::Any => vec!["*"],
        Hosts::Names(names) => names.iter().map(String::as_str).collect(),
    };
    for host in hosts {
        if host != "*" && !is_plain_host(host) {
            return Err(TableError::BadHost { host: host.to_owned() });
        }
        // `/api` and `/api/` match the same paths.
        let trimmed = prefix.trim_end_matches('/');
        if !claimed.insert((host, trimmed)) {
            return Err(TableError::DuplicateRoute {
                host: host.to_owned(),
                path_prefix: prefix.to_owned(),
            });
        }
    }
    Ok(())
}

fn check_id(id: &str) -> Result<(), TableError> {
    let good = (1..=200).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic());
    if good { Ok(()) } else { Err(TableError::BadId { id: id.to_owned() }) }
}

fn is_plain_host(host: &str) -> bool {
    let parsed = crate::host::parse(host.as_bytes());
    parsed.is_some_and(|parsed| parsed == host.as_bytes())
        && !host.ends_with('.')
        && !host.bytes().any(|b| b.is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{PoolOptions, Target};

    fn table(hosts: Hosts, prefix: &str, pool: &str, socket: &str) -> RouteTable {
        let target = Target { id: "t".into(), address: Address::Unix(socket.into()) };
        let pools = vec![Pool {
            id: "p".into(),
            targets: vec![target],
            standby: Vec::new(),
            options: PoolOptions::default(),
        }];
        let routes = vec![Route { hosts, path_prefix: prefix.into(), pool: pool.into() }];
        RouteTable { generation: 1, routes, pools }
    }

    #[test]
    fn a_table_is_refused_for_what_no_request_could_match() {
        let names = |name: &str| Hosts::Names(vec![name.into()]);
        assert_eq!(table(names("shop.example"), "/", "p", "/s").check(), Ok(()));
        assert_eq!(table(names("[::1]"), "/a/", "p", "/s").check(), Ok(()));
        for (bad, what) in [
            (table(Hosts::Any, "api", "p", "/s"), "prefix"),
            (table(Hosts::Any, "/a?b", "p", "/s"), "query"),
            (table(Hosts::Any, "/", "q", "/s"), "pool"),
            (table(names("Shop.example"), "/", "p", "/s"), "upper case"),
            (table(names("shop.example:80"), "/", "p", "/s"), "port"),
            (table(names("shop."), "/", "p", "/s"), "final dot"),
            (table(names(""), "/", "p", "/s"), "empty"),
            (table(Hosts::Any, "/", "p", "s"), "relative socket"),
            (table(Hosts::Any, "/", "p", &format!("/{}", "s".repeat(107))), "long socket"),
        ] {
            assert!(bad.check().is_err(), "{what}");
        }
    }

    #[test]
    fn names_and_rules_are_unique() {
        let mut twice = table(Hosts::Any, "/a", "p", "/s");
        twice.routes.push(Route { path_prefix: "/a/".into(), ..twice.routes[0].clone() });
        assert!(matches!(twice.check(), Err(TableError::DuplicateRoute { .. })));
        let mut twice = table(Hosts::Any, "/a", "p", "/s");
        twice.pools.push(Pool { id: "q".into(), ..twice.pools[0].clone() });
        assert!(matches!(twice.check(), Err(TableError::DuplicateTarget { .. })));
    }
}
