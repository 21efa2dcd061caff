//! A project's files written out for commands to work on, and what the commands made of them.
//!
//! Owners, times and all mode bits but one are left behind. What was removed becomes a whiteout
//! (image-spec, `layer.md`), so that the result is the same whether the layer lies above the
//! project's own or not. Bytecode that a command left is dropped: it holds times, and the layer has
//! its own.

use super::{ProjectError, ProjectFile, ProjectFiles, bytecode_entries, stays_inside};
use crate::image::Interpreter;
use crate::image::bytecode::bytecode_path;
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use windlass_model::{BuildSpec, Digest, PythonVersion};
use windlass_oci::{Content, EntryKind, LayerEntry};

/// What lies below the project after commands have run, as far as it differs.
#[derive(Debug)]
pub(crate) struct Changes {
    files: Vec<ProjectFile>,
    /// What is gone, without what lay below it.
    removed: Vec<String>,
    /// What cannot be in an image.
    pub(crate) skipped: Vec<String>,
    /// Files and folders, and their bytes, for limits.
    pub(crate) count: u64,
    pub(crate) bytes: u64,
}

/// Prefix of a whiteout's name (image-spec, `layer.md`).
const WHITEOUT: &str = ".wh.";

impl ProjectFiles {
    /// Writes all files to an empty folder, readable by all.
    pub(crate) fn write_to(&self, folder: &Path) -> Result<(), ProjectError> {
        for file in &self.files {
            let path = folder.join(&file.path);
            let disk = |source| ProjectError::Disk { path: path.clone(), source };
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent).map_err(disk)?;
            }
            match &file.kind {
                EntryKind::Dir => fs::create_dir_all(&path),
                EntryKind::Symlink(target) => std::os::unix::fs::symlink(target, &path),
                EntryKind::File(Content::Bytes(bytes)) => fs::write(&path, bytes),
                EntryKind::File(Content::Path(from)) => fs::copy(from, &path).map(drop),
            }
            .map_err(disk)?;
            if !matches!(file.kind, EntryKind::Symlink(_)) {
                fs::set_permissions(&path, fs::Permissions::from_mode(file.mode)).map_err(disk)?;
            }
        }
        Ok(())
    }

    /// What differs in the folder by now. What lies at or below `without` is passed over.
    pub(crate) fn changes(
        &self,
        folder: &Path,
        without: &BTreeSet<String>,
    ) -> Result<Changes, ProjectError> {
        let known: BTreeMap<&str, &ProjectFile> =
            self.files.iter().map(|file| (file.path.as_str(), file)).collect();
        let mut walk =
            Walk { known: &known, without, seen: BTreeSet::new(), found: Changes::none() };
        walk.folder(folder, "")?;
        let (seen, mut found) = (walk.seen, walk.found);
        for file in &self.files {
            let path = file.path.as_str();
            let under = |other: &String| path.starts_with(&format!("{other}/"));
            if !seen.contains(path) && !found.removed.iter().any(under) {
                found.removed.push(path.to_owned());
            }
        }
        Ok(found)
    }
}

impl Changes {
    fn none() -> Self {
        Self { files: Vec::new(), removed: Vec::new(), skipped: Vec::new(), count: 0, bytes: 0 }
    }

    /// Whether nothing differs.
    pub(crate) fn is_empty(&self) -> bool {
        self.files.is_empty() && self.removed.is_empty()
    }

    /// How many files are new or changed.
    pub(crate) fn files(&self) -> usize {
        self.files.iter().filter(|file| file.digest.is_some()).count()
    }

    /// The layer's entries, bytecode of changed modules included: what the layer below has of
    /// theirs is never compared with its source again (PEP 552, unchecked).
    pub(crate) fn into_entries(
        self,
        interpreter: &Interpreter,
        identity: &Digest,
        cache: &Path,
    ) -> Result<Vec<LayerEntry>, ProjectError> {
        let app = &BuildSpec::APP_DIR[1..];
        let mut entries = bytecode_entries(&self.files, interpreter, identity, cache)?;
        let written: BTreeSet<String> = entries.iter().map(|entry| entry.path.clone()).collect();
        for path in &self.removed {
            entries.push(whiteout(&format!("{app}/{path}")));
        }
        for path in stale_bytecode(&self, interpreter.python) {
            let path = format!("{app}/{path}");
            if !written.contains(&path) {
                entries.push(whiteout(&path));
            }
        }
        for file in self.files {
            entries.push(LayerEntry::new(format!("{app}/{}", file.path), file.mode, file.kind));
        }
        Ok(entries)
    }
}

/// Bytecode that the layer below may have of modules that are gone, or are none any more.
fn stale_bytecode(changes: &Changes, python: PythonVersion) -> BTreeSet<String> {
    let changed = changes.files.iter().map(|file| &file.path);
    changed.chain(&changes.removed).filter_map(|path| bytecode_path(path, python)).collect()
}

fn whiteout(path: &str) -> LayerEntry {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    LayerEntry::file(format!("{folder}/{WHITEOUT}{name}"), 0o644, Content::Bytes(Vec::new()))
}

struct Walk<'a> {
    known: &'a BTreeMap<&'a str, &'a ProjectFile>,
    without: &'a BTreeSet<String>,
    seen: BTreeSet<String>,
    found: Changes,
}

impl Walk<'_> {
    fn folder(&mut self, dir: &Path, prefix: &str) -> Result<(), ProjectError> {
        let disk = |source| ProjectError::Disk { path: dir.to_owned(), source };
        let mut entries: Vec<_> =
            fs::read_dir(dir).and_then(Iterator::collect::<io::Result<Vec<_>>>).map_err(disk)?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let name = entry.file_name();
            let Some(name) = name.to_str().filter(|name| !name.starts_with(WHITEOUT)) else {
                self.found.skipped.push(format!("{prefix}{}", name.to_string_lossy()));
                continue;
            };
            let path = format!("{prefix}{name}");
            if name == "__pycache__" || self.without.contains(&path) {
                continue;
            }
            self.found.count += 1;
            let kind = entry.file_type().map_err(disk)?;
            if kind.is_dir() {
                self.note(&path, 0o755, (EntryKind::Dir, None));
                self.folder(&entry.path(), &format!("{path}/"))?;
            } else {
                self.leaf(&entry.path(), &path, kind)?;
            }
        }
        Ok(())
    }

    fn leaf(&mut self, from: &Path, path: &str, kind: fs::FileType) -> Result<(), ProjectError> {
        let disk = |source| ProjectError::Disk { path: from.to_owned(), source };
        if kind.is_symlink() {
            let target = fs::read_link(from).map_err(disk)?;
            match target.to_str().filter(|target| stays_inside(path, target)) {
                Some(target) => {
                    self.note(path, 0o777, (EntryKind::Symlink(target.to_owned()), None));
                }
                None => self.found.skipped.push(path.to_owned()),
            }
        } else if kind.is_file() {
            let (content, digest, mode, size) = read(from, path).map_err(disk)?;
            self.found.bytes += size;
            self.note(path, mode, (EntryKind::File(content), Some(digest)));
        } else {
            self.found.skipped.push(path.to_owned());
        }
        Ok(())
    }

    /// Takes what is new or differs.
    fn note(&mut self, path: &str, mode: u32, (kind, digest): (EntryKind, Option<Digest>)) {
        self.seen.insert(path.to_owned());
        let same = self.known.get(path).is_some_and(|before| match (&before.kind, &kind) {
            (EntryKind::File(_), EntryKind::File(_)) => {
                before.digest == digest && before.mode == mode
            }
            (before, now) => before == now,
        });
        let is_known = same || (kind == EntryKind::Dir && self.holds_known(path));
        if !is_known {
            self.found.files.push(ProjectFile { path: path.to_owned(), mode, kind, digest });
        }
    }

    /// Whether files of the project lie in a folder that is none of its entries itself.
    fn holds_known(&self, path: &str) -> bool {
        let below = format!("{path}/");
        let next = self.known.range(below.as_str()..).next();
        next.is_some_and(|(next, _)| next.starts_with(&below))
    }
}

/// A file's contents: those of modules in memory, for the compiler; others where they are.
fn read(from: &Path, path: &str) -> io::Result<(Content, Digest, u32, u64)> {
    // A command may have put anything here; it is gone by now, so what was seen stays.
    let flags = rustix::fs::OFlags::NOFOLLOW.bits() as i32;
    let mut file = File::options().read(true).custom_flags(flags).open(from)?;
    let found = file.metadata()?;
    let mode = if found.permissions().mode() & 0o111 == 0 { 0o644 } else { 0o755 };
    if bytecode_path(path, PythonVersion::three(13)).is_some() {
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let digest = Digest::from_bytes(Sha256::digest(&bytes).into());
        return Ok((Content::Bytes(bytes), digest, mode, found.len()));
    }
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 128 << 10];
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            count => hash.update(&buffer[..count]),
        }
    }
    let digest = Digest::from_bytes(hash.finalize().into());
    Ok((Content::Path(from.to_owned()), digest, mode, found.len()))
}

#[cfg(test)]
mod tests;
