//! The control plane as a whole, on a fake back end and on the real one.

#[path = "all/api.rs"]
mod api;
#[path = "all/crashes.rs"]
mod crashes;
#[path = "all/jobs.rs"]
mod jobs;
#[path = "all/repairs.rs"]
mod repairs;
#[path = "all/stage.rs"]
mod stage;
#[path = "all/store.rs"]
mod store;
