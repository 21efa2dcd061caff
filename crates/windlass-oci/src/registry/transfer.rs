//! Many blobs at once: a few threads take from one list, the caller's thread hears of progress.

use super::RegistryError;
use serde::Serialize;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use windlass_model::Digest;

/// What became of one blob.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BlobReport {
    /// Its digest.
    pub digest: Digest,
    /// Its size in bytes.
    pub size: u64,
    /// What was done.
    #[serde(flatten)]
    pub how: How,
}

/// What was done with a blob.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "how")]
pub enum How {
    /// It was there already.
    Existed,
    /// The registry took it from another repository of its own.
    Mounted {
        /// The repository.
        from: String,
    },
    /// It was sent.
    Uploaded {
        /// How often a broken transfer went on where it broke.
        resumed: u32,
    },
    /// It was fetched.
    Downloaded {
        /// How often a broken transfer went on where it broke.
        resumed: u32,
    },
}

/// What happens in a push or a pull, on the caller's thread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Transfer {
    /// So much is to be looked at in all.
    Total {
        /// Sizes of all blobs together, in bytes.
        bytes: u64,
        /// How many blobs.
        blobs: usize,
    },
    /// So much is done; what had not to be moved counts as done.
    Moved {
        /// Bytes since the beginning.
        bytes: u64,
    },
    /// One blob is done.
    Blob(BlobReport),
}

enum Report {
    Bytes(i64),
    Ended(usize, Result<BlobReport, RegistryError>),
}

/// One blob's work, which tells how many bytes it gained, or lost when it had to begin again.
pub(super) type Work<'a, T> =
    &'a (dyn Fn(&T, &dyn Fn(i64)) -> Result<BlobReport, RegistryError> + Sync);

/// Does `work` for every item, `parallel` at a time; the reports come in the order of the items.
/// After a failure nothing new is begun, and the first failure is the result.
pub(super) fn each<T: Sync>(
    items: &[T],
    parallel: usize,
    work: Work<'_, T>,
    hear: &dyn Fn(Transfer),
) -> Result<Vec<BlobReport>, RegistryError> {
    let (next, failed) = (AtomicUsize::new(0), AtomicBool::new(false));
    let (sender, reports) = channel();
    let mut done: Vec<Option<BlobReport>> = items.iter().map(|_| None).collect();
    let mut failure = None;
    std::thread::scope(|scope| {
        for _ in 0..parallel.clamp(1, items.len().max(1)) {
            let (sender, next, failed) = (sender.clone(), &next, &failed);
            scope.spawn(move || {
                while !failed.load(Ordering::Relaxed) {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(index) else { return };
                    // The receiver lives until every thread has ended, so sending cannot fail.
                    let count = |bytes: i64| drop(sender.send(Report::Bytes(bytes)));
                    let ended = work(item, &count);
                    failed.fetch_or(ended.is_err(), Ordering::Relaxed);
                    drop(sender.send(Report::Ended(index, ended)));
                }
            });
        }
        drop(sender);
        let mut bytes = 0_i64;
        for report in reports {
            match report {
                Report::Bytes(gained) => {
                    bytes += gained;
                    hear(Transfer::Moved { bytes: bytes.max(0).unsigned_abs() });
                }
                Report::Ended(index, Ok(report)) => {
                    hear(Transfer::Blob(report.clone()));
                    done[index] = Some(report);
                }
                Report::Ended(_, Err(error)) => drop(failure.get_or_insert(error)),
            }
        }
    });
    failure.map_or_else(|| Ok(done.into_iter().flatten().collect()), Err)
}
