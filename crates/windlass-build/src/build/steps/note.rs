//! What is remembered of commands that were run, beside the layer that they gave.

use super::BuildStepError;
use serde::{Deserialize, Serialize};
use std::io::Write as _;
use std::path::Path;
use windlass_model::Digest;

/// One run of all commands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Note {
    /// Files that were made or changed.
    pub(super) files: usize,
    /// Whether there is no layer.
    pub(super) empty: bool,
    /// The last lines of a collectstatic that failed.
    pub(super) uncollected: Option<Vec<String>>,
    /// What cannot be in an image.
    pub(super) skipped: Vec<String>,
    /// What was left that runs on one kind of machine only, as paths in the image.
    pub(super) programs: Vec<String>,
}

impl Note {
    pub(super) fn read(folder: &Path, key: &Digest) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(folder.join(key.hex())).ok()?).ok()
    }

    pub(super) fn write(&self, folder: &Path, key: &Digest) -> Result<(), BuildStepError> {
        let path = folder.join(key.hex());
        let write = || {
            std::fs::create_dir_all(folder)?;
            let mut file = tempfile::NamedTempFile::new_in(folder)?;
            file.write_all(&serde_json::to_vec(self).map_err(std::io::Error::other)?)?;
            file.as_file().sync_all()?;
            file.persist(&path).map(drop).map_err(|error| error.error)
        };
        write().map_err(|source| BuildStepError::Disk { path: path.clone(), source })
    }
}
