//! Writing a log: whole lines, a bounded size, and never a reason to stop reading.
//!
//! A container that cannot write its output stands still, so a disk that is full must not reach
//! it: lines that cannot be written are counted, and the count is written once that works again.

use super::line::{LogLine, LogStream};
use super::rotated;
use crate::spec::LogSpec;
use std::fs::{self, File};
use std::io::{self, Write as _};

/// The open log of one container.
pub(crate) struct LogWriter {
    spec: LogSpec,
    file: Option<File>,
    size: u64,
    pending: Vec<u8>,
    pending_lines: u64,
    lost_lines: u64,
}

impl LogWriter {
    /// Opens the log to be appended to, and makes its folder.
    pub(crate) fn open(spec: &LogSpec) -> io::Result<Self> {
        if let Some(folder) = spec.path.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut writer = Self {
            spec: spec.clone(),
            file: None,
            size: 0,
            pending: Vec::new(),
            pending_lines: 0,
            lost_lines: 0,
        };
        writer.reopen()?;
        Ok(writer)
    }

    /// Adds a line to what the next [`LogWriter::flush`] writes.
    pub(crate) fn push(&mut self, line: &LogLine) {
        line.encode(&mut self.pending);
        self.pending_lines += 1;
    }

    /// Writes what was pushed, with one system call as a rule, and begins new files as they fill.
    pub(crate) fn flush(&mut self, now_ms: u64) {
        if self.pending.is_empty() {
            return;
        }
        if self.lost_lines > 0 {
            let text = format!("{} lines could not be written", self.lost_lines);
            let note = LogLine { at_ms: now_ms, stream: LogStream::Log, text, partial: false };
            let mut with_note = Vec::new();
            note.encode(&mut with_note);
            with_note.append(&mut self.pending);
            self.pending = with_note;
        }
        match self.write_pending() {
            Ok(()) => self.lost_lines = 0,
            Err(_) => self.lost_lines += self.pending_lines,
        }
        self.pending.clear();
        self.pending_lines = 0;
    }

    /// Writes whole lines, as many to each file as fit; at least one, however long it is.
    fn write_pending(&mut self) -> io::Result<()> {
        while !self.pending.is_empty() {
            let room = self.spec.max_bytes.saturating_sub(self.size);
            let mut fits = whole_lines(&self.pending, room as usize);
            if fits == 0 && self.size > 0 {
                self.rotate()?;
                continue;
            }
            if fits == 0 {
                fits = first_line(&self.pending);
            }
            if self.file.is_none() {
                self.reopen()?;
            }
            let Some(file) = &mut self.file else { return Ok(()) };
            if let Err(error) = file.write_all(&self.pending[..fits]) {
                // A part may have been written: cut it off, so that the next line starts a line.
                file.set_len(self.size)?;
                return Err(error);
            }
            self.size += fits as u64;
            let lines = self.pending.drain(..fits).filter(|byte| *byte == b'\n').count();
            self.pending_lines = self.pending_lines.saturating_sub(lines as u64);
        }
        Ok(())
    }

    /// Moves each file one number up, as far as there is no gap; the oldest is replaced by the one
    /// before it. The new file is made first: without room for it nothing moves, or each attempt
    /// would cost the oldest lines.
    fn rotate(&mut self) -> io::Result<()> {
        let mut waiting = self.spec.path.clone().into_os_string();
        waiting.push(".new");
        let fresh = File::options().create(true).append(true).open(&waiting)?;
        let older = |n: u32| rotated(&self.spec.path, n);
        let gap = (1..=self.spec.keep).find(|n| fs::symlink_metadata(older(*n)).is_err());
        for n in (0..gap.unwrap_or(self.spec.keep)).rev() {
            match fs::rename(older(n), older(n + 1)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        (self.file, self.size) = (None, 0);
        fs::rename(&waiting, &self.spec.path)?;
        self.file = Some(fresh);
        Ok(())
    }

    fn reopen(&mut self) -> io::Result<()> {
        let file = File::options().create(true).append(true).open(&self.spec.path)?;
        self.size = file.metadata()?.len();
        self.file = Some(file);
        Ok(())
    }
}

/// Length of the longest run of whole lines that is at most `room` long.
fn whole_lines(bytes: &[u8], room: usize) -> usize {
    let window = &bytes[..bytes.len().min(room)];
    window.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1)
}

fn first_line(bytes: &[u8]) -> usize {
    bytes.iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |end| end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_that_cannot_be_rotated_keeps_its_history() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.log");
        let spec = LogSpec { path: path.clone(), max_bytes: 300, keep: 2 };
        let mut log = LogWriter::open(&spec).expect("a log");
        let mut write = |text: &str| {
            let text = text.repeat(150);
            log.push(&LogLine { at_ms: 1, stream: LogStream::Out, text, partial: false });
            log.flush(1);
        };
        let kept = || {
            [0, 1, 2].map(|n| {
                let text = fs::read_to_string(rotated(&path, n)).expect("a file");
                let lines = text.lines().filter_map(|line| LogLine::decode(line.as_bytes()));
                let mut written = lines.filter(|line| line.stream == LogStream::Out);
                written.next_back().and_then(|line| line.text.chars().next())
            })
        };
        ["a", "b", "c"].into_iter().for_each(&mut write);
        assert_eq!(kept(), [Some('c'), Some('b'), Some('a')]);
        // No room for a new file: here its name is taken.
        let waiting = folder.path().join("a.log.new");
        fs::create_dir(&waiting).expect("a folder");
        ["x"; 5].into_iter().for_each(&mut write);
        assert_eq!(kept(), [Some('c'), Some('b'), Some('a')]);
        fs::remove_dir(&waiting).expect("removed");
        // A rotation that stopped half way is taken up where it stopped.
        fs::rename(rotated(&path, 2), folder.path().join("aside")).expect("renamed");
        fs::rename(rotated(&path, 1), rotated(&path, 2)).expect("renamed");
        write("d");
        assert_eq!(kept()[1..], [Some('c'), Some('b')]);
        assert!(!waiting.exists());
    }
}
