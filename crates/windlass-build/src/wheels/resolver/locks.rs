//! Packages of locks that the project brings along: its own `pylock.toml`, and other tools' locks.

use super::{EXACT, NOTHING, Resolver, Wanted};
use crate::wheels::foreign;
use crate::wheels::pylock::{self, OwnLock, PylockError};
use crate::wheels::resolution::{LockedPackage, Resolution, Source};
use crate::wheels::resolve::ResolveError;
use std::path::Path;
use windlass_model::LockTool;

impl Resolver<'_> {
    /// The project's own `pylock.toml`.
    pub(super) fn read_pylock(&self, file: &str) -> Result<Resolution, ResolveError> {
        let path = self.request.project.join(file);
        let text = foreign::text_of(&path)?;
        let folder = path.parent().unwrap_or(self.request.project);
        let (target, selection) = (self.request.target, &self.request.spec.selection);
        let lock = OwnLock { text: &text, folder, target, selection };
        pylock::read_own(lock).map_err(|error| {
            let start = match &error {
                PylockError::Invalid { source } => source.span().map(|span| span.start),
                _ => None,
            };
            let before = start.and_then(|start| text.get(..start));
            let line = before.map(|before| before.matches('\n').count() + 1);
            ResolveError::OwnPylock { file: file.to_owned(), line, error: Box::new(error) }
        })
    }

    /// Exact versions of another tool's lock: only addresses are looked up, and the lock's hashes
    /// decide which files may be taken.
    pub(super) fn resolve_foreign(
        &self,
        tool: LockTool,
        file: &Path,
    ) -> Result<Resolution, ResolveError> {
        let selection = &self.request.spec.selection;
        let lock = foreign::read(tool, file, selection)?;
        let pins = foreign::select(&lock, selection, self.request.target)?;
        let options = pins.sources.iter().map(|url| format!("--extra-index-url {url}"));
        let lines = pins.packages.iter().filter_map(|pin| pin.requirement.clone());
        let lines: Vec<String> = options.chain(lines).collect();
        let listed = pins.packages.iter();
        let hashes =
            listed.filter_map(|pin| Some((pin.name.clone(), pin.hashes.clone()?))).collect();
        let mut found = if pins.packages.iter().any(|pin| pin.requirement.is_some()) {
            let options = [EXACT.to_owned()];
            self.compile(&Wanted { extra: &lines, options: &options, hashes: &hashes, ..NOTHING })?
        } else {
            Resolution::default()
        };
        let folders = pins.packages.into_iter().filter_map(|pin| {
            let version = Some(pin.version).filter(|version| !version.is_empty());
            Some(LockedPackage {
                name: pin.name,
                version,
                source: Source::Directory { path: pin.folder? },
            })
        });
        found.packages.extend(folders);
        found.packages.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }
}
