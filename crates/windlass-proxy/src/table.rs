//! The routing table: which host and path lead to which targets.
//!
//! A value, pushed as a whole and never changed in place. What it must satisfy is in
//! `table_check`; how it is looked up, in `router`.

use crate::Address;
use serde::{Deserialize, Serialize};

/// Everything the edge needs to know to route.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouteTable {
    /// Grows with every change; an older table than the one in use is refused.
    pub generation: u64,
    /// Where requests lead.
    pub routes: Vec<Route>,
    /// What they lead to.
    pub pools: Vec<Pool>,
}

/// One rule. An exact host wins over any host, then the longest prefix wins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// The hosts it is for.
    pub hosts: Hosts,
    /// Whole path segments from the front: `/api` matches `/api` and `/api/x`, not `/apis`.
    pub path_prefix: String,
    /// Id of the pool.
    pub pool: String,
}

/// The hosts that a route is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hosts {
    /// Whatever host no exact name claims.
    Any,
    /// These names: lower case, without a port or a final dot.
    Names(Vec<String>),
}

/// Targets that serve the same thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pool {
    /// Unique in the table.
    pub id: String,
    /// Where it is served; none answers 503.
    pub targets: Vec<Target>,
    /// Asked only when no target answers and the request may be sent again: the replicas of the
    /// release before, while the new one is still being watched.
    #[serde(default)]
    pub standby: Vec<Target>,
    /// How requests to it are treated.
    #[serde(default)]
    pub options: PoolOptions,
}

/// One server of a pool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// Unique in the table; counts and drains go by it, across generations.
    pub id: String,
    /// Where it listens.
    pub address: Address,
}

impl Pool {
    /// The targets and those that stand by.
    pub fn all_targets(&self) -> impl Iterator<Item = &Target> {
        self.targets.iter().chain(&self.standby)
    }
}

/// Time-outs and limits of a pool's upstream connections.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PoolOptions {
    /// How long one connection attempt may take, in milliseconds; then 504.
    pub connect_timeout_ms: u64,
    /// How long the head of the answer may take once the request is sent, in milliseconds; then 504.
    pub head_timeout_ms: u64,
    /// How long either body may stand still, in milliseconds; event streams are exempt.
    pub body_idle_timeout_ms: u64,
    /// How long an idle connection is kept, in milliseconds. It must stay below what the server
    /// allows, or a request meets a connection that is just being closed: gunicorn closes after
    /// 2 s, uvicorn after 5 s.
    pub idle_max_ms: u64,
    /// How many idle connections each worker keeps for each target.
    pub idle_per_worker: usize,
}

impl Default for PoolOptions {
    fn default() -> Self {
        Self {
            connect_timeout_ms: 5_000,
            head_timeout_ms: 120_000,
            body_idle_timeout_ms: 120_000,
            idle_max_ms: 1_500,
            idle_per_worker: 256,
        }
    }
}
