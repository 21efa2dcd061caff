//! A job told as it happens: events in, lines and movements out. Pure, so that the terminal,
//! a pipe and the tests hear the same story.

mod phases;
#[cfg(test)]
mod tests;

use super::plan;
use super::problem;
use super::style::{Style, Tone, printable};
use super::time::{seconds, span};
use phases::{PhaseLine, verb};
use std::collections::BTreeMap;
use windlass_model::quantity::format_bytes;
use windlass_model::rollout::Phase;
use windlass_model::{
    Event, EventRecord, Finding, JobState, Problem, Progress, ProgressUnit, ReleaseNumber,
};

/// What to show for an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Say {
    /// A line that stays.
    Line(String),
    /// A part of the build moved.
    Moved(Progress),
    /// A part of the build is over; its line follows.
    Ended(String),
    /// What happens now, for a place that is overwritten.
    Now(String),
}

/// The listener's memory.
#[derive(Debug)]
pub(crate) struct Story {
    style: Style,
    verbose: bool,
    begun_ms: Option<u64>,
    building: Option<u64>,
    release: Option<ReleaseNumber>,
    phase: Option<PhaseLine>,
    spans: Vec<(&'static str, u64)>,
    live_ms: Option<u64>,
    ended_ms: Option<u64>,
}

impl Story {
    /// Nothing heard yet.
    pub(crate) fn new(style: Style, verbose: bool) -> Self {
        Self {
            style,
            verbose,
            begun_ms: None,
            building: None,
            release: None,
            phase: None,
            spans: Vec::new(),
            live_ms: None,
            ended_ms: None,
        }
    }

    /// Hears an event.
    pub(crate) fn tell(&mut self, record: &EventRecord) -> Vec<Say> {
        self.hear(&record.event, record.at_ms)
    }

    /// Hears an event of what is no job.
    pub(crate) fn hear(&mut self, event: &Event, at_ms: u64) -> Vec<Say> {
        self.begun_ms.get_or_insert(at_ms);
        match event {
            Event::Inspected { findings } => lines(self.inspected(findings)),
            Event::Warning { problem } => lines(problem::warning(problem, self.style)),
            Event::Build(progress) => self.build(progress, at_ms),
            Event::Released { release } => self.released(*release, at_ms),
            Event::Phase { phase } => self.enter(*phase, at_ms),
            Event::StepBegun { step } => vec![Say::Now(verb(step))],
            Event::StepDone { step, elapsed_ms } => {
                if let Some(phase) = &mut self.phase {
                    phase.done(step);
                }
                let detail = format!("    {} ({})", verb(step), span(*elapsed_ms));
                self.detail(&detail)
            }
            Event::StepFailed { step, problem } => self.failed(&verb(step), problem),
            Event::Probed { replica, answer, in_a_row, wanted } => {
                let text = format!("{replica} {answer} ({in_a_row} of {wanted})");
                if let Some(phase) = &mut self.phase {
                    phase.probed(replica, answer);
                }
                let mut says = self.detail(&format!("    {text}"));
                says.push(Say::Now(text));
                says
            }
            Event::Output { line } => {
                let bar = self.style.paint(Tone::Faint, "|");
                vec![Say::Line(format!("  {bar} {}", printable(line)))]
            }
            Event::State { state } => self.state(state, at_ms),
        }
    }

    /// How long it took, in short: the whole until the new replicas served, and its parts.
    pub(crate) fn timing(&self) -> Option<String> {
        let begun = self.begun_ms?;
        let whole = self.live_ms.or(self.ended_ms)?.saturating_sub(begun);
        let worth = self.spans.iter().filter(|(_, ms)| *ms >= 50);
        let parts: Vec<_> = worth.map(|(name, ms)| format!("{name} {}", seconds(*ms))).collect();
        let parts =
            if parts.is_empty() { String::new() } else { format!(": {}", parts.join(", ")) };
        Some(format!("{}{parts}", span(whole)))
    }

    fn inspected(&self, findings: &[Finding]) -> Vec<String> {
        let rows = plan::findings(findings, self.verbose, self.style);
        // What the build found out belongs to the build.
        let heading = self.building.is_none().then(|| self.heading("inspect"));
        heading.into_iter().chain(rows).collect()
    }

    fn build(&mut self, progress: &Progress, at_ms: u64) -> Vec<Say> {
        let mut says = Vec::new();
        if self.building.is_none() {
            self.building = Some(at_ms);
            says.push(Say::Line(self.heading("build")));
            says.push(Say::Now("building the image".to_owned()));
        }
        let Some(elapsed_ms) = progress.elapsed_ms else {
            says.push(Say::Moved(progress.clone()));
            return says;
        };
        let detail =
            if progress.detail.is_empty() { amount(progress) } else { progress.detail.clone() };
        let time = self.style.paint(Tone::Faint, &span(elapsed_ms));
        says.push(Say::Ended(progress.part.clone()));
        says.push(Say::Line(format!("  {:12}  {}  {time}", progress.part, printable(&detail))));
        says
    }

    fn released(&mut self, release: ReleaseNumber, at_ms: u64) -> Vec<Say> {
        self.release = Some(release);
        if let Some(from) = self.building.take() {
            self.spans.push(("build", at_ms.saturating_sub(from)));
        }
        vec![Say::Line(self.heading(&format!("release {release}")))]
    }

    fn enter(&mut self, phase: Phase, at_ms: u64) -> Vec<Say> {
        let mut says = self.leave(at_ms);
        if phase == Phase::Baking {
            self.live_ms = Some(at_ms);
        }
        if phase == Phase::Undoing {
            self.live_ms = None;
            let text = "putting everything back as it was";
            says.push(Say::Line(format!("  {}", self.style.paint(Tone::Warn, text))));
        }
        if !phase.is_final() {
            self.phase = Some(PhaseLine::new(phase, at_ms));
            says.push(Say::Now(phase.to_string()));
        }
        says
    }

    /// The line of the phase that ends; one in which nothing happened has none.
    fn leave(&mut self, at_ms: u64) -> Vec<Say> {
        let Some(phase) = self.phase.take() else { return Vec::new() };
        let ms = at_ms.saturating_sub(phase.since_ms);
        if let Some(name) = phase.short().filter(|_| self.live_ms.is_none()) {
            self.spans.push((name, ms));
        }
        phase.text().map_or_else(Vec::new, |text| {
            let time = self.style.paint(Tone::Faint, &span(ms));
            let name = phase.phase.to_string();
            vec![Say::Line(format!("  {name:12}  {}  {time}", printable(&text)))]
        })
    }

    fn failed(&self, what: &str, problem: &Problem) -> Vec<Say> {
        let cross = self.style.paint(Tone::Bad, "failed");
        vec![Say::Line(format!("  {cross}: {what}: {}", printable(&problem.message)))]
    }

    fn state(&mut self, state: &JobState, at_ms: u64) -> Vec<Say> {
        match state {
            JobState::Queued => vec![Say::Now("waiting for the job before it".to_owned())],
            JobState::Building => vec![Say::Now("reading the project".to_owned())],
            JobState::Rolling => Vec::new(),
            JobState::Succeeded { .. } | JobState::Failed { .. } => {
                self.ended_ms = Some(at_ms);
                self.leave(at_ms)
            }
        }
    }

    fn detail(&self, text: &str) -> Vec<Say> {
        if self.verbose {
            vec![Say::Line(self.style.paint(Tone::Faint, &printable(text)))]
        } else {
            Vec::new()
        }
    }

    fn heading(&self, text: &str) -> String {
        self.style.paint(Tone::Strong, text)
    }
}

fn lines(lines: Vec<String>) -> Vec<Say> {
    lines.into_iter().map(Say::Line).collect()
}

/// `12 MB`, `3 of 7`.
pub(crate) fn amount(progress: &Progress) -> String {
    let write = |amount: u64| match progress.unit {
        ProgressUnit::Bytes => format_bytes(amount),
        ProgressUnit::Items => amount.to_string(),
    };
    match progress.total {
        Some(total) if total != progress.done => {
            format!("{} of {}", write(progress.done), write(total))
        }
        _ => write(progress.done),
    }
}

/// The names of a map's keys, for a sentence.
fn joined<V>(names: &BTreeMap<String, V>) -> String {
    names.keys().map(String::as_str).collect::<Vec<_>>().join(", ")
}
