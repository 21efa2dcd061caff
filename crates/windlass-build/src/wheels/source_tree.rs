//! A folder of sources to build from: its digest, and a copy that a build may write to.
//!
//! Builds leave remains in the folder they run in (`build`, `*.egg-info`), and a project's folder
//! is not ours to write to. What no build should read (virtual environments, caches, history) is
//! neither hashed nor copied.

use sha2::{Digest as _, Sha256};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use windlass_model::Digest;

const LEFT_OUT: [&str; 7] =
    ["__pycache__", "node_modules", "venv", "env", "build", "dist", "site-packages"];

/// The files of a source folder, sorted, relative to it.
#[derive(Debug)]
pub(super) struct SourceTree {
    root: PathBuf,
    files: Vec<PathBuf>,
}

impl SourceTree {
    /// Lists a folder. Links are not followed; they are left out.
    pub(super) fn read(root: &Path) -> io::Result<Self> {
        let mut files = Vec::new();
        let mut folders = vec![PathBuf::new()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(root.join(&folder))? {
                let entry = entry?;
                let name = entry.file_name();
                let text = name.to_string_lossy();
                let path = folder.join(&name);
                let kind = entry.file_type()?;
                let hidden_folder = kind.is_dir() && text.starts_with('.');
                let remains = text.ends_with(".pyc") || text.ends_with(".egg-info");
                // A package may well be called `build`: only the top level holds remains.
                let left_out = LEFT_OUT.contains(&text.as_ref())
                    && (folder.as_os_str().is_empty() || text == "__pycache__");
                if hidden_folder || remains || left_out {
                    continue;
                }
                if kind.is_dir() {
                    folders.push(path);
                } else if kind.is_file() {
                    files.push(path);
                }
            }
        }
        files.sort();
        Ok(Self { root: root.to_owned(), files })
    }

    /// SHA-256 over every name, executable bit and content.
    pub(super) fn digest(&self) -> io::Result<Digest> {
        let mut hash = Sha256::new();
        for file in &self.files {
            let path = self.root.join(file);
            let executable = path.metadata()?.permissions().mode() & 0o111 != 0;
            let bytes = std::fs::read(path)?;
            for part in [file.as_os_str().as_encoded_bytes(), &[u8::from(executable)], &bytes] {
                hash.update((part.len() as u64).to_le_bytes());
                hash.update(part);
            }
        }
        Ok(Digest::from_bytes(hash.finalize().into()))
    }

    /// Copies the files into a folder, readable by all: whoever builds may be another user.
    pub(super) fn copy_to(&self, target: &Path) -> io::Result<()> {
        for file in &self.files {
            let place = target.join(file);
            let mut folder = target.to_owned();
            for part in file.parent().into_iter().flat_map(Path::components) {
                folder.push(part);
                if !folder.is_dir() {
                    std::fs::create_dir(&folder)?;
                    open_to_all(&folder, 0o755)?;
                }
            }
            std::fs::copy(self.root.join(file), &place)?;
            let executable = place.metadata()?.permissions().mode() & 0o111 != 0;
            open_to_all(&place, if executable { 0o755 } else { 0o644 })?;
        }
        Ok(())
    }
}

fn open_to_all(path: &Path, mode: u32) -> io::Result<()> {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn remains_count_neither_for_the_digest_nor_for_the_copy() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path();
        fs::create_dir_all(root.join("src/pkg/build")).expect("folders");
        fs::write(root.join("src/pkg/build/a.py"), "1").expect("written");
        fs::write(root.join("pyproject.toml"), "").expect("written");
        let before = SourceTree::read(root).expect("listed").digest().expect("hashed");
        for remains in ["build", ".git", "src/pkg/__pycache__", "src/pkg.egg-info"] {
            fs::create_dir_all(root.join(remains)).expect("folders");
            fs::write(root.join(remains).join("x"), "x").expect("written");
        }
        let tree = SourceTree::read(root).expect("listed");
        assert_eq!(tree.digest().expect("hashed"), before);
        let copy = tempfile::tempdir().expect("a folder");
        tree.copy_to(copy.path()).expect("copied");
        assert!(copy.path().join("src/pkg/build/a.py").is_file());
        assert!(!copy.path().join("build").exists() && !copy.path().join(".git").exists());
        fs::write(root.join("pyproject.toml"), "x").expect("written");
        let after = SourceTree::read(root).expect("listed").digest().expect("hashed");
        assert_ne!(after, before);
    }
}
