//! Progress as it happens: bars on a terminal, lines elsewhere.

use crate::output::Output;
use crate::render::story::{Say, amount};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use std::collections::BTreeMap;
use std::time::Duration;
use windlass_model::{Progress, ProgressUnit};

/// Shows what a story says.
#[derive(Debug)]
pub(crate) struct Narrator {
    output: Output,
    bars: Option<Bars>,
}

#[derive(Debug)]
struct Bars {
    all: MultiProgress,
    now: ProgressBar,
    parts: BTreeMap<String, ProgressBar>,
}

impl Narrator {
    /// With bars where the settings allow them.
    pub(crate) fn new(output: Output) -> Self {
        Self { output, bars: output.show().bars.then(Bars::new) }
    }

    /// Shows one thing.
    pub(crate) fn show(&mut self, say: Say) {
        match (&mut self.bars, say) {
            (Some(bars), Say::Line(line)) => bars.line(&line),
            (None, Say::Line(line)) => self.output.note(&line),
            (Some(bars), Say::Now(text)) => bars.now.set_message(text),
            (Some(bars), Say::Moved(progress)) => bars.moved(&progress),
            (Some(bars), Say::Ended(part)) => bars.ended(&part),
            (None, Say::Now(_) | Say::Moved(_) | Say::Ended(_)) => {}
        }
    }

    /// Removes what moves; the lines stay.
    pub(crate) fn end(mut self) {
        if let Some(bars) = self.bars.take() {
            bars.parts.values().for_each(ProgressBar::finish_and_clear);
            bars.now.finish_and_clear();
        }
    }
}

impl Bars {
    fn new() -> Self {
        let all = MultiProgress::new();
        let now = all.add(ProgressBar::new_spinner());
        now.set_style(style("  {spinner} {wide_msg} {elapsed}"));
        now.enable_steady_tick(Duration::from_millis(120));
        Self { all, now, parts: BTreeMap::new() }
    }

    fn line(&self, line: &str) {
        // A terminal that cannot be written to takes no other message either.
        let _ = self.all.println(line);
    }

    fn moved(&mut self, progress: &Progress) {
        let bar = self.parts.entry(progress.part.clone()).or_insert_with(|| {
            let bar = self.all.insert_before(&self.now, ProgressBar::no_length());
            bar.set_prefix(progress.part.clone());
            bar
        });
        bar.set_style(match (progress.total, progress.unit) {
            (None, _) => style("  {prefix:12}  {wide_msg}"),
            (Some(_), ProgressUnit::Items) => {
                style("  {prefix:12}  {bar:24} {pos}/{len}  {wide_msg}")
            }
            (Some(_), ProgressUnit::Bytes) => {
                style("  {prefix:12}  {bar:24} {bytes}/{total_bytes} {bytes_per_sec}  {wide_msg}")
            }
        });
        if let Some(total) = progress.total {
            bar.set_length(total);
        }
        bar.set_position(progress.done);
        let message = if progress.detail.is_empty() && progress.total.is_none() {
            amount(progress)
        } else {
            progress.detail.clone()
        };
        bar.set_message(message);
    }

    fn ended(&mut self, part: &str) {
        if let Some(bar) = self.parts.remove(part) {
            bar.finish_and_clear();
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("templates of this file are valid")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_bar_can_be_drawn() {
        let mut bars = Bars::new();
        for (total, unit) in [
            (None, ProgressUnit::Items),
            (Some(9), ProgressUnit::Items),
            (Some(9), ProgressUnit::Bytes),
        ] {
            let (part, detail) = ("download".to_owned(), String::new());
            bars.moved(&Progress { part, done: 3, total, unit, elapsed_ms: None, detail });
        }
        assert_eq!(bars.parts.len(), 1, "one bar a part");
        bars.ended("download");
        assert!(bars.parts.is_empty());
    }
}
