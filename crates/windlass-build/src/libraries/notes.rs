//! The objects of layers that were made before, by the layers' keys: what a build with nothing
//! changed reads instead of the files.

use super::objects::Objects;
use std::fs;
use std::io::{self, Write as _};
use std::path::PathBuf;
use windlass_model::Digest;

/// A folder of notes, one for each layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ObjectNotes {
    pub(crate) folder: PathBuf,
}

impl ObjectNotes {
    /// Whether a layer's objects are noted.
    pub(crate) fn has(&self, key: &Digest) -> bool {
        self.path(key).is_file()
    }

    /// A layer's objects. What cannot be read is removed, so that the next build notes it anew.
    pub(crate) fn read(&self, key: &Digest) -> io::Result<Objects> {
        let path = self.path(key);
        let bytes = fs::read(&path)?;
        serde_json::from_slice(&bytes).map_err(|error| match fs::remove_file(&path) {
            Ok(()) => error.into(),
            Err(failed) => failed,
        })
    }

    /// Notes a layer's objects.
    pub(crate) fn write(&self, key: &Digest, objects: &Objects) -> io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
        file.write_all(&serde_json::to_vec(objects)?)?;
        file.as_file().sync_all()?;
        file.persist(self.path(key)).map(drop).map_err(|error| error.error)
    }

    /// Where a layer's note is.
    pub(crate) fn path(&self, key: &Digest) -> PathBuf {
        self.folder.join(key.hex())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::elf::ElfFacts;

    #[test]
    fn notes_read_back_and_damage_goes_away() {
        let folder = tempfile::tempdir().expect("a folder");
        let notes = ObjectNotes { folder: folder.path().join("objects") };
        let key = Digest::from_bytes([7; 32]);
        assert!(!notes.has(&key));
        let facts = ElfFacts { needed: vec!["libz.so.1".to_owned()], ..ElfFacts::default() };
        let objects = Objects { files: [("a.so".to_owned(), facts)].into(), ..Objects::default() };
        notes.write(&key, &objects).expect("written");
        assert_eq!(notes.read(&key).expect("readable"), objects);
        fs::write(notes.path(&key), "{").expect("damaged");
        assert!(notes.read(&key).is_err() && !notes.has(&key));
    }
}
