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

    /// Moves each file one number up; the oldest is replaced by the one before it.
    fn rotate(&mut self) -> io::Result<()> {
        self.file = None;
        for n in (0..self.spec.keep).rev() {
            match fs::rename(rotated(&self.spec.path, n), rotated(&self.spec.path, n + 1)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        if self.spec.keep == 0 {
            fs::remove_file(&self.spec.path)?;
        }
        self.reopen()
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
