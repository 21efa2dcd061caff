//! `windlass logs`.

use super::app::known_app;
use super::{At, done};
use crate::args::Logs;
use crate::error::CliError;
use crate::output::Output;
use crate::render::logs::line;
use jiff::tz::TimeZone;
use std::process::ExitCode;
use windlass_model::ReleaseNumber;
use windlass_server::wire::{LogQuery, LogRecord};

/// Lines as they are; with `--follow` until Ctrl-C, which is how following ends: a success.
pub(super) async fn logs(at: &At, wanted: &Logs) -> Result<ExitCode, CliError> {
    let app = known_app(at).await?;
    let query = LogQuery {
        release: wanted.release.map(ReleaseNumber),
        process: wanted.process.clone(),
        tail: Some(wanted.lines),
        follow: wanted.follow,
    };
    let mut records = at.client().logs(&app, &query).await?;
    let mut page = Page { output: at.output, zone: TimeZone::system(), records: Vec::new() };
    let read = async {
        while let Some(record) = records.next().await? {
            page.take(record, wanted.follow)?;
        }
        Ok::<(), CliError>(())
    };
    let ended = tokio::select! {
        ended = read => ended,
        _ = tokio::signal::ctrl_c() => return Ok(ExitCode::SUCCESS),
    };
    ended?;
    done(page.end(wanted.follow))
}

/// How lines are written: at once, but for the one JSON document of a log that is not followed.
struct Page {
    output: Output,
    zone: TimeZone,
    records: Vec<LogRecord>,
}

impl Page {
    fn take(&mut self, record: LogRecord, follow: bool) -> Result<(), CliError> {
        match (self.output.show().json, follow) {
            (true, true) => self.output.record(&record),
            (true, false) => {
                self.records.push(record);
                Ok(())
            }
            (false, _) => self.output.line(&line(&record, &self.zone, self.output.style())),
        }
    }

    fn end(&self, follow: bool) -> Result<(), CliError> {
        if self.output.show().json && !follow {
            self.output.document(&self.records)
        } else {
            Ok(())
        }
    }
}
