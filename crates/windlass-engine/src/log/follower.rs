//! Reading a log as it grows, across rotation, without missing or repeating a line.

use super::line::LogLine;
use super::rotated;
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::fs::inotify;
use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Follows one log. The log need not exist yet; its folder must.
#[derive(Debug)]
pub struct LogFollower {
    path: PathBuf,
    changes: OwnedFd,
    file: Option<File>,
    rest: Vec<u8>,
    ready: VecDeque<LogLine>,
}

/// How many older files are looked through for the one being read.
const OLDER_FILES: u32 = 64;

impl LogFollower {
    /// Follows the log at `path` from its end on.
    pub fn from_end(path: &Path) -> io::Result<Self> {
        let mut follower = Self::from_start(path)?;
        if let Some(file) = &mut follower.file {
            file.seek(SeekFrom::End(0))?;
        }
        Ok(follower)
    }

    /// Follows the log at `path` from the start of its newest file on.
    pub fn from_start(path: &Path) -> io::Result<Self> {
        let flags = inotify::CreateFlags::CLOEXEC | inotify::CreateFlags::NONBLOCK;
        let changes = inotify::init(flags)?;
        let folder = path.parent().unwrap_or(Path::new("/"));
        let watched = inotify::WatchFlags::MODIFY
            | inotify::WatchFlags::CREATE
            | inotify::WatchFlags::MOVED_TO;
        inotify::add_watch(&changes, folder, watched)?;
        let (rest, ready) = (Vec::new(), VecDeque::new());
        Ok(Self { path: path.to_owned(), changes, file: open(path)?, rest, ready })
    }

    /// The next line; `None` when none came within `timeout`.
    pub fn next(&mut self, timeout: Duration) -> io::Result<Option<LogLine>> {
        let deadline = Instant::now() + timeout;
        loop {
            if let Some(line) = self.ready.pop_front() {
                return Ok(Some(line));
            }
            // Changes are forgotten before the file is read: one that comes later wakes us.
            self.forget_changes();
            if self.read_more()? {
                continue;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(None);
            }
            let left =
                Timespec { tv_sec: left.as_secs() as i64, tv_nsec: left.subsec_nanos().into() };
            let mut fds = [PollFd::new(&self.changes, PollFlags::IN)];
            match rustix::event::poll(&mut fds, Some(&left)) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Reads what is new; whether there was anything.
    fn read_more(&mut self) -> io::Result<bool> {
        let Some(file) = &mut self.file else {
            self.file = open(&self.path)?;
            return Ok(self.file.is_some());
        };
        // Asked before reading: what was written to a file before it was rotated is read first.
        let newer = newer_file(&self.path, file)?;
        let mut chunk = Vec::new();
        file.take(256 * 1_024).read_to_end(&mut chunk)?;
        if !chunk.is_empty() {
            self.take_lines(&chunk);
            return Ok(true);
        }
        if newer.is_some() {
            self.file = newer;
            self.rest.clear();
            return Ok(true);
        }
        Ok(false)
    }

    fn take_lines(&mut self, chunk: &[u8]) {
        self.rest.extend_from_slice(chunk);
        let Some(end) = self.rest.iter().rposition(|byte| *byte == b'\n') else { return };
        let lines = self.rest[..end].split(|byte| *byte == b'\n');
        self.ready.extend(lines.filter_map(LogLine::decode));
        self.rest.drain(..=end);
    }

    fn forget_changes(&self) {
        let mut buffer = [MaybeUninit::uninit(); 4_096];
        let mut events = inotify::Reader::new(&self.changes, &mut buffer);
        while events.next().is_ok() {}
    }
}

fn open(path: &Path) -> io::Result<Option<File>> {
    match File::open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The file that follows the one being read: `None` while that is the newest. If it is not found
/// among the older ones, it was deleted, and the oldest that is left follows.
fn newer_file(path: &Path, current: &File) -> io::Result<Option<File>> {
    let inode = current.metadata()?.ino();
    let mut newer = None;
    for n in 0..OLDER_FILES {
        let Some(file) = open(&rotated(path, n))? else { break };
        if file.metadata()?.ino() == inode {
            return Ok(newer);
        }
        newer = Some(file);
    }
    Ok(newer)
}
