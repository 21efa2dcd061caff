//! What the last build of each app used, so that a sweep leaves it.

use super::{CacheSweep, children};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;
use windlass_model::{AppName, Digest};

/// The folder of the records in the cache.
pub(super) const FOLDER: &str = "builds";
/// How long an app counts as known after its last build, in milliseconds: it may be built into
/// another store.
const REMEMBERED_MS: u64 = 30 * 24 * 60 * 60 * 1_000;

/// What a build used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuildRecord {
    /// Digests by which entries of the cache are named: of wheels, Debian packages, interpreters.
    pub used: BTreeSet<Digest>,
}

/// Notes what an app's build used, in the place of what its build before did.
pub(crate) fn note(cache: &Path, app: &AppName, record: &BuildRecord) -> io::Result<()> {
    let folder = cache.join(FOLDER);
    let path = folder.join(format!("{app}.json"));
    let text = serde_json::to_vec(record).map_err(io::Error::other)?;
    fs::create_dir_all(&folder)?;
    if fs::read(&path).is_ok_and(|known| known == text) {
        // Its time says when the app was last built.
        return File::options()
            .append(true)
            .open(&path)?
            .set_modified(std::time::SystemTime::now());
    }
    let mut file = tempfile::Builder::new().prefix(".tmp-").tempfile_in(&folder)?;
    file.write_all(&text)?;
    file.as_file().sync_all()?;
    file.persist(&path).map(drop).map_err(|error| error.error)
}

/// The names of what known apps' last builds used. Records of others are removed.
pub(super) fn pinned(order: &CacheSweep<'_>) -> io::Result<BTreeSet<String>> {
    let folder = order.cache.join(FOLDER);
    let mut pinned = BTreeSet::new();
    if !folder.is_dir() {
        return Ok(pinned);
    }
    for (name, path) in children(&folder)? {
        let app = name.strip_suffix(".json").unwrap_or_default();
        let record = fs::read(&path).ok().and_then(|text| serde_json::from_slice(&text).ok());
        let built = path.metadata()?.modified()?.duration_since(std::time::UNIX_EPOCH);
        let age_ms = order.now_ms.saturating_sub(built.map_or(0, |since| since.as_millis() as u64));
        let known = (order.known)(app) || age_ms < REMEMBERED_MS;
        let record: Option<BuildRecord> = record;
        match record.filter(|_| known && !app.is_empty()) {
            Some(record) => pinned.extend(record.used.iter().map(Digest::hex)),
            None if order.dry_run => {}
            None => fs::remove_file(&path)?,
        }
    }
    Ok(pinned)
}
