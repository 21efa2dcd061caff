//! The build cache: how it is kept from being swept under a build, and how it stays below a size.
//!
//! Everything in it can be fetched or made again; what it costs is time. So the sweep removes what
//! was not used for the longest time first, and never what the last build of a known app used.
//! Invariants: who builds holds the cache shared, who sweeps holds it alone; an entry goes as a
//! whole, by another name first, so that half of one is never taken for one.

mod record;

pub use record::BuildRecord;
pub(crate) use record::note;

use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use windlass_oci::{Descriptor, Freed, ImageStore, RemoveFolder, used};

/// What the cache may hold when nothing else is said, in bytes: several large projects, with all
/// that their next builds would fetch, unpack and compile otherwise.
pub const CACHE_BYTES: u64 = 10_000_000_000;

/// Folders of the cache whose entries are in folders of their own.
const NESTED: [&str; 1] = ["debian"];
/// Folders that are one entry: another program keeps order in them.
const WHOLE: [&str; 1] = ["uv-cache"];
/// Folders that are no entries: small, and needed by every build.
const KEPT: [&str; 3] = ["uv-tool", "uv-home", record::FOLDER];
/// The shelf's notes.
const NOTES: &str = "layers";

/// How to sweep a cache.
#[derive(Clone, Copy)]
pub struct CacheSweep<'a> {
    /// The cache.
    pub cache: &'a Path,
    /// The store that the shelf's layers are in.
    pub store: &'a ImageStore,
    /// What may be left, in bytes; what known apps use stays even above it.
    pub limit_bytes: u64,
    /// Whether an app is known, by its name.
    pub known: &'a dyn Fn(&str) -> bool,
    /// Now, in milliseconds since the Unix epoch.
    pub now_ms: u64,
    /// Only count.
    pub dry_run: bool,
    /// Removes a folder with all that is in it.
    pub remove: RemoveFolder<'a>,
}

/// What a sweep of the cache did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CacheSwept {
    /// What was removed, by kind: `wheels`, `debian/debs`.
    pub freed: BTreeMap<String, Freed>,
    /// What is left, in bytes.
    pub left_bytes: u64,
}

/// Keeps the cache from being swept, until the file is dropped.
///
/// # Errors
/// A cache that cannot be written.
pub fn hold(cache: &Path) -> io::Result<File> {
    let file = lock_file(cache)?;
    file.lock_shared()?;
    Ok(file)
}

/// Sweeps the cache; `None` when a build uses it now.
///
/// # Errors
/// What the disk meets.
pub fn sweep(order: &CacheSweep<'_>) -> io::Result<Option<CacheSwept>> {
    let alone = lock_file(order.cache)?;
    match alone.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(None),
        Err(TryLockError::Error(error)) => return Err(error),
    }
    let mut swept = CacheSwept::default();
    sweep_notes(order, &mut swept)?;
    let pinned = record::pinned(order)?;
    let mut entries = entries(order.cache)?;
    let mut total: u64 = entries.iter().map(|entry| entry.bytes).sum();
    // The longest unused first; of equals the path decides, so that every sweep does the same.
    entries.sort_by(|a, b| (a.broken, a.used_at, &a.path).cmp(&(b.broken, b.used_at, &b.path)));
    entries.sort_by_key(|entry| !entry.broken);
    for entry in entries {
        if !entry.broken && (total <= order.limit_bytes || is_pinned(&entry, &pinned)) {
            continue;
        }
        if !order.dry_run {
            remove(&entry.path, order.remove)?;
        }
        total -= entry.bytes;
        let freed = swept.freed.entry(entry.kind).or_default();
        *freed = freed.and(entry.bytes);
    }
    swept.left_bytes = total;
    Ok(Some(swept))
}

fn lock_file(cache: &Path) -> io::Result<File> {
    fs::create_dir_all(cache)?;
    File::options().create(true).append(true).open(cache.join(".in-use"))
}

/// One thing of the cache.
struct Entry {
    kind: String,
    path: PathBuf,
    bytes: u64,
    /// When it was last used, in seconds since the Unix epoch.
    used_at: i64,
    /// What a crash left: nobody uses it, whatever the size of the cache.
    broken: bool,
}

/// Whether its name is that of something that a known app's last build used.
fn is_pinned(entry: &Entry, pinned: &BTreeSet<String>) -> bool {
    let name = entry.path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.get(..64).is_some_and(|hex| pinned.contains(hex))
}

fn entries(cache: &Path) -> io::Result<Vec<Entry>> {
    let mut found = Vec::new();
    for (name, path) in children(cache)? {
        if KEPT.contains(&name.as_str()) || name == NOTES || !path.is_dir() {
            continue;
        }
        if WHOLE.contains(&name.as_str()) {
            found.push(entry(name, path));
        } else if NESTED.contains(&name.as_str()) {
            for (below, path) in children(&path)? {
                if path.is_dir() {
                    entries_of(&format!("{name}/{below}"), &path, &mut found)?;
                }
            }
        } else {
            entries_of(&name, &path, &mut found)?;
        }
    }
    Ok(found)
}

fn entries_of(kind: &str, folder: &Path, found: &mut Vec<Entry>) -> io::Result<()> {
    for (name, path) in children(folder)? {
        // Names of temporary folders and files begin so; other hidden files are locks.
        if name.starts_with(".tmp") || name.ends_with(".doomed") {
            found.push(Entry { broken: true, ..entry(kind.to_owned(), path) });
        } else if !name.starts_with('.') {
            found.push(entry(kind.to_owned(), path));
        }
    }
    Ok(())
}

fn entry(kind: String, path: PathBuf) -> Entry {
    let (bytes, used_at) = (used(&path), used_at(&path));
    Entry { kind, path, bytes, used_at, broken: false }
}

/// When an entry was last written or read, as far as the file system tells: its own times, and
/// those of the files right below it, one of which every use reads.
fn used_at(path: &Path) -> i64 {
    let of =
        |path: &Path| path.symlink_metadata().map_or(0, |found| found.mtime().max(found.atime()));
    let below = fs::read_dir(path).into_iter().flatten().flatten();
    let files = below.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()));
    let own = path.symlink_metadata().map_or(0, |found| {
        if found.is_dir() { found.mtime() } else { found.mtime().max(found.atime()) }
    });
    files.take(64).map(|entry| of(&entry.path())).fold(own, i64::max)
}

fn children(folder: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if let Some(name) = entry.file_name().to_str() {
            found.push((name.to_owned(), entry.path()));
        }
    }
    Ok(found)
}

fn remove(path: &Path, remove: RemoveFolder<'_>) -> io::Result<()> {
    if !path.symlink_metadata()?.is_dir() {
        return fs::remove_file(path);
    }
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".doomed");
    let doomed = path.with_file_name(name);
    fs::rename(path, &doomed)?;
    remove(&doomed)
}

/// A note of the shelf, as far as it matters here.
#[derive(Deserialize)]
struct Note {
    descriptor: Descriptor,
}

/// Removes the notes whose layers the store does not have any more.
fn sweep_notes(order: &CacheSweep<'_>, swept: &mut CacheSwept) -> io::Result<()> {
    let folder = order.cache.join(NOTES);
    if !folder.is_dir() {
        return Ok(());
    }
    for (_, path) in children(&folder)? {
        let note = fs::read(&path)?;
        let note: Option<Note> = serde_json::from_slice(&note).ok();
        if note.is_some_and(|note| order.store.holds(&note.descriptor)) {
            continue;
        }
        let bytes = used(&path);
        if !order.dry_run {
            fs::remove_file(&path)?;
        }
        let freed = swept.freed.entry(NOTES.to_owned()).or_default();
        *freed = freed.and(bytes);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
