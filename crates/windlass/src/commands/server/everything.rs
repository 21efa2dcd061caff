//! `windlass server stop --all`: afterwards nothing of this installation runs any more.

use super::super::At;
use crate::error::CliError;
use crate::process_end::end;
use crate::server_process;
use crate::watch::{self, Watched};
use std::time::Duration;
use windlass_model::{JobKind, JobState};
use windlass_proxy::EdgeClient;

/// How long the edge may take to end: its requests in flight are answered first.
const EDGE: Duration = Duration::from_mins(1);

/// Stops every app, then the server, then the edge.
pub(super) async fn stop(at: &At) -> Result<(), CliError> {
    // The apps' containers are the server's to stop, so one is needed.
    server_process::ensure(&at.settings, None).await?;
    for app in at.client().apps().await?.into_iter().filter(|app| app.wanted > 0) {
        let job = at.client().submit(Some(app.app.clone()), JobKind::Stop).await?;
        match watch::follow(&at.settings, at.output, job.id, &mut |_| Ok(())).await? {
            Watched::Ended(JobState::Failed { problem }) => return Err(problem.into()),
            Watched::Ended(_) => at.output.note(&format!("{} is stopped", app.app)),
            Watched::Left => return Err(CliError::LeftRunning { app: app.app }),
        }
    }
    server_process::stop(&at.settings).await?;
    edge(at).await
}

async fn edge(at: &At) -> Result<(), CliError> {
    let client = EdgeClient::new(at.settings.layout.edge_socket());
    let Ok(status) = client.status().await else { return Ok(()) };
    end(status.pid, EDGE).await
}
