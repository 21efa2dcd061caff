//! Unpacking a wheel into the cache, once per digest, with everything about it checked.
//!
//! Invariants: a folder in the cache is complete; it holds the archive's files under their own
//! paths below `files`, and an index beside them; every path in it is relative, without `..`;
//! every file had the hash that RECORD gives. It does not depend on the Python or on the image:
//! where the files go is decided when an installation is planned.

use super::dist_info::{self, EntryPoint};
use super::place;
use super::record::{self, RecordHash, Recorded};
use super::wheel_error::WheelError;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufReader, Read, Write};
use std::path::{Path, PathBuf};
use windlass_model::Digest;
use zip::ZipArchive;

/// A wheel in the cache.
#[derive(Debug, Clone)]
pub(super) struct UnpackedWheel {
    /// SHA-256 of the wheel.
    pub(super) digest: Digest,
    /// The folder that its files are below.
    pub(super) files: PathBuf,
    /// What it holds.
    pub(super) index: WheelIndex,
}

/// What a wheel holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct WheelIndex {
    /// Name of its `.dist-info` folder.
    pub(super) dist_info: String,
    /// Its files, sorted by path, without RECORD and its signatures.
    pub(super) entries: Vec<WheelEntry>,
    /// Commands to make.
    pub(super) commands: Vec<EntryPoint>,
}

/// One file of a wheel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct WheelEntry {
    /// Path in the archive.
    pub(super) path: String,
    /// SHA-256 in URL-safe base64, as RECORD writes it.
    pub(super) sha256: String,
    /// Size in bytes.
    pub(super) size: u64,
    /// Whether the archive marks it executable.
    pub(super) executable: bool,
}

const MAX_ENTRIES: usize = 200_000;
const MAX_BYTES: u64 = 32 << 30;
const MAX_METADATA_BYTES: u64 = 64 << 20;
const INDEX: &str = "index.json";

/// The unpacked form of the wheel at `wheel`, whose digest has been checked, below `cache`.
pub(super) fn ensure(
    wheel: &Path,
    digest: Digest,
    cache: &Path,
) -> Result<UnpackedWheel, WheelError> {
    if let Some(known) = open_ready(digest, cache) {
        return Ok(known);
    }
    let folder = folder_of(digest, cache);
    let io = |source| WheelError::Io { path: folder.clone(), source };
    if folder.exists() {
        // Damaged, such as by a full disk: what cannot be read is made again.
        std::fs::remove_dir_all(&folder).map_err(io)?;
    }
    let scratch = place::scratch_for(&folder).map_err(io)?;
    let index = unpack(wheel, &scratch.path().join("files"))?;
    let bytes = serde_json::to_vec(&index)
        .unwrap_or_else(|error| unreachable!("an index is made of texts: {error}"));
    place::write_file(&scratch.path().join(INDEX), &bytes).map_err(io)?;
    place::put_folder(scratch, &folder).map_err(io)?;
    Ok(UnpackedWheel { digest, files: folder.join("files"), index })
}

fn folder_of(digest: Digest, cache: &Path) -> PathBuf {
    cache.join("unpacked").join(digest.hex())
}

/// A wheel that was unpacked before, and is still whole: files that a power cut emptied are told
/// by their sizes.
pub(super) fn open_ready(digest: Digest, cache: &Path) -> Option<UnpackedWheel> {
    let folder = folder_of(digest, cache);
    let bytes = std::fs::read(folder.join(INDEX)).ok()?;
    let index: WheelIndex = serde_json::from_slice(&bytes).ok()?;
    let files = folder.join("files");
    let is_whole = |entry: &WheelEntry| {
        files.join(&entry.path).symlink_metadata().is_ok_and(|found| found.len() == entry.size)
    };
    index.entries.iter().all(is_whole).then_some(UnpackedWheel { digest, files, index })
}

/// Unpacks a wheel into a new folder.
fn unpack(wheel: &Path, into: &Path) -> Result<WheelIndex, WheelError> {
    let file =
        File::open(wheel).map_err(|source| WheelError::Io { path: wheel.to_owned(), source })?;
    let mut archive =
        ZipArchive::new(BufReader::new(file)).map_err(|source| WheelError::Archive { source })?;
    let paths = check_paths(&mut archive)?;
    let dist_info = dist_info::find(paths.iter().map(|(_, path)| path.as_str()))?;
    let record_path = format!("{dist_info}/RECORD");
    dist_info::check_format(&read_text(&mut archive, &format!("{dist_info}/WHEEL"))?)?;
    let recorded = record::read(&record_path, &read_text(&mut archive, &record_path)?)?;
    let commands_path = format!("{dist_info}/entry_points.txt");
    let commands = if paths.iter().any(|(_, path)| *path == commands_path) {
        dist_info::read_entry_points(&read_text(&mut archive, &commands_path)?)?
    } else {
        Vec::new()
    };
    let mut entries = Vec::with_capacity(paths.len());
    let mut made = BTreeSet::new();
    for (index, path) in paths {
        if is_record(&path, &record_path) {
            continue;
        }
        let Some(wanted) = recorded.get(&path) else {
            return Err(WheelError::Unrecorded { entry: path });
        };
        let target = into.join(&path);
        make_parent(&target, &mut made)?;
        entries.push(extract(&mut archive, (index, path), &target, wanted)?);
    }
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(WheelIndex { dist_info, entries, commands })
}

/// RECORD cannot hold its own hash, nor those of its signatures (PEP 427).
fn is_record(path: &str, record: &str) -> bool {
    path.strip_prefix(record).is_some_and(|rest| matches!(rest, "" | ".jws" | ".p7s"))
}

fn make_parent(target: &Path, made: &mut BTreeSet<PathBuf>) -> Result<(), WheelError> {
    let Some(parent) = target.parent() else { return Ok(()) };
    if made.insert(parent.to_owned()) {
        std::fs::create_dir_all(parent)
            .map_err(|source| WheelError::Io { path: parent.to_owned(), source })?;
    }
    Ok(())
}

fn extract(
    archive: &mut ZipArchive<BufReader<File>>,
    (index, path): (usize, String),
    target: &Path,
    wanted: &Recorded,
) -> Result<WheelEntry, WheelError> {
    let io = |source| WheelError::Io { path: target.to_owned(), source };
    let mut entry = archive.by_index(index).map_err(|source| WheelError::Archive { source })?;
    let executable = entry.unix_mode().is_some_and(|mode| mode & 0o111 != 0);
    let mut file = File::create_new(target).map_err(io)?;
    let mut hash = RecordHash::for_record(&wanted.hash);
    let mut buffer = vec![0; 128 << 10];
    loop {
        // The reader compares the check sum at the end of the data.
        let count = entry
            .read(&mut buffer)
            .map_err(|source| WheelError::Entry { entry: path.clone(), source })?;
        if count == 0 {
            break;
        }
        hash.update(&buffer[..count]);
        file.write_all(&buffer[..count]).map_err(io)?;
    }
    let Some((sha256, size)) = hash.finish(wanted) else {
        return Err(WheelError::Altered { entry: path });
    };
    Ok(WheelEntry { path, sha256, size, executable })
}

/// The archive's files with their numbers, once every path and size is found harmless.
fn check_paths(
    archive: &mut ZipArchive<BufReader<File>>,
) -> Result<Vec<(usize, String)>, WheelError> {
    if archive.len() > MAX_ENTRIES {
        return Err(WheelError::TooLarge { what: "entries" });
    }
    let mut seen: BTreeMap<String, bool> = BTreeMap::new();
    let mut files = Vec::with_capacity(archive.len());
    let mut bytes = 0_u64;
    for index in 0..archive.len() {
        let entry = archive.by_index_raw(index).map_err(|source| WheelError::Archive { source })?;
        let raw = entry.name_raw();
        let name = std::str::from_utf8(raw).ok().filter(|name| is_safe(name)).ok_or_else(|| {
            WheelError::UnsafePath {
                entry: String::from_utf8_lossy(raw).escape_debug().to_string(),
            }
        })?;
        let kind = entry.unix_mode().unwrap_or(0) & 0o170_000;
        if !matches!(kind, 0 | 0o100_000 | 0o040_000) {
            return Err(WheelError::NotRegular { entry: name.to_owned() });
        }
        bytes = bytes.saturating_add(entry.size());
        let (path, is_dir) = match name.strip_suffix('/') {
            Some(path) => (path.to_owned(), true),
            None => (name.to_owned(), false),
        };
        if seen.insert(path.clone(), is_dir).is_some_and(|was_dir| !(was_dir && is_dir)) {
            return Err(WheelError::Duplicate { entry: path });
        }
        if !is_dir {
            files.push((index, path));
        }
    }
    if bytes > MAX_BYTES {
        return Err(WheelError::TooLarge { what: "bytes" });
    }
    if archive.has_duplicate_names() {
        return Err(WheelError::Duplicate { entry: "?".to_owned() });
    }
    let is_inside_file = |path: &str| {
        path.match_indices('/').any(|(at, _)| seen.get(&path[..at]).is_some_and(|is_dir| !is_dir))
    };
    match files.iter().find(|(_, path)| is_inside_file(path)) {
        Some((_, path)) => Err(WheelError::Duplicate { entry: path.clone() }),
        None => Ok(files),
    }
}

/// Relative, without empty, `.` or `..` parts, without characters that other tools read as a
/// separator or an end.
fn is_safe(name: &str) -> bool {
    let path = name.strip_suffix('/').unwrap_or(name);
    !path.is_empty()
        && path.len() < 4096
        && !path.contains(['\\', '\0', '\n', '\r'])
        && path.split('/').all(|part| !matches!(part, "" | "." | "..") && part.len() < 256)
}

fn read_text(archive: &mut ZipArchive<BufReader<File>>, path: &str) -> Result<String, WheelError> {
    let Some(index) = archive.index_for_name(path) else {
        return Err(WheelError::Missing { file: path.to_owned() });
    };
    let entry = archive.by_index(index).map_err(|source| WheelError::Archive { source })?;
    let mut text = String::new();
    entry
        .take(MAX_METADATA_BYTES)
        .read_to_string(&mut text)
        .map_err(|source| WheelError::Entry { entry: path.to_owned(), source })?;
    Ok(text)
}
