//! The edge, real, on loopback and in temporary folders.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

#[path = "all/app.rs"]
mod app;
#[path = "all/corpus.rs"]
mod corpus;
#[path = "all/deputy.rs"]
mod deputy;
#[path = "all/early.rs"]
mod early;
#[path = "all/forwarding.rs"]
mod forwarding;
#[path = "all/limits.rs"]
mod limits;
#[path = "all/probing.rs"]
mod probing;
#[path = "all/python.rs"]
mod python;
#[path = "all/restart.rs"]
mod restart;
#[path = "all/retry.rs"]
mod retry;
#[path = "all/routing.rs"]
mod routing;
#[path = "all/standby.rs"]
mod standby;
#[path = "all/streams.rs"]
mod streams;
#[path = "all/switch.rs"]
mod switch;
#[path = "all/visitor.rs"]
mod visitor;
#[path = "all/world.rs"]
mod world;
