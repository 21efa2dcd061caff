//! Many files at once: a few threads take from one list, the caller's thread tells the progress.

use super::blob::ensure_blob;
use super::{DownloadError, Downloader, Wanted};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};

enum Report {
    /// Bytes gained, or lost when a file had to be started again.
    Bytes(i64),
    Ended(usize, Result<PathBuf, DownloadError>),
}

pub(super) fn fetch_all(
    downloader: &Downloader,
    wanted: &[Wanted],
    cache_dir: &Path,
    progress: &dyn Fn(u64),
) -> Result<Vec<PathBuf>, DownloadError> {
    std::fs::create_dir_all(cache_dir)
        .map_err(|source| DownloadError::Disk { path: cache_dir.to_owned(), source })?;
    let next = AtomicUsize::new(0);
    let failed = AtomicBool::new(false);
    let (sender, reports) = channel();
    let mut paths = vec![PathBuf::new(); wanted.len()];
    let mut failure = None;
    std::thread::scope(|scope| {
        for _ in 0..downloader.settings().parallel.clamp(1, wanted.len().max(1)) {
            let sender = sender.clone();
            let (next, failed) = (&next, &failed);
            scope.spawn(move || take(downloader, wanted, cache_dir, &(next, failed, sender)));
        }
        drop(sender);
        let mut done = 0_i64;
        for report in reports {
            match report {
                Report::Bytes(gained) => {
                    done += gained;
                    progress(done.max(0) as u64);
                }
                Report::Ended(index, Ok(path)) => paths[index] = path,
                Report::Ended(_, Err(error)) => {
                    failed.store(true, Ordering::Relaxed);
                    failure.get_or_insert(error);
                }
            }
        }
    });
    failure.map_or(Ok(paths), Err)
}

/// One thread: takes wanted files until there are none left, or one has failed.
fn take(
    downloader: &Downloader,
    wanted: &[Wanted],
    cache_dir: &Path,
    (next, failed, sender): &(&AtomicUsize, &AtomicBool, Sender<Report>),
) {
    while !failed.load(Ordering::Relaxed) {
        let index = next.fetch_add(1, Ordering::Relaxed);
        let Some(item) = wanted.get(index) else { return };
        // The receiver lives until every thread has ended, so sending cannot fail.
        let count = |bytes: i64| drop(sender.send(Report::Bytes(bytes)));
        let ended = ensure_blob(downloader, item, cache_dir, &count);
        drop(sender.send(Report::Ended(index, ended)));
    }
}
