//! `uv.lock`: written by uv, told by comparing it before and after.

use super::{LockReport, PackagesError, PackagesRequest, Upgrade};
use crate::wheels::{Moved, UvProject};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Refreshes it, or moves versions.
pub(super) fn lock(
    request: PackagesRequest<'_>,
    dir: &str,
    upgrade: &Upgrade,
) -> Result<LockReport, PackagesError> {
    let project = request.project.join(dir);
    let file = folder_of_lock(request.project, &project).join("uv.lock");
    let before = read(&file)?;
    if let Upgrade::Only { names, .. } = upgrade {
        let known = |name: &str| before.1.contains_key(&crate::wheels::normalize_name(name));
        if let Some(name) = names.iter().find(|name| !known(name)) {
            let (name, file) = (name.clone(), "uv.lock".to_owned());
            return Err(PackagesError::NotLocked { name, file });
        }
    }
    let uv = UvProject::find(&request.settings.tools, request.cache)?;
    let mut arguments = vec!["lock".to_owned()];
    match upgrade {
        Upgrade::Nothing => {}
        Upgrade::All { .. } => arguments.push("--upgrade".to_owned()),
        Upgrade::Only { names, .. } => {
            let each = names.iter().flat_map(|it| ["--upgrade-package".to_owned(), it.clone()]);
            arguments.extend(each);
        }
    }
    uv.run(&project, request.spec.python, &arguments).map_err(PackagesError::Uv)?;
    let after = read(&file)?;
    let shown = file.strip_prefix(request.project).unwrap_or(&file);
    Ok(LockReport {
        file: shown.display().to_string(),
        written: before.0 != after.0,
        packages: after.1.len(),
        moved: Moved::of_versions(&before.1, &after.1),
        moved_debian: Vec::new(),
        as_of: None,
        notes: Vec::new(),
    })
}

/// The nearest folder with a lock; the project's own where there is none.
pub(super) fn folder_of_lock(root: &Path, project: &Path) -> PathBuf {
    let mut within = project.ancestors().take_while(|folder| folder.starts_with(root));
    within.find(|folder| folder.join("uv.lock").is_file()).unwrap_or(project).to_owned()
}

type Versions = BTreeMap<String, String>;

/// A lock's text and its versions; of several for one package all, separated by commas.
fn read(file: &Path) -> Result<(String, Versions), PackagesError> {
    let text = std::fs::read_to_string(file)
        .map_err(|source| PackagesError::Io { path: file.to_owned(), source })?;
    let table: toml::Table = text.parse().unwrap_or_default();
    let mut versions = Versions::new();
    for package in table.get("package").and_then(toml::Value::as_array).into_iter().flatten() {
        let of = |key: &str| package.get(key).and_then(toml::Value::as_str);
        if let (Some(name), Some(version)) = (of("name"), of("version")) {
            let all = versions.entry(name.to_owned()).or_default();
            if !all.is_empty() {
                all.push(',');
            }
            all.push_str(version);
        }
    }
    Ok((text, versions))
}
