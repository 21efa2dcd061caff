//! What a wheel's archive may list: nothing that leaves its folder, twice, or without end.

use crate::wheels::wheel_error::WheelError;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use zip::ZipArchive;

const MAX_ENTRIES: usize = 200_000;
const MAX_BYTES: u64 = 32 << 30;

/// The archive's files with their numbers, once every path and size is found harmless.
pub(super) fn check_paths(
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
