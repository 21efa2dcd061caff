//! Requirements files, and the files and folders that they name.

use super::{DeclarationError, MAX_DEPTH, Parts, normalize, read_into, read_sources};
use std::path::{Path, PathBuf};

/// Requirements files and what they include.
pub(super) struct RequirementsTree<'a> {
    /// The folder that paths to sources start from.
    pub(super) project: &'a Path,
}

impl RequirementsTree<'_> {
    pub(super) fn read(
        &self,
        path: &Path,
        included_by: Option<&(PathBuf, usize)>,
        depth: usize,
        parts: &mut Parts,
    ) -> Result<(), DeclarationError> {
        if depth > MAX_DEPTH || parts.contains_key(&path.display().to_string()) {
            return Ok(());
        }
        let text = read_into(path, included_by, parts)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        for (index, line) in text.lines().enumerate() {
            if let Some(target) = included(line).filter(|target| !target.contains("://")) {
                let next = normalize(&folder.join(target));
                let place = (path.to_owned(), index + 1);
                self.read(&next, Some(&place), depth + 1, parts)?;
            } else if let Some(target) = source_folder(line) {
                let sources = normalize(&self.project.join(target));
                read_sources(&sources, parts)?;
            }
        }
        Ok(())
    }
}

/// The folder of sources that a line of a requirements file names: `-e .`, `./libs/x[extra]`.
pub(super) fn source_folder(line: &str) -> Option<&str> {
    let line = line.split(" #").next().unwrap_or(line).trim();
    let path = ["-e", "--editable"]
        .iter()
        .find_map(|option| line.strip_prefix(option))
        .map_or(line, |rest| rest.trim_start_matches(['=', ' ', '\t']));
    let path = path.split(['[', ';', ' ']).next()?;
    let is_path = path == "." || path.starts_with(['/', '.']);
    is_path.then_some(path)
}

/// The file that a line of a requirements file includes.
fn included(line: &str) -> Option<&str> {
    let line = line.split(" #").next().unwrap_or(line).trim();
    ["-r", "-c", "--requirement", "--constraint"].iter().find_map(|option| {
        let rest = line.strip_prefix(option)?;
        let is_short = option.len() == 2;
        let separated = rest.starts_with([' ', '\t', '=']) || is_short;
        let target = rest.trim_start_matches(['=', ' ', '\t']);
        (separated && !target.is_empty()).then_some(target)
    })
}
