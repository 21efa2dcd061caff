//! A push or a pull as it happens: a bar of all bytes, and a line for each blob.

use crate::output::Output;
use crate::progress::Narrator;
use crate::render::story::Say;
use std::cell::RefCell;
use windlass_model::quantity::format_bytes;
use windlass_model::{Progress, ProgressUnit};
use windlass_oci::registry::{BlobReport, How, Transfer};

/// Shows what moves.
#[derive(Debug)]
pub(crate) struct Transfers {
    part: &'static str,
    shown: RefCell<Shown>,
}

#[derive(Debug)]
struct Shown {
    narrator: Narrator,
    total: Option<u64>,
}

impl Transfers {
    /// Nothing moved yet.
    pub(crate) fn new(output: Output, part: &'static str) -> Self {
        Self { part, shown: RefCell::new(Shown { narrator: Narrator::new(output), total: None }) }
    }

    /// Shows one thing.
    pub(crate) fn show(&self, transfer: Transfer) {
        let mut shown = self.shown.borrow_mut();
        match transfer {
            Transfer::Total { bytes, .. } => shown.total = Some(bytes),
            Transfer::Moved { bytes } => {
                let progress = Progress {
                    part: self.part.to_owned(),
                    done: bytes,
                    total: shown.total,
                    unit: ProgressUnit::Bytes,
                    elapsed_ms: None,
                    detail: String::new(),
                };
                shown.narrator.show(Say::Moved(progress));
            }
            Transfer::Blob(report) => shown.narrator.show(Say::Line(line(&report))),
        }
    }

    /// Removes what moves; the lines stay.
    pub(crate) fn end(self) {
        self.shown.into_inner().narrator.end();
    }
}

fn line(report: &BlobReport) -> String {
    let (what, more) = match &report.how {
        How::Existed => ("exists", String::new()),
        How::Mounted { from } => ("mounted", format!("  from {from}")),
        How::Uploaded { resumed } => ("uploaded", again(*resumed)),
        How::Downloaded { resumed } => ("downloaded", again(*resumed)),
    };
    let (digest, size) = (report.digest.short(), format_bytes(report.size));
    format!("  {what:10}  {digest}  {size:>9}{more}").trim_end().to_owned()
}

fn again(resumed: u32) -> String {
    match resumed {
        0 => String::new(),
        1 => "  resumed once".to_owned(),
        times => format!("  resumed {times} times"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use windlass_model::Digest;

    #[test]
    fn a_blob_is_a_line() {
        let digest = Digest::from_bytes([0xab; 32]);
        let line = |how| line(&BlobReport { digest, size: 2_000_000, how });
        let size = format_bytes(2_000_000);
        assert_eq!(line(How::Existed), format!("  exists      abababababab  {size:>9}"));
        let from = "team/base".to_owned();
        assert!(line(How::Mounted { from }).ends_with("  from team/base"));
        assert!(line(How::Uploaded { resumed: 2 }).ends_with("  resumed 2 times"));
        assert!(!line(How::Downloaded { resumed: 0 }).contains("resumed"));
    }
}
