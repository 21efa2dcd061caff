//! Following a job in the server, whatever happens to the connection.
//!
//! Invariant: each event is heard once and in order; a lost server is waited for, started again
//! when it does not come back, and asked for what follows the last event heard.

use crate::error::CliError;
use crate::output::Output;
use crate::server_process;
use crate::settings::Settings;
use std::time::{Duration, Instant};
use windlass_model::{Event, EventRecord, JobId, JobState};
use windlass_server::{Client, ClientError};

/// How a lost server may come back by itself, before one is started.
const PATIENCE: Duration = Duration::from_secs(2);
/// After this long without an answer the watching ends; the job does not.
const LOST: Duration = Duration::from_mins(1);
/// Pause between two attempts.
const AGAIN: Duration = Duration::from_millis(100);

/// How a watch ended.
#[derive(Debug)]
pub(crate) enum Watched {
    /// The job ended in this state.
    Ended(JobState),
    /// The user pressed Ctrl-C; the job goes on.
    Left,
}

/// Where a watch is.
struct Watch<'a> {
    settings: &'a Settings,
    output: Output,
    client: Client,
    job: JobId,
    after: u64,
    /// Since when nobody answers.
    lost: Option<Instant>,
}

/// Follows a job to its end; `hear` gets each event.
pub(crate) async fn follow(
    settings: &Settings,
    output: Output,
    job: JobId,
    hear: &mut dyn FnMut(&EventRecord) -> Result<(), CliError>,
) -> Result<Watched, CliError> {
    let client = Client::connect(&settings.layout);
    let mut watch = Watch { settings, output, client, job, after: 0, lost: None };
    tokio::select! {
        ended = watch.until_ended(hear) => ended.map(Watched::Ended),
        _ = tokio::signal::ctrl_c() => Ok(Watched::Left),
    }
}

impl Watch<'_> {
    async fn until_ended(
        &mut self,
        hear: &mut dyn FnMut(&EventRecord) -> Result<(), CliError>,
    ) -> Result<JobState, CliError> {
        loop {
            match self.listen(hear).await {
                Ok(Some(state)) => return Ok(state),
                // The stream ended without a final state: the server is on its way out.
                Ok(None) => tokio::time::sleep(AGAIN).await,
                Err(CliError::Client(error)) if is_loss(&error) => self.wait(error).await?,
                Err(error) => return Err(error),
            }
        }
    }

    /// Hears one stream to its end.
    async fn listen(
        &mut self,
        hear: &mut dyn FnMut(&EventRecord) -> Result<(), CliError>,
    ) -> Result<Option<JobState>, CliError> {
        let mut events = self.client.events(self.job, self.after).await?;
        if self.lost.take().is_some() {
            self.output.note("the server is back");
        }
        while let Some(record) = events.next().await? {
            if record.seq <= self.after {
                continue;
            }
            self.after = record.seq;
            hear(&record)?;
            if let Event::State { state } = record.event
                && state.is_final()
            {
                return Ok(Some(state));
            }
        }
        Ok(None)
    }

    async fn wait(&mut self, error: ClientError) -> Result<(), CliError> {
        let since = *self.lost.get_or_insert_with(|| {
            self.output.note("the server went away; the job is in its journal");
            Instant::now()
        });
        if since.elapsed() > LOST {
            let waited_ms = LOST.as_millis() as u64;
            return Err(CliError::ServerLost { waited_ms, source: error });
        }
        if since.elapsed() > PATIENCE && matches!(error, ClientError::NotRunning { .. }) {
            server_process::ensure(self.settings, None).await?;
        }
        tokio::time::sleep(AGAIN).await;
        Ok(())
    }
}

/// Whether the server may answer later.
fn is_loss(error: &ClientError) -> bool {
    matches!(error, ClientError::NotRunning { .. } | ClientError::Broken { .. })
}

#[cfg(test)]
mod tests;
