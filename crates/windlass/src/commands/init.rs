//! `windlass init`.

mod lines;

use super::At;
use crate::args::Init;
use crate::error::CliError;
use crate::render::diff;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use windlass_model::config::{AppConfig, ConfigError};
use windlass_server::building::read_project;

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InitError {
    #[error("{} cannot be read", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{} cannot be written", path.display())]
    Write { path: PathBuf, source: io::Error },
    /// What follows `tool = {...}` cannot be a table of `tool`, for example.
    #[error("[tool.windlass] cannot be added at the end of {}", path.display())]
    CannotAdd { path: PathBuf, lines: String, source: Box<ConfigError> },
}

/// Adds `[tool.windlass]` at the end of `pyproject.toml`; what is there stays as it is.
pub(super) fn init(at: &At, wanted: &Init) -> Result<ExitCode, CliError> {
    let project = at.project(&wanted.path)?;
    let path = project.join("pyproject.toml");
    let before = read(&path)?;
    if lines::has_table(&before) {
        at.output.note(&format!("{} has [tool.windlass] already", path.display()));
        return report(at, &path, false);
    }
    let inspection = read_project(&project, None)?;
    let table = lines::table(&inspection);
    let after = lines::added(&before, &table);
    AppConfig::from_pyproject(&after).map_err(|source| InitError::CannotAdd {
        path: path.clone(),
        lines: table,
        source: Box::new(source),
    })?;
    if !at.output.show().json {
        at.output.lines(&diff::added("pyproject.toml", &before, &after, at.output.style()))?;
    }
    if !wanted.dry_run {
        let written = write(&path, &after);
        written.map_err(|source| InitError::Write { path: path.clone(), source })?;
        at.output.note(&format!("wrote {}", path.display()));
    }
    report(at, &path, !wanted.dry_run)
}

fn report(at: &At, path: &Path, changed: bool) -> Result<ExitCode, CliError> {
    if at.output.show().json {
        let value = serde_json::json!({ "file": path, "changed": changed });
        at.output.document(&value)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The file's text; empty when there is none yet.
fn read(path: &Path) -> Result<String, InitError> {
    match std::fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        read => read.map_err(|source| InitError::Read { path: path.to_owned(), source }),
    }
}

/// All or nothing, with the permissions that the file had; a link stays a link.
fn write(path: &Path, text: &str) -> io::Result<()> {
    let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let fresh = real.with_extension("toml.windlass-new");
    let mut file = std::fs::File::create(&fresh)?;
    file.write_all(text.as_bytes())?;
    if let Ok(old) = std::fs::metadata(&real) {
        file.set_permissions(old.permissions())?;
    }
    file.sync_all()?;
    std::fs::rename(&fresh, &real)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::Permissions;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    #[test]
    fn writing_keeps_permissions_and_links() {
        let folder = tempfile::tempdir().expect("a folder");
        let (real, link) = (folder.path().join("real.toml"), folder.path().join("pyproject.toml"));
        std::fs::write(&real, "a").expect("written");
        std::fs::set_permissions(&real, Permissions::from_mode(0o640)).expect("set");
        symlink(&real, &link).expect("linked");
        write(&link, "b").expect("written");
        assert_eq!(std::fs::read_to_string(&real).expect("there"), "b");
        assert!(link.is_symlink());
        assert_eq!(real.metadata().expect("there").permissions().mode() & 0o777, 0o640);
        assert_eq!(folder.path().read_dir().expect("there").count(), 2, "nothing is left over");
    }
}
