//! The last routing table on disk, so that the edge starts without anybody's help.
//!
//! Two lines of JSON: a head `{"version":1,"sha256":"..."}` and the table that it vouches for.
//! Decoding is pure. Writing is temp, fsync, rename, fsync of the folder, and is complete before
//! the table is used. A file that cannot be trusted is set aside, never overwritten or half used.

use crate::{RouteTable, TableError};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

const VERSION: u32 = 1;
/// Far above any real table; keeps a wrong path from filling memory.
const SIZE_LIMIT: usize = 64 << 20;

/// Why a snapshot cannot be trusted, or could not be written.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The head line is not there or not readable.
    #[error("the snapshot has no readable head line")]
    NoHead,
    /// Another version of Windlass wrote it.
    #[error("the snapshot has version {found}, this edge reads {VERSION}")]
    Version {
        /// What it says.
        found: u32,
    },
    /// The content is not what was written.
    #[error("the snapshot's content has the checksum {found}, its head says {wanted}")]
    Checksum {
        /// What the head says.
        wanted: String,
        /// What the content has.
        found: String,
    },
    /// The content is whole and yet no table.
    #[error("the snapshot holds no routing table")]
    Json(#[source] serde_json::Error),
    /// The table is whole and cannot be used.
    #[error("the snapshot's table cannot be used")]
    Table(#[source] TableError),
    /// The disk refused.
    #[error("cannot {action} {path}")]
    Io {
        /// What was tried: `read`, `write`.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
}

#[derive(Serialize, Deserialize)]
struct Head {
    version: u32,
    sha256: String,
}

/// The bytes of a snapshot.
pub fn encode(table: &RouteTable) -> Vec<u8> {
    let body = serde_json::to_vec(table)
        .unwrap_or_else(|error| unreachable!("a table has only plain fields: {error}"));
    let head = Head { version: VERSION, sha256: hex(&body) };
    let mut bytes = serde_json::to_vec(&head)
        .unwrap_or_else(|error| unreachable!("a head has only plain fields: {error}"));
    bytes.push(b'\n');
    bytes.extend_from_slice(&body);
    bytes.push(b'\n');
    bytes
}

/// The table of a snapshot, if its version, checksum and content are all right.
pub fn decode(bytes: &[u8]) -> Result<RouteTable, SnapshotError> {
    let split = bytes.iter().position(|&b| b == b'\n').ok_or(SnapshotError::NoHead)?;
    let head: Head = serde_json::from_slice(&bytes[..split]).map_err(|_| SnapshotError::NoHead)?;
    if head.version != VERSION {
        return Err(SnapshotError::Version { found: head.version });
    }
    let body = bytes[split + 1..].strip_suffix(b"\n").unwrap_or(&bytes[split + 1..]);
    let found = hex(body);
    if found != head.sha256 {
        return Err(SnapshotError::Checksum { wanted: head.sha256, found });
    }
    let table: RouteTable = serde_json::from_slice(body).map_err(SnapshotError::Json)?;
    table.check().map_err(SnapshotError::Table)?;
    Ok(table)
}

/// Reads the snapshot at `path`; `None` where there is none yet.
pub(crate) fn load(path: &Path) -> Result<Option<RouteTable>, SnapshotError> {
    let failed = |source| SnapshotError::Io { action: "read", path: path.to_owned(), source };
    let bytes = match fs::metadata(path) {
        Ok(facts) if facts.len() > SIZE_LIMIT as u64 => return Err(SnapshotError::NoHead),
        Ok(_) => fs::read(path).map_err(failed)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    decode(&bytes).map(Some)
}

/// Makes `table` the snapshot at `path`, durably.
pub(crate) fn save(path: &Path, table: &RouteTable) -> Result<(), SnapshotError> {
    let failed = |source| SnapshotError::Io { action: "write", path: path.to_owned(), source };
    write_whole(path, &encode(table)).map_err(failed)
}

/// Moves a bad snapshot out of the way, to `<name>.bad`; what was there before is replaced.
pub(crate) fn set_aside(path: &Path) -> io::Result<PathBuf> {
    let aside = with_suffix(path, ".bad");
    fs::rename(path, &aside)?;
    Ok(aside)
}

fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = with_suffix(path, ".new");
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&temporary, path)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Hosts, Pool, PoolOptions, Route};

    fn table() -> RouteTable {
        let pool = Pool {
            id: "p".into(),
            targets: Vec::new(),
            standby: Vec::new(),
            options: PoolOptions::default(),
        };
        let route = Route { hosts: Hosts::Any, path_prefix: "/".into(), pool: "p".into() };
        RouteTable { generation: 7, routes: vec![route], pools: vec![pool] }
    }

    #[test]
    fn what_is_written_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("routes.json");
        assert!(load(&path).unwrap().is_none());
        save(&path, &table()).unwrap();
        assert_eq!(load(&path).unwrap(), Some(table()));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file stays");
    }

    #[test]
    fn no_damaged_snapshot_is_believed() {
        let good = encode(&table());
        for length in 0..good.len() - 1 {
            assert!(decode(&good[..length]).is_err(), "cut at {length}");
        }
        for at in 0..good.len() - 1 {
            let mut bad = good.clone();
            bad[at] ^= 1;
            assert!(decode(&bad).is_err(), "flipped at {at}");
        }
        let later = String::from_utf8(good).unwrap().replacen(":1,", ":2,", 1);
        let error = decode(later.as_bytes()).unwrap_err();
        assert!(matches!(error, SnapshotError::Version { found: 2 }), "{error}");
    }

    #[test]
    fn a_table_that_fails_its_check_is_not_believed_either() {
        let mut bad = table();
        bad.routes[0].pool = "q".into();
        assert!(matches!(decode(&encode(&bad)), Err(SnapshotError::Table(_))));
    }
}
