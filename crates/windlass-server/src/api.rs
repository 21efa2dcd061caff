//! The HTTP API on the server's Unix socket.
//!
//! Handlers read, submit and render; nothing here changes an app. Bodies are limited, peers are
//! checked when they connect, and every refusal is a `Problem` in JSON.

mod apps;
mod asked;
mod images;
mod jobs;
mod logs;
mod ndjson;
mod ownership;
mod peer;
mod plan;
mod refusal;
mod runs;

use crate::executor::Executor;
use crate::host::HostBackEnd;
use crate::store::Store;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{delete, get, post};
use peer::{Listener, Peer};
use refusal::Refusal;
use std::sync::Arc;
use tokio::net::UnixListener;
use windlass_model::{AppName, Layout, Problem};

/// The largest body of a request, in bytes: a list of counts or settings.
const BODY_LIMIT: usize = 256 * 1_024;

/// What handlers work on; cheap to clone.
#[derive(Clone)]
pub(crate) struct Api {
    executor: Arc<Executor<HostBackEnd>>,
    host: Arc<HostBackEnd>,
    store: Store,
    layout: Arc<Layout>,
    started_at_ms: u64,
}

impl Api {
    pub(crate) fn new(
        executor: Arc<Executor<HostBackEnd>>,
        host: Arc<HostBackEnd>,
        store: Store,
        layout: Layout,
    ) -> Self {
        let started_at_ms = store.now_ms();
        Self { executor, host, store, layout: Arc::new(layout), started_at_ms }
    }
}

/// Answers until the process ends. Only `uid` and root are let in.
pub(crate) async fn serve(api: Api, listener: UnixListener, uid: u32) -> std::io::Result<()> {
    let router = router(api).into_make_service_with_connect_info::<Peer>();
    axum::serve(Listener::new(listener, uid), router).await
}

fn router(api: Api) -> Router {
    Router::new()
        .route("/v1/ping", get(apps::ping))
        .route("/v1/jobs", post(jobs::submit))
        .route("/v1/jobs/{job}", get(jobs::job))
        .route("/v1/jobs/{job}/cancel", post(jobs::cancel))
        .route("/v1/jobs/{job}/events", get(jobs::events))
        .route("/v1/apps", get(apps::apps))
        .route("/v1/apps/{app}/jobs", post(jobs::submit_to))
        .route("/v1/apps/{app}/status", get(apps::status))
        .route("/v1/apps/{app}/releases", get(apps::releases))
        .route("/v1/apps/{app}/logs", get(logs::logs))
        .route("/v1/apps/{app}/runs", post(runs::start))
        .route("/v1/apps/{app}/runs/{container}", delete(runs::end))
        .route("/v1/images/prune", post(images::prune))
        .route("/v1/plan", post(plan::plan))
        .fallback(unknown_path)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .with_state(api)
}

async fn unknown_path() -> Refusal {
    Refusal::not_found("there is no such path in this API")
}

/// An app's name from a path.
fn app_name(text: &str) -> Result<AppName, Refusal> {
    text.parse()
        .map_err(|error| Refusal::from(Problem::user("app-name-invalid", format!("{error}"))))
}
