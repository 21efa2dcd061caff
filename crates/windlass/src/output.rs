//! Results to standard output, everything else to standard error.
//!
//! Invariant: a reader that goes away (`windlass logs | head`) ends the verb quietly.

use crate::error::CliError;
use crate::render::problem;
use crate::render::style::Style;
use crate::settings::Show;
use serde::Serialize;
use std::io::{ErrorKind, Write as _};
use windlass_model::Problem;

/// Where a verb writes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    show: Show,
}

impl Output {
    /// As the settings ask for it.
    pub(crate) fn new(show: Show) -> Self {
        Self { show }
    }

    /// How things are shown.
    pub(crate) fn show(self) -> Show {
        self.show
    }

    /// The style of results.
    pub(crate) fn style(self) -> Style {
        Style::new(self.show.output_colours)
    }

    /// The style of progress and problems.
    pub(crate) fn error_style(self) -> Style {
        Style::new(self.show.error_colours)
    }

    /// A line of the result.
    #[expect(clippy::unused_self, reason = "whoever writes has an output: one way for all verbs")]
    pub(crate) fn line(self, line: &str) -> Result<(), CliError> {
        let mut out = std::io::stdout().lock();
        writeln!(out, "{line}").and_then(|()| out.flush()).map_err(closed)
    }

    /// Lines of the result.
    pub(crate) fn lines(self, lines: &[String]) -> Result<(), CliError> {
        lines.iter().try_for_each(|line| self.line(line))
    }

    /// The result as one JSON document.
    pub(crate) fn document(self, value: &impl Serialize) -> Result<(), CliError> {
        let text = serde_json::to_string_pretty(value).map_err(CliError::Encode)?;
        self.line(&text)
    }

    /// One of many results, as one line of JSON.
    pub(crate) fn record(self, value: &impl Serialize) -> Result<(), CliError> {
        self.line(&serde_json::to_string(value).map_err(CliError::Encode)?)
    }

    /// A line of progress.
    pub(crate) fn note(self, line: &str) {
        if !self.show.quiet {
            complain(line);
        }
    }

    /// A problem that ended the verb, also as JSON where that is asked for.
    pub(crate) fn failure(self, problem: &Problem, as_json: bool) {
        if as_json && self.show.json {
            let value = serde_json::json!({ "problem": problem });
            // It is told below as well: nothing is lost when nobody reads this.
            let _ = self.document(&value);
        }
        for line in problem::error(problem, self.error_style()) {
            complain(&line);
        }
    }
}

/// Nobody reads standard error any more? Then there is nobody to tell.
fn complain(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

fn closed(error: std::io::Error) -> CliError {
    match error.kind() {
        ErrorKind::BrokenPipe => CliError::ReaderGone,
        _ => CliError::Output(error),
    }
}
