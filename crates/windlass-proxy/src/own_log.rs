//! The edge's own log: what happened to the edge itself, one JSON object a line.

use crate::lines::LineFile;
use serde::Serialize;
use std::time::{SystemTime, UNIX_EPOCH};

/// Writes events to `edge.jsonl`, if anywhere.
#[derive(Debug, Default)]
pub(crate) struct OwnLog(Option<LineFile>);

#[derive(Serialize)]
struct Line<'a, F> {
    at_ms: u64,
    event: &'a str,
    /// Lines that the disk refused so far.
    lines_lost: u64,
    #[serde(flatten)]
    facts: F,
}

impl OwnLog {
    pub(crate) fn to(file: LineFile) -> Self {
        Self(Some(file))
    }

    /// Notes an event with its facts, which must serialise as an object.
    pub(crate) fn note(&self, event: &str, facts: impl Serialize) {
        let Some(file) = &self.0 else { return };
        let at = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let line = Line { at_ms: at.as_millis() as u64, event, lines_lost: file.dropped(), facts };
        if let Ok(mut text) = serde_json::to_vec(&line) {
            text.push(b'\n');
            file.write(&text);
        }
    }
}
