//! One file by its digest: from the cache, or fetched, resumed, checked and put there.

use super::{DownloadError, Downloader, Wanted, error::redacted};
use sha2::{Digest as _, Sha256};
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use windlass_model::Digest;

const CHUNK: usize = 64 * 1024;

/// Gives the path of a complete and checked file. `count` hears bytes gained (or lost).
pub(super) fn ensure_blob(
    downloader: &Downloader,
    wanted: &Wanted,
    cache_dir: &Path,
    count: &dyn Fn(i64),
) -> Result<PathBuf, DownloadError> {
    let place = cache_dir.join(wanted.sha256.hex());
    let part_path = cache_dir.join(format!("{}.part", wanted.sha256.hex()));
    let disk = |source| DownloadError::Disk { path: part_path.clone(), source };
    let part = loop {
        if is_intact(&place, wanted).map_err(disk)? {
            let size = std::fs::metadata(&place).map_err(disk)?.len();
            count(size as i64);
            return Ok(place);
        }
        if let Some(part) = open_part(&part_path).map_err(disk)? {
            break part;
        }
    };
    // Another process may have finished the file while this one waited for the lock.
    if is_intact(&place, wanted).map_err(disk)? {
        std::fs::remove_file(&part_path).map_err(disk)?;
        count(std::fs::metadata(&place).map_err(disk)?.len() as i64);
        return Ok(place);
    }
    let mut part = Part { file: part, path: part_path.clone(), hash: Sha256::new(), length: 0 };
    let mut fresh = false;
    loop {
        let got = downloader.with_retries(&wanted.url, &mut || {
            part.rewind_to_end(count)?;
            part.receive(downloader, wanted, count)
        });
        match got {
            // A bad part of an earlier run, or a proxy's mistake: once more from scratch.
            Err(DownloadError::Digest { .. }) if !fresh => {
                part.restart(count)?;
                fresh = true;
            }
            Err(error) => return Err(error),
            Ok(()) => break,
        }
    }
    part.file.sync_all().map_err(disk)?;
    std::fs::rename(&part_path, &place).map_err(disk)?;
    Ok(place)
}

/// Opens and locks the unfinished file; `None` when another process renamed or removed it while
/// this one waited for the lock.
fn open_part(path: &Path) -> std::io::Result<Option<File>> {
    use std::os::unix::fs::MetadataExt;
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
    file.lock()?;
    match std::fs::metadata(path) {
        Ok(there) => Ok((there.ino() == file.metadata()?.ino()).then_some(file)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether the cache holds the file as it must be; a damaged one is removed.
fn is_intact(path: &Path, wanted: &Wanted) -> std::io::Result<bool> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    let mut hash = Sha256::new();
    read_into(&mut file, &mut hash)?;
    if Digest::from_bytes(hash.finalize().into()) == wanted.sha256 {
        return Ok(true);
    }
    std::fs::remove_file(path)?;
    Ok(false)
}

fn read_into(file: &mut File, hash: &mut Sha256) -> std::io::Result<u64> {
    let mut buffer = vec![0_u8; CHUNK];
    let mut total = 0;
    loop {
        let n = file.read(&mut buffer)?;
        if n == 0 {
            return Ok(total);
        }
        hash.update(&buffer[..n]);
        total += n as u64;
    }
}

/// The unfinished file, with the hash of what it holds.
struct Part {
    file: File,
    path: PathBuf,
    hash: Sha256,
    length: u64,
}

impl Part {
    fn disk(&self, source: std::io::Error) -> DownloadError {
        DownloadError::Disk { path: self.path.clone(), source }
    }

    /// Counts what an earlier run left; does nothing when the hash is already that far.
    fn rewind_to_end(&mut self, count: &dyn Fn(i64)) -> Result<(), DownloadError> {
        if self.length > 0 {
            return Ok(());
        }
        let mut read = || {
            self.file.seek(SeekFrom::Start(0))?;
            read_into(&mut self.file, &mut self.hash)
        };
        self.length = read().map_err(|source| self.disk(source))?;
        count(self.length as i64);
        Ok(())
    }

    fn restart(&mut self, count: &dyn Fn(i64)) -> Result<(), DownloadError> {
        count(-(self.length as i64));
        self.length = 0;
        self.hash = Sha256::new();
        self.file.set_len(0).map_err(|source| self.disk(source))?;
        self.file.seek(SeekFrom::Start(0)).map(|_| ()).map_err(|source| self.disk(source))
    }

    /// One request: the rest of the file, its end checked.
    fn receive(
        &mut self,
        downloader: &Downloader,
        wanted: &Wanted,
        count: &dyn Fn(i64),
    ) -> Result<(), DownloadError> {
        if wanted.size.is_some_and(|size| size == self.length) {
            return self.check(wanted);
        }
        let mut answer = downloader.request(&wanted.url, self.length)?;
        if answer.status().as_u16() == 416 {
            self.restart(count)?;
            answer = downloader.request(&wanted.url, 0)?;
        }
        let continues =
            answer.status().as_u16() == 206 && content_range_start(&answer) == Some(self.length);
        if !continues && self.length > 0 {
            self.restart(count)?;
        }
        let announced = answer.body().content_length().map(|rest| rest + self.length);
        let expected = wanted.size.or(announced);
        let limit = expected.unwrap_or(u64::MAX);
        let mut body = answer.body_mut().as_reader();
        let mut buffer = vec![0_u8; CHUNK];
        loop {
            let n = match body.read(&mut buffer) {
                Ok(0) => break,
                Ok(n) => n,
                Err(source) => return Err(self.cut_off(&wanted.url, Some(source))),
            };
            self.file.write_all(&buffer[..n]).map_err(|source| self.disk(source))?;
            self.hash.update(&buffer[..n]);
            self.length += n as u64;
            count(n as i64);
            if self.length > limit {
                break;
            }
        }
        if expected.is_some_and(|size| self.length < size) {
            return Err(self.cut_off(&wanted.url, None));
        }
        self.check(wanted)
    }

    fn cut_off(&self, url: &str, source: Option<std::io::Error>) -> DownloadError {
        DownloadError::CutOff { url: redacted(url), received: self.length, source }
    }

    fn check(&self, wanted: &Wanted) -> Result<(), DownloadError> {
        let actual = Digest::from_bytes(self.hash.clone().finalize().into());
        if actual == wanted.sha256 {
            return Ok(());
        }
        let expected = wanted.sha256;
        Err(DownloadError::Digest { url: redacted(&wanted.url), expected, actual })
    }
}

/// The first byte's number of a `Content-Range: bytes 100-199/200`.
fn content_range_start(answer: &http::Response<ureq::Body>) -> Option<u64> {
    let value = answer.headers().get("content-range")?.to_str().ok()?;
    value.strip_prefix("bytes ")?.split('-').next()?.trim().parse().ok()
}
