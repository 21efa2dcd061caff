//! `windlass export dockerfile`: the files that a pipeline with Docker needs.

use super::{At, done};
use crate::args::{ExportDockerfile, ExportVerb};
use crate::error::CliError;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use windlass_build::export::{ExportRequest, ExportedFile, MARKER, export};
use windlass_build::wheels::lock;
use windlass_model::Machine;
use windlass_server::building::read_project;

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExportError {
    /// Somebody wrote it by hand.
    #[error("{} was not written by `windlass export`", path.display())]
    Foreign { path: PathBuf },
    #[error("cannot use {}", path.display())]
    Disk { path: PathBuf, source: io::Error },
}

/// `windlass export ...`.
pub(super) fn run(at: &At, verb: &ExportVerb) -> Result<ExitCode, CliError> {
    match verb {
        ExportVerb::Dockerfile(wanted) => dockerfile(at, wanted),
    }
}

fn dockerfile(at: &At, wanted: &ExportDockerfile) -> Result<ExitCode, CliError> {
    let project = at.project(&wanted.path)?;
    let inspection = read_project(&project, at.settings.app.as_ref())?;
    let lock = lock::read(&project);
    let lock = lock.map_err(|error| windlass_build::wheels::explain::lock(&error))?;
    // The files of the machine that the Dockerfile is tried on.
    let lock = match (lock, Machine::of_this()) {
        (Some(lock), Some(machine)) => Some(lock.seen_from(machine.as_str())),
        (lock, _) => lock,
    };
    let files = export(&ExportRequest {
        app: &inspection.app,
        build: &inspection.build,
        locked: lock.as_ref().map_or(&[], |lock| lock.packages.as_slice()),
        read: &|path| fs::read_to_string(project.join(path)).ok(),
    });
    let output = wanted.output.as_deref();
    if output == Some(Path::new("-")) {
        return done(at.output.line(files[0].text.trim_end()));
    }
    let folder = output.map_or_else(|| project.clone(), |path| at.settings.folder.join(path));
    let changes = changes(&folder, files, wanted.force)?;
    for (file, change) in &changes {
        let path = folder.join(&file.path);
        let told = match (change, wanted.dry_run) {
            (Change::None, _) => format!("{} is as it should be", path.display()),
            (Change::Kept, _) => {
                format!("{} is yours and stays: see that it keeps secrets out", path.display())
            }
            (Change::Write, true) => format!("would write {}", path.display()),
            (Change::Write, false) => {
                write(&path, &file.text)
                    .map_err(|source| ExportError::Disk { path: path.clone(), source })?;
                format!("wrote {}", path.display())
            }
        };
        at.output.note(&told);
    }
    if !at.output.show().json {
        return Ok(ExitCode::SUCCESS);
    }
    let written = changes.iter().filter(|(_, change)| *change == Change::Write);
    let written: Vec<_> = written.map(|(file, _)| folder.join(&file.path)).collect();
    done(at.output.document(&serde_json::json!({ "dry_run": wanted.dry_run, "files": written })))
}

/// What becomes of a file.
#[derive(Debug, PartialEq, Eq)]
enum Change {
    /// It says so already.
    None,
    /// The user's own list of what stays out: it serves as well.
    Kept,
    Write,
}

/// Decides for every file before the first is written.
fn changes(
    folder: &Path,
    files: Vec<ExportedFile>,
    force: bool,
) -> Result<Vec<(ExportedFile, Change)>, ExportError> {
    let decide = |file: ExportedFile| {
        let path = folder.join(&file.path);
        let change = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Change::Write,
            Err(source) => return Err(ExportError::Disk { path, source }),
            Ok(text) if text == file.text.as_bytes() => Change::None,
            Ok(text) if force || is_ours(&text) => Change::Write,
            Ok(_) if file.path == ".dockerignore" => Change::Kept,
            Ok(_) => return Err(ExportError::Foreign { path }),
        };
        Ok((file, change))
    };
    files.into_iter().map(decide).collect()
}

/// Whether one of the first lines is the mark that is left in every file.
fn is_ours(text: &[u8]) -> bool {
    let begin = String::from_utf8_lossy(&text[..text.len().min(400)]);
    begin.lines().take(3).any(|line| line.starts_with(MARKER))
}

/// The file is whole or as it was.
fn write(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    fs::create_dir_all(folder)?;
    let mut file = tempfile::Builder::new().prefix(".windlass-").tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    let readable = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    file.as_file().set_permissions(readable)?;
    file.as_file().sync_all()?;
    file.persist(path).map(drop).map_err(|error| error.error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> ExportedFile {
        ExportedFile { path: path.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn what_somebody_else_wrote_stays_unless_forced() {
        let dir = tempfile::tempdir().expect("a folder");
        let ours = format!("# syntax=docker/dockerfile:1\n{MARKER} It writes\nFROM x\n");
        let wanted = || vec![file("Dockerfile", &ours), file(".dockerignore", "x\n")];
        let decided = |force| {
            changes(dir.path(), wanted(), force)
                .map(|all| all.into_iter().map(|(_, change)| change).collect::<Vec<_>>())
        };
        assert_eq!(decided(false).expect("new"), [Change::Write, Change::Write]);
        for (found, text) in wanted().iter().map(|file| (&file.path, &file.text)) {
            write(&dir.path().join(found), text).expect("written");
        }
        assert_eq!(decided(false).expect("same"), [Change::None, Change::None]);
        write(&dir.path().join("Dockerfile"), &ours.replace("FROM x", "FROM y")).expect("written");
        write(&dir.path().join(".dockerignore"), "mine\n").expect("written");
        assert_eq!(decided(false).expect("older"), [Change::Write, Change::Kept]);
        write(&dir.path().join("Dockerfile"), "FROM mine\n").expect("written");
        assert!(matches!(decided(false), Err(ExportError::Foreign { .. })));
        assert_eq!(decided(true).expect("forced"), [Change::Write, Change::Write]);
    }
}
