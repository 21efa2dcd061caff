//! Log files of lines: buffered by whoever writes, put away at a size, bounded in number.
//!
//! A log never stops the edge: lines that the disk refuses are dropped and counted.

use std::cell::RefCell;
use std::fmt::Display;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// A file that all threads of the edge write lines to.
#[derive(Debug)]
pub(crate) struct LineFile {
    open: Mutex<Open>,
    path: PathBuf,
    max_bytes: u64,
    kept: u32,
    dropped: AtomicU64,
}

#[derive(Debug)]
struct Open {
    file: File,
    bytes: u64,
}

/// One thread's lines on their way to a file.
#[derive(Debug)]
pub(crate) struct LineBuffer(RefCell<Vec<u8>>);

impl LineFile {
    /// Opens `path` for appending.
    pub(crate) fn open(path: PathBuf, max_bytes: u64, kept: u32) -> io::Result<Self> {
        let open = Open::at(&path)?;
        Ok(Self { open: Mutex::new(open), path, max_bytes, kept, dropped: AtomicU64::new(0) })
    }

    /// Writes whole lines.
    pub(crate) fn write(&self, lines: &[u8]) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.bytes > 0 && open.bytes + lines.len() as u64 > self.max_bytes {
            self.put_away(&mut open);
        }
        if open.file.write_all(lines).is_ok() {
            open.bytes += lines.len() as u64;
        } else {
            // What was written of the lines would run into the next one.
            let _ = open.file.set_len(open.bytes);
            let count = memchr::memchr_iter(b'\n', lines).count() as u64;
            self.dropped.fetch_add(count, Ordering::Relaxed);
        }
    }

    /// Lines that the disk refused.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Where this fails the old file simply grows: losing lines would be worse. The next file is
    /// there before anything moves, and what was put away moves up only to fill a gap or when the
    /// last one is to go, so that trying again and again costs no history.
    fn put_away(&self, open: &mut Open) {
        let next = self.beside("new");
        let Ok(fresh) = Open::at(&next) else { return };
        let vacant = (1..self.kept).find(|&number| !self.beside(number).exists());
        for number in (1..vacant.unwrap_or(self.kept)).rev() {
            let _ = fs::rename(self.beside(number), self.beside(number + 1));
        }
        let moved = if self.kept == 0 {
            fs::remove_file(&self.path)
        } else {
            fs::rename(&self.path, self.beside(1))
        };
        let moved = moved.is_ok() || !self.path.exists();
        if moved && fs::rename(&next, &self.path).is_ok() {
            *open = fresh;
        }
    }

    fn beside(&self, suffix: impl Display) -> PathBuf {
        let mut name = self.path.as_os_str().to_owned();
        name.push(format!(".{suffix}"));
        name.into()
    }
}

impl Open {
    fn at(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().append(true).create(true).mode(0o640).open(path)?;
        let bytes = file.metadata()?.len();
        Ok(Self { file, bytes })
    }
}

impl LineBuffer {
    const SIZE: usize = 64 << 10;

    pub(crate) fn new() -> Self {
        Self(RefCell::new(Vec::with_capacity(Self::SIZE)))
    }

    /// Adds a line, given without its end, and writes to `file` what is full.
    pub(crate) fn line(&self, file: &LineFile, fill: impl FnOnce(&mut Vec<u8>)) {
        let mut buffer = self.0.borrow_mut();
        fill(&mut buffer);
        buffer.push(b'\n');
        if buffer.len() > Self::SIZE - 2_048 {
            file.write(&buffer);
            buffer.clear();
        }
    }

    /// Writes what there is.
    pub(crate) fn flush(&self, file: &LineFile) {
        let mut buffer = self.0.borrow_mut();
        if !buffer.is_empty() {
            file.write(&buffer);
            buffer.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_bounded_in_size_and_number() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("access.jsonl");
        let file = LineFile::open(path.clone(), 100, 2).unwrap();
        for number in 0..50 {
            file.write(format!("line {number:04}\n").as_bytes());
        }
        let mut names: Vec<_> = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(names, ["access.jsonl", "access.jsonl.1", "access.jsonl.2"]);
        assert!(fs::read_to_string(&path).unwrap().ends_with("line 0049\n"));
        assert!(names.iter().all(|n| fs::metadata(folder.path().join(n)).unwrap().len() <= 100));
        assert_eq!(file.dropped(), 0);
    }

    #[test]
    fn a_file_that_cannot_be_put_away_costs_no_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("access.jsonl");
        let file = LineFile::open(path.clone(), 10, 3).unwrap();
        let read = |name: &str| fs::read_to_string(folder.path().join(name)).ok();
        let write = |lines: &[&str]| lines.iter().for_each(|line| file.write(line.as_bytes()));
        write(&["one-----\n", "two-----\n"]);
        // The next file cannot be made.
        let blocked = folder.path().join("access.jsonl.new");
        fs::create_dir(&blocked).unwrap();
        write(&["three\n", "four\n", "five\n", "six\n"]);
        assert_eq!(read("access.jsonl.1").as_deref(), Some("one-----\n"));
        assert_eq!(read("access.jsonl").as_deref(), Some("two-----\nthree\nfour\nfive\nsix\n"));
        fs::remove_dir(&blocked).unwrap();
        write(&["seven\n"]);
        assert_eq!(read("access.jsonl.2").as_deref(), Some("one-----\n"));
        assert_eq!(read("access.jsonl").as_deref(), Some("seven\n"));
        // Somebody took the file in use away: the lines go on in the next.
        fs::remove_file(&path).unwrap();
        write(&["eight\n", "nine-\n"]);
        assert_eq!(read("access.jsonl").as_deref(), Some("nine-\n"));
        assert_eq!(read("access.jsonl.3").as_deref(), Some("one-----\n"));
        assert_eq!(file.dropped(), 0);
    }
}
