//! What a release command prints, on its way to whoever watches the job.
//!
//! Only the beginning of it: the log keeps every line, and what a job told is kept for as long as
//! the job is remembered. What it does not do: decide when the command is over.

use crate::report::Report;
use std::path::Path;
use std::time::Duration;
use windlass_engine::LogFollower;
use windlass_model::{AppName, Event, ReleaseNumber};

/// The most lines of one command that are told.
const MOST_LINES: usize = 2_000;
/// The most bytes of one command that are told.
const MOST_BYTES: usize = 256 << 10;

/// One command's output.
pub(super) struct ReleaseOutput<'a> {
    /// `None` once nothing more is told.
    lines: Option<LogFollower>,
    report: &'a Report,
    of: (AppName, ReleaseNumber),
    left: (usize, usize),
}

impl<'a> ReleaseOutput<'a> {
    /// The output that goes to `log`. A log that cannot be followed costs the user lines, not the
    /// command.
    pub(super) fn follow(log: &Path, of: (AppName, ReleaseNumber), report: &'a Report) -> Self {
        let lines = LogFollower::from_start(log).ok();
        Self { lines, report, of, left: (MOST_LINES, MOST_BYTES) }
    }

    /// Tells the next line, for which it waits at most `wait`; `false` when there was none.
    pub(super) fn tell(&mut self, wait: Duration) -> bool {
        let Some(lines) = &mut self.lines else {
            std::thread::sleep(wait);
            return false;
        };
        let Ok(Some(line)) = lines.next(wait) else { return false };
        let (lines_left, bytes_left) = self.left;
        if lines_left == 0 || line.text.len() > bytes_left {
            let (app, release) = &self.of;
            let line = format!("more is in: windlass logs --app {app} --release {release}");
            self.report.tell(Event::Output { line });
            self.lines = None;
            return false;
        }
        self.left = (lines_left - 1, bytes_left - line.text.len());
        self.report.tell(Event::Output { line: line.text });
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;
    use windlass_model::JobKind;

    /// What is told of a log with these lines.
    fn told(lines: impl Iterator<Item = String>) -> Vec<String> {
        let home = tempfile::tempdir().expect("a folder");
        let log = home.path().join("release.1.log");
        let encoded = |line| format!("{{\"t\":1,\"s\":\"out\",\"l\":\"{line}\"}}\n");
        let text = lines.map(encoded).collect::<Vec<_>>().concat();
        std::fs::write(&log, text).expect("written");
        let store = Store::open(&home.path().join("store.db"), || 1, None).expect("a store");
        let reactor = tokio::runtime::Builder::new_current_thread().build().expect("a reactor");
        let deploy = JobKind::Deploy { project: "/projects/shop".into() };
        let job = store.submit("shop".parse().expect("valid"), deploy, 0);
        let job = reactor.block_on(job).expect("accepted").id;
        let report = Report::new(store.clone(), job);
        let of = ("shop".parse().expect("valid"), ReleaseNumber(7));
        let mut output = ReleaseOutput::follow(&log, of, &report);
        while output.tell(Duration::ZERO) {}
        assert!(!output.tell(Duration::ZERO), "nothing comes after the last");
        // Written after everything that was told.
        reactor.block_on(store.cancel_job(job)).expect("written");
        let line = |event| match event {
            Event::Output { line } => Some(line),
            _ => None,
        };
        let events = store.events(job, 0, 10_000).expect("events").rows;
        events.into_iter().filter_map(|record| line(record.event)).collect()
    }

    #[test]
    fn a_talkative_command_is_told_to_a_limit_and_then_where_the_rest_is() {
        let more = "more is in: windlass logs --app shop --release 7";
        assert_eq!(told(["a", "b"].map(str::to_owned).into_iter()), ["a", "b"]);
        let many = told((0..5_000).map(|number| format!("line {number}")));
        assert_eq!((many.len(), many[1_999].as_str()), (MOST_LINES + 1, "line 1999"));
        assert_eq!(many.last().map(String::as_str), Some(more));
        let long = told((0..100).map(|_| "x".repeat(10_000)));
        assert_eq!((long.len(), long[26].as_str()), (27, more));
    }
}
