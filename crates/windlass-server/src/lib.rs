//! The control plane: store, journal, executor, back ends, API and its client.
//!
//! Invariants: everything that changes an app is in the journal before it happens; one loop
//! ([`executor`]) changes state and decides nothing that `windlass-model` does not decide; one
//! thread writes the store. What this crate does not do: run containers, proxy requests or build
//! images itself; it joins the crates that do.

#![forbid(unsafe_code)]

mod api;
pub mod back_end;
pub mod building;
pub mod client;
pub mod config;
pub mod executor;
pub mod explain;
pub mod host;
pub mod images;
pub mod own_log;
pub mod reconciler;
pub mod report;
mod serve;
pub mod store;
#[cfg(test)]
mod testing;
pub mod wire;

pub use back_end::BackEnd;
pub use client::{Client, ClientError};
pub use config::ServerConfig;
pub use serve::{ServerError, serve};
