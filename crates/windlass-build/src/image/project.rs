//! The project's own files as the top layer: what goes in, its bytecode, and links to the volume.
//!
//! The layer depends on the files' names, contents and execute bits alone: no owner, time, umask
//! or order of a folder's entries gets in.

mod changes;

pub(crate) use changes::Changes;

use super::Interpreter;
use super::bytecode::{CompileError, CompileJob, bytecode_path, compile};
use super::ignore::{self, IgnoreRules, matches_pattern};
use super::secrets::{self, SecretKind, Token};
use super::shelf::key_of;
use sha2::{Digest as _, Sha256};
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use windlass_model::{BuildSpec, Digest, PersistPath};
use windlass_oci::{Content, EntryKind, LayerEntry};

/// A project's files, read.
#[derive(Debug, Clone)]
pub(crate) struct ProjectFiles {
    files: Vec<ProjectFile>,
    /// Paths that cannot be in an image: links out of the project, sockets, odd names.
    pub(crate) skipped: Vec<String>,
    /// What looks like an access token in code, by path.
    pub(crate) tokens: Vec<(String, Token)>,
}

/// A file that looks like a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretFile {
    /// Relative to the project's root.
    pub path: String,
    /// What it looks like.
    pub kind: SecretKind,
}

#[derive(Debug, Clone)]
struct ProjectFile {
    /// Relative to the project's root.
    path: String,
    mode: u32,
    kind: EntryKind,
    /// Of the contents, when it is a regular file.
    digest: Option<Digest>,
}

/// Why the project's layer could not be planned.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// A file or folder cannot be read or written.
    #[error("cannot use {}", path.display())]
    Disk {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Files that look like secrets would get into the image.
    #[error("{} would get into the image", files.first().map_or("", |file| file.path.as_str()))]
    Secrets {
        /// All of them, by path.
        files: Vec<SecretFile>,
    },
    /// The interpreter failed.
    #[error(transparent)]
    Compile(#[from] CompileError),
}

impl ProjectFiles {
    /// Reads everything that belongs in the image.
    pub(crate) fn read(project: &Path, spec: &BuildSpec) -> Result<Self, ProjectError> {
        let rules = IgnoreRules::new(&read_list(project)?, &spec.exclude);
        let mut found = Self { files: Vec::new(), skipped: Vec::new(), tokens: Vec::new() };
        found.walk(project, "", &rules, &spec.persist)?;
        found.refuse_secrets(&spec.allow_files)?;
        Ok(found)
    }

    /// Refuses the files that look like secrets, all at once, and notes what looks like tokens.
    /// `allowed` are the patterns of those that the project says are none.
    fn refuse_secrets(&mut self, allowed: &[String]) -> Result<(), ProjectError> {
        let is_allowed = |path: &str| {
            // A pattern allows what is below a folder of its name too.
            let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
            let mut above = ends.map(|end| &path[..end]);
            above.any(|path| allowed.iter().any(|pattern| matches_pattern(pattern, path)))
        };
        let mut files = Vec::new();
        for file in &self.files {
            let EntryKind::File(Content::Bytes(bytes)) = &file.kind else { continue };
            if is_allowed(&file.path) {
                continue;
            }
            if let Some(kind) = secrets::secret(&file.path, bytes) {
                files.push(SecretFile { path: file.path.clone(), kind });
            }
            let found = secrets::tokens(&file.path, bytes).into_iter();
            self.tokens.extend(found.map(|token| (file.path.clone(), token)));
        }
        if files.is_empty() { Ok(()) } else { Err(ProjectError::Secrets { files }) }
    }

    fn walk(
        &mut self,
        dir: &Path,
        prefix: &str,
        rules: &IgnoreRules,
        persist: &[PersistPath],
    ) -> Result<(), ProjectError> {
        let disk = |source| ProjectError::Disk { path: dir.to_owned(), source };
        let mut entries: Vec<_> =
            fs::read_dir(dir).and_then(Iterator::collect::<io::Result<Vec<_>>>).map_err(disk)?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let name = entry.file_name();
            let Some(path) = name.to_str().map(|name| format!("{prefix}{name}")) else {
                self.skipped.push(format!("{prefix}{}", name.to_string_lossy()));
                continue;
            };
            // What outlives a release is never shipped with one.
            if persist.iter().any(|kept| kept.path.trim_end_matches('/') == path) {
                continue;
            }
            let excluded = rules.excludes(&path);
            let kind = entry.file_type().map_err(disk)?;
            if kind.is_dir() {
                let is_environment = entry.path().join("pyvenv.cfg").is_file();
                if is_environment || (excluded && !rules.must_enter(&path)) {
                    continue;
                }
                if !excluded {
                    self.push(&path, 0o755, EntryKind::Dir, None);
                }
                self.walk(&entry.path(), &format!("{path}/"), rules, persist)?;
            } else if !excluded {
                self.add(&entry.path(), &path, kind)?;
            }
        }
        Ok(())
    }

    fn add(&mut self, from: &Path, path: &str, kind: fs::FileType) -> Result<(), ProjectError> {
        let disk = |source| ProjectError::Disk { path: from.to_owned(), source };
        if kind.is_symlink() {
            let target = fs::read_link(from).map_err(disk)?;
            match target.to_str().filter(|target| stays_inside(path, target)) {
                Some(target) => {
                    self.push(path, 0o777, EntryKind::Symlink(target.to_owned()), None);
                }
                None => self.skipped.push(path.to_owned()),
            }
        } else if kind.is_file() {
            let bytes = fs::read(from).map_err(disk)?;
            let executable = fs::metadata(from).map_err(disk)?.permissions().mode() & 0o111 != 0;
            let mode = if executable { 0o755 } else { 0o644 };
            let digest = Digest::from_bytes(Sha256::digest(&bytes).into());
            self.push(path, mode, EntryKind::File(Content::Bytes(bytes)), Some(digest));
        } else {
            self.skipped.push(path.to_owned());
        }
        Ok(())
    }

    fn push(&mut self, path: &str, mode: u32, kind: EntryKind, digest: Option<Digest>) {
        self.files.push(ProjectFile { path: path.to_owned(), mode, kind, digest });
    }

    /// How many files there are.
    pub(crate) fn count(&self) -> usize {
        self.files.iter().filter(|file| file.digest.is_some()).count()
    }

    /// A hash over everything that the layer is made from, but for the interpreter.
    pub(crate) fn key(&self) -> Digest {
        let inputs: Vec<_> = self
            .files
            .iter()
            .map(|file| {
                let target = match &file.kind {
                    EntryKind::Symlink(target) => target.as_str(),
                    _ => "",
                };
                (&file.path, file.mode, target, file.digest)
            })
            .collect();
        key_of(&inputs)
    }

    /// The layer's entries. Bytecode is kept in `cache`, by source, path and interpreter.
    pub(crate) fn into_entries(
        self,
        spec: &BuildSpec,
        interpreter: &Interpreter,
        identity: &Digest,
        cache: &Path,
    ) -> Result<Vec<LayerEntry>, ProjectError> {
        let app = &BuildSpec::APP_DIR[1..];
        let mut entries = bytecode_entries(&self.files, interpreter, identity, cache)?;
        entries.push(LayerEntry::dir(app));
        for file in self.files {
            let path = format!("{app}/{}", file.path);
            entries.push(LayerEntry::new(path, file.mode, file.kind));
        }
        // A layer repeats the folders that it adds to, as they are below.
        entries.push(LayerEntry::dir(&PersistPath::VOLUME[1..]).owned_by(BuildSpec::USER));
        for kept in &spec.persist {
            let path = kept.path.trim_end_matches('/');
            if kept.directory {
                // For containers without a volume, and for engines that fill a new volume from
                // the image: the link must lead somewhere that the app may write to.
                let folder = format!("{}/{path}", &PersistPath::VOLUME[1..]);
                entries.push(LayerEntry::dir(folder).owned_by(BuildSpec::USER));
            }
            let target = format!("{}/{path}", PersistPath::VOLUME);
            entries.push(LayerEntry::symlink(format!("{app}/{path}"), target));
        }
        Ok(entries)
    }
}

/// The project's list of what stays out: the first that there is, as Docker and podman choose it.
fn read_list(project: &Path) -> Result<String, ProjectError> {
    for name in ignore::LISTS {
        let path = project.join(name);
        match fs::read(&path) {
            Ok(bytes) => return Ok(String::from_utf8_lossy(&bytes).into_owned()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(ProjectError::Disk { path, source }),
        }
    }
    Ok(String::new())
}

/// Kept in the place of the bytecode of a source that is not valid for the Python.
const INVALID: &[u8] = b"not valid for this Python";

/// Bytecode of the project's modules; only what the cache lacks is compiled.
fn bytecode_entries(
    files: &[ProjectFile],
    interpreter: &Interpreter,
    identity: &Digest,
    cache: &Path,
) -> Result<Vec<LayerEntry>, ProjectError> {
    let disk = |source| ProjectError::Disk { path: cache.to_owned(), source };
    fs::create_dir_all(cache).map_err(disk)?;
    let scratch = tempfile::tempdir_in(cache).map_err(disk)?;
    let mut wanted = Vec::new();
    let mut jobs = Vec::new();
    for file in files {
        let Some(place) = bytecode_path(&file.path, interpreter.python) else { continue };
        let (Some(digest), EntryKind::File(Content::Bytes(bytes))) = (file.digest, &file.kind)
        else {
            continue;
        };
        let shown = format!("{}/{}", BuildSpec::APP_DIR, file.path);
        let kept = cache.join(key_of(&(identity, digest, &shown)).hex());
        wanted.push((place, kept.clone()));
        if kept.exists() {
            continue;
        }
        // The bytes that were read, not the file: it may change while the build runs.
        let source = scratch.path().join(format!("{}.py", jobs.len()));
        fs::write(&source, bytes).map_err(disk)?;
        let target = scratch.path().join(format!("{}.pyc", jobs.len()));
        // Alone in its process: which files are compiled with it depends on the cache.
        let group = jobs.len();
        jobs.push((CompileJob { source, shown, target, group }, kept));
    }
    compile_into_cache(interpreter, jobs, cache)?;
    let mut entries = Vec::new();
    for (place, kept) in wanted {
        let bytes = fs::read(&kept).map_err(disk)?;
        if bytes != INVALID {
            let path = format!("{}/{place}", &BuildSpec::APP_DIR[1..]);
            entries.push(LayerEntry::file(path, 0o644, Content::Bytes(bytes)));
        }
    }
    Ok(entries)
}

/// Compiles and keeps each result under its key.
fn compile_into_cache(
    interpreter: &Interpreter,
    jobs: Vec<(CompileJob, PathBuf)>,
    cache: &Path,
) -> Result<(), ProjectError> {
    if jobs.is_empty() {
        return Ok(());
    }
    let disk = |source| ProjectError::Disk { path: cache.to_owned(), source };
    let plain: Vec<_> = jobs.iter().map(|(job, _)| job.clone()).collect();
    let invalid = compile(interpreter, &plain)?;
    for (number, (job, kept)) in jobs.into_iter().enumerate() {
        if invalid.contains(&number) {
            fs::write(&job.target, INVALID).map_err(disk)?;
        }
        // On disk before it has its name: a power cut must not leave a name with nothing in it.
        File::open(&job.target).and_then(|file| file.sync_all()).map_err(disk)?;
        fs::rename(&job.target, &kept).map_err(disk)?;
    }
    Ok(())
}

/// Whether a link at `path` leads to a place below the project's root.
fn stays_inside(path: &str, target: &str) -> bool {
    if target.starts_with('/') {
        return false;
    }
    let mut depth = path.matches('/').count() as i64;
    target.split('/').all(|part| {
        match part {
            "" | "." => {}
            ".." => depth -= 1,
            _ => depth += 1,
        }
        depth >= 0
    })
}

#[cfg(test)]
mod tests;
