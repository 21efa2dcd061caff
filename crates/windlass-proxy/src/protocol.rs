//! Which language an edge and its callers speak.
//!
//! An edge outlives the server that started it, so the next server may be of another build. Both
//! refuse fields that they do not know, so a caller asks who the edge is before anything else.

use serde::{Deserialize, Serialize};
use std::net::SocketAddr;

/// The number of the control protocol: raised whenever the form of a table, a call or an answer
/// changes. What it does not cover is [`EdgeIdentity`], which every build can read.
pub const PROTOCOL: u32 = 1;

/// Who an edge is: the part of its status that stays the same for all builds, past and to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct EdgeIdentity {
    /// The protocol that it speaks; 0 for edges that knew no numbers yet.
    #[serde(default)]
    pub protocol: u32,
    /// Process id.
    pub pid: u32,
    /// The address it listens on.
    pub listen: SocketAddr,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Address, DrainRequest, Hosts, Pool, PoolOptions, Route, RouteTable, Target};

    /// When this fails, the form has changed: raise [`PROTOCOL`] together with the text.
    #[test]
    fn the_protocol_has_a_number_for_this_form() {
        let target = |id: &str| Target { id: id.into(), address: Address::Unix("/a".into()) };
        let table = RouteTable {
            generation: 1,
            routes: vec![Route { hosts: Hosts::Any, path_prefix: "/".into(), pool: "p".into() }],
            pools: vec![Pool {
                id: "p".into(),
                targets: vec![target("a")],
                standby: vec![target("b")],
                options: PoolOptions::default(),
            }],
        };
        let (targets, deadline_ms, await_long_lived) = (Vec::new(), 1, false);
        let drain = DrainRequest { targets, deadline_ms, await_long_lived };
        let form = format!(
            "{} {} {}",
            serde_json::to_string(&table).expect("plain"),
            serde_json::to_string(&drain).expect("plain"),
            PROTOCOL
        );
        assert_eq!(
            form,
            concat!(
                r#"{"generation":1,"routes":[{"hosts":"any","path_prefix":"/","pool":"p"}],"#,
                r#""pools":[{"id":"p","targets":[{"id":"a","address":{"unix":"/a"}}],"#,
                r#""standby":[{"id":"b","address":{"unix":"/a"}}],"options":{"#,
                r#""connect_timeout_ms":5000,"head_timeout_ms":120000,"#,
                r#""body_idle_timeout_ms":120000,"idle_max_ms":1500,"idle_per_worker":256}}]} "#,
                r#"{"targets":[],"deadline_ms":1,"await_long_lived":false} 1"#
            )
        );
    }

    #[test]
    fn an_edge_that_knows_no_numbers_is_known_by_that() {
        let status = r#"{"listen":"127.0.0.1:80","pid":7,"workers":2,"new":[]}"#;
        let identity: EdgeIdentity = serde_json::from_str(status).expect("read");
        assert_eq!((identity.protocol, identity.pid), (0, 7));
    }
}
