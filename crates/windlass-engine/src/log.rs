//! Containers' logs: lines of JSON, rotated, read backwards for a tail and forwards by following.

mod follower;
mod line;
mod splitter;
mod tail;
mod writer;

pub use follower::LogFollower;
pub use line::{LogLine, LogStream};
pub(crate) use splitter::LineSplitter;
pub use tail::log_tail;
pub(crate) use writer::LogWriter;

use std::path::{Path, PathBuf};

/// The `n`th older file of a log; 0 is the log itself.
fn rotated(path: &Path, n: u32) -> PathBuf {
    if n == 0 {
        return path.to_owned();
    }
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{n}"));
    name.into()
}
