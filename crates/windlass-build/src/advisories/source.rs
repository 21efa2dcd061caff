//! Where advisories are read from: a file, a folder, an archive of many, a URL.

use super::osv::{List, Record};
use super::{AdvisoryError, Scan};
use crate::download::Downloader;
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::fs::File;
use std::io::{Cursor, Read, Seek};
use std::path::{Path, PathBuf};

/// Largest document, in bytes: the tracker's is some 100 MB.
const DOCUMENT_LIMIT: u64 = 512 << 20;
/// Largest archive that is downloaded, in bytes.
const ARCHIVE_LIMIT: u64 = 1 << 30;
/// Largest record of an archive, in bytes.
const RECORD_LIMIT: u64 = 16 << 20;
/// All records of an archive, in bytes.
const TOTAL_LIMIT: u64 = 8 << 30;
/// Files of a folder, or of an archive.
const COUNT_LIMIT: u64 = 2_000_000;
/// How deep folders are looked into.
const DEPTH_LIMIT: usize = 8;

/// Reads a source of advisories into a scan: the path of a JSON file, of a zip archive of such
/// files or of a folder of both (relative to `base`), or an `http` or `https` URL of a file.
///
/// # Errors
/// Anything that cannot be read or understood, and a source without a single advisory.
pub fn read_all(
    scan: &mut Scan,
    source: &str,
    base: &Path,
    downloader: &Downloader,
) -> Result<(), AdvisoryError> {
    let before = scan.read;
    if source.starts_with("https://") || source.starts_with("http://") {
        let bytes = downloader.get(source, ARCHIVE_LIMIT)?;
        let shown = source.split(['?', '#']).next().unwrap_or_default();
        let shown = shown.rsplit('@').next().unwrap_or_default();
        bytes_of(scan, &bytes, shown)?;
    } else {
        let path = base.join(source.strip_prefix("file://").unwrap_or(source));
        let about = std::fs::metadata(&path).map_err(disk(&path))?;
        if about.is_dir() {
            folder(scan, &path)?;
        } else {
            file(scan, &path)?;
        }
    }
    if scan.read == before {
        return Err(AdvisoryError::Empty { origin: source.to_owned() });
    }
    Ok(())
}

fn folder(scan: &mut Scan, path: &Path) -> Result<(), AdvisoryError> {
    let mut folders = vec![(path.to_owned(), 0)];
    let mut files: Vec<PathBuf> = Vec::new();
    while let Some((folder, depth)) = folders.pop() {
        for entry in std::fs::read_dir(&folder).map_err(disk(&folder))? {
            let entry = entry.map_err(disk(&folder))?;
            let kind = entry.file_type().map_err(disk(&folder))?;
            if kind.is_dir() && depth < DEPTH_LIMIT {
                folders.push((entry.path(), depth + 1));
            }
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if kind.is_file() && (name.ends_with(".json") || name.ends_with(".zip")) {
                files.push(entry.path());
            }
            if files.len() as u64 > COUNT_LIMIT {
                return Err(too_large(&path.display().to_string(), COUNT_LIMIT, "files"));
            }
        }
    }
    files.sort();
    files.iter().try_for_each(|path| file(scan, path))
}

fn file(scan: &mut Scan, path: &Path) -> Result<(), AdvisoryError> {
    let origin = path.display().to_string();
    let mut file = File::open(path).map_err(disk(path))?;
    let mut head = [0_u8; 4];
    let read = file.read(&mut head).map_err(disk(path))?;
    file.rewind().map_err(disk(path))?;
    if is_zip(&head[..read]) {
        return archive(scan, file, &origin);
    }
    let bytes = limited(&mut file, DOCUMENT_LIMIT, &origin, path)?;
    document(scan, &bytes, &origin)
}

fn bytes_of(scan: &mut Scan, bytes: &[u8], origin: &str) -> Result<(), AdvisoryError> {
    if is_zip(bytes) {
        archive(scan, Cursor::new(bytes), origin)
    } else {
        document(scan, bytes, origin)
    }
}

fn is_zip(head: &[u8]) -> bool {
    head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06")
}

/// An archive of records, as OSV publishes one for each ecosystem.
fn archive<R: Read + Seek>(scan: &mut Scan, reader: R, origin: &str) -> Result<(), AdvisoryError> {
    let failed = |origin: String| move |source| AdvisoryError::Archive { origin, source };
    let mut archive = zip::ZipArchive::new(reader).map_err(failed(origin.to_owned()))?;
    if archive.len() as u64 > COUNT_LIMIT {
        return Err(too_large(origin, COUNT_LIMIT, "files"));
    }
    let mut total = 0_u64;
    for index in 0..archive.len() {
        let mut entry =
            archive.by_index(index).map_err(failed(format!("{origin}, file {index}")))?;
        let name = String::from_utf8_lossy(entry.name_raw()).into_owned();
        if Path::new(&name).extension().is_none_or(|ending| ending != "json") {
            continue;
        }
        let place = format!("{origin}, {}", name.escape_debug());
        let bytes = limited(&mut entry, RECORD_LIMIT, &place, Path::new(origin))?;
        total += bytes.len() as u64;
        if total > TOTAL_LIMIT {
            return Err(too_large(origin, TOTAL_LIMIT, "bytes"));
        }
        document(scan, &bytes, &place)?;
    }
    Ok(())
}

/// Which form a document has.
#[derive(Deserialize)]
struct Probe {
    id: Option<IgnoredAny>,
    vulns: Option<IgnoredAny>,
}

fn document(scan: &mut Scan, bytes: &[u8], origin: &str) -> Result<(), AdvisoryError> {
    let invalid = |source| AdvisoryError::Invalid { origin: origin.to_owned(), source };
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    let records = if first == Some(&b'[') {
        serde_json::from_slice::<Vec<Record>>(bytes).map_err(invalid)?
    } else {
        match serde_json::from_slice::<Probe>(bytes).map_err(invalid)? {
            Probe { id: Some(_), .. } => vec![serde_json::from_slice(bytes).map_err(invalid)?],
            Probe { vulns: Some(_), .. } => {
                serde_json::from_slice::<List>(bytes).map_err(invalid)?.vulns
            }
            Probe { .. } => {
                scan.read += scan.judge.tracker(bytes).map_err(invalid)?;
                return Ok(());
            }
        }
    };
    for record in &records {
        if record.id.is_empty() {
            let source = serde::de::Error::missing_field("id");
            return Err(invalid(source));
        }
        scan.judge.record(record);
    }
    scan.read += records.len() as u64;
    Ok(())
}

fn limited(
    reader: &mut dyn Read,
    limit: u64,
    origin: &str,
    path: &Path,
) -> Result<Vec<u8>, AdvisoryError> {
    let mut bytes = Vec::new();
    reader.take(limit + 1).read_to_end(&mut bytes).map_err(disk(path))?;
    if bytes.len() as u64 > limit { Err(too_large(origin, limit, "bytes")) } else { Ok(bytes) }
}

fn too_large(origin: &str, limit: u64, unit: &'static str) -> AdvisoryError {
    AdvisoryError::TooLarge { origin: origin.to_owned(), limit, unit }
}

fn disk(path: &Path) -> impl FnOnce(std::io::Error) -> AdvisoryError {
    let path = path.to_owned();
    |source| AdvisoryError::Disk { path, source }
}
