//! What decides the packages of a project that a `uv.lock` pins.
//!
//! The lock lies beside the project or, for a member of a workspace, above it. It names the other
//! folders that it was made from, and uv refuses it as stale when one of them changed.

use super::{DeclarationError, Parts, normalize, read_into, read_project};
use std::path::{Path, PathBuf};

/// Adds the project, its lock, and the folders that were locked with it.
pub(super) fn read(project: &Path, dir: &str, parts: &mut Parts) -> Result<(), DeclarationError> {
    let member = project.join(dir);
    read_project(&member.join("pyproject.toml"), parts)?;
    let folder = folder_of_lock(project, &member);
    let lock = read_into(&folder.join("uv.lock"), None, parts)?;
    let locked = sources(&lock).into_iter().map(|source| normalize(&folder.join(source)));
    for file in [folder.clone()].into_iter().chain(locked).map(|f| f.join("pyproject.toml")) {
        let known = parts.contains_key(&file.display().to_string());
        if !known && file.is_file() {
            read_project(&file, parts)?;
        }
    }
    Ok(())
}

/// The nearest folder with a lock, the project's own where there is none.
fn folder_of_lock(project: &Path, member: &Path) -> PathBuf {
    let mut within = member.ancestors().take_while(|folder| folder.starts_with(project));
    within.find(|folder| folder.join("uv.lock").is_file()).unwrap_or(member).to_owned()
}

/// The folders that the packages of a lock come from.
fn sources(lock: &str) -> Vec<String> {
    let table: toml::Table = lock.parse().unwrap_or_default();
    let packages = table.get("package").and_then(toml::Value::as_array);
    let of = |package: &toml::Value| {
        let source = package.get("source")?.as_table()?;
        let kinds = ["editable", "virtual", "directory"];
        kinds.iter().find_map(|kind| Some(source.get(*kind)?.as_str()?.to_owned()))
    };
    packages.into_iter().flatten().filter_map(of).collect()
}
