//! Notes on which repositories of a registry have which blobs, so that a blob that one app has
//! brought there is mounted for the next one and not sent again.
//!
//! Invariants: a note may be wrong, and then costs one request; it is small, and its loss costs a
//! transfer. Notes are replaced as a whole; of two who write at once, one's news may be lost.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use windlass_model::Digest;

/// Blobs that are noted for each registry.
const BLOBS: usize = 20_000;
/// Repositories that are noted for each blob, the latest first.
const REPOSITORIES: usize = 3;
/// Largest file of notes that is read, in bytes.
const FILE: u64 = 16 << 20;

type Notes = BTreeMap<Digest, Vec<String>>;

/// What is known of one registry.
pub(super) struct Mounts {
    path: Option<PathBuf>,
    notes: Mutex<Notes>,
}

impl Mounts {
    /// Reads the notes on a registry; none are there yet, or they are damaged: nothing is known.
    pub(super) fn read(folder: Option<&Path>, registry: &str) -> Self {
        let plain = |c: char| if c.is_ascii_alphanumeric() || c == '.' { c } else { '_' };
        let name: String = registry.chars().map(plain).collect();
        let path = folder.map(|folder| folder.join(format!("{name}.json")));
        let notes = path.as_deref().and_then(read_notes).unwrap_or_default();
        Self { path, notes: Mutex::new(notes) }
    }

    /// Other repositories than `repository` that may have the blob.
    pub(super) fn of(&self, digest: &Digest, repository: &str) -> Vec<String> {
        let notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        let noted = notes.get(digest).into_iter().flatten();
        noted.filter(|noted| *noted != repository).cloned().collect()
    }

    /// Notes that a repository has these blobs. Notes that cannot be written are no failure: what
    /// was pushed is there.
    pub(super) fn add(&self, repository: &str, digests: impl Iterator<Item = Digest>) {
        let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        let before = notes.clone();
        for digest in digests {
            let noted = notes.entry(digest).or_default();
            noted.retain(|there| there != repository);
            noted.insert(0, repository.to_owned());
            noted.truncate(REPOSITORIES);
        }
        while notes.len() > BLOBS {
            notes.pop_first();
        }
        if *notes != before {
            let _ = self.path.as_deref().map(|path| write_notes(path, &notes));
        }
    }
}

fn read_notes(path: &Path) -> Option<Notes> {
    let mut bytes = Vec::new();
    std::fs::File::open(path).ok()?.take(FILE).read_to_end(&mut bytes).ok()?;
    let pairs: BTreeMap<String, Vec<String>> = serde_json::from_slice(&bytes).ok()?;
    let known = pairs.into_iter().filter_map(|(digest, noted)| Some((digest.parse().ok()?, noted)));
    Some(known.collect())
}

fn write_notes(path: &Path, notes: &Notes) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    let texts: BTreeMap<String, &Vec<String>> =
        notes.iter().map(|(digest, noted)| (digest.to_string(), noted)).collect();
    file.write_all(&serde_json::to_vec(&texts)?)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_repositories_are_known_and_never_the_one_asked_for() {
        let dir = tempfile::tempdir().expect("a folder");
        let folder = dir.path().join("notes");
        let digest = Digest::from_bytes([7; 32]);
        for repository in ["a", "b", "c", "d", "b"] {
            Mounts::read(Some(&folder), "r.example:5000").add(repository, [digest].into_iter());
        }
        let again = Mounts::read(Some(&folder), "r.example:5000");
        assert_eq!(again.of(&digest, "x"), ["b", "d", "c"]);
        assert_eq!(again.of(&digest, "b"), ["d", "c"]);
        assert!(Mounts::read(Some(&folder), "r.example").of(&digest, "x").is_empty());
        std::fs::write(folder.join("r.example_5000.json"), "{").expect("written");
        assert!(Mounts::read(Some(&folder), "r.example:5000").of(&digest, "x").is_empty());
        Mounts::read(None, "r.example").add("a", [digest].into_iter());
    }
}
