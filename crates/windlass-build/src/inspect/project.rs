//! A project as read, before anything is concluded from it.

use super::Sets;
use super::candidate::{self, Candidate};
use super::django::{self, DjangoProject};
use super::dockerfile::{self, Dockerfile};
use super::error::InspectError;
use super::framework::Interface;
use super::metadata::Metadata;
use super::modules::Modules;
use super::procfile::{self, Procfile};
use super::runner::{self, Runner};
use super::tree::{Tree, join};
use windlass_model::{AppConfig, Evidence};

/// Everything that conclusions are drawn from.
pub(super) struct Project<'a> {
    pub(super) tree: &'a Tree,
    pub(super) config: AppConfig,
    pub(super) metadata: Metadata,
    /// The folder that holds the app, as `root` says; empty for the project itself.
    pub(super) base: String,
    pub(super) modules: Modules,
    pub(super) procfile: Procfile,
    pub(super) dockerfile: Dockerfile,
    pub(super) candidates: Vec<Candidate>,
    pub(super) django: Vec<DjangoProject>,
    pub(super) runners: Vec<Runner>,
    /// Packages that are wanted besides those of production.
    pub(super) sets: Sets,
}

impl<'a> Project<'a> {
    /// Reads the project's own words: its configuration, source, Procfile and Dockerfile.
    pub(super) fn read(tree: &'a Tree, sets: &Sets) -> Result<Self, InspectError> {
        let config = AppConfig::from_pyproject(tree.text("pyproject.toml").unwrap_or_default())?;
        let base = config.root.clone().unwrap_or_default();
        if !tree.has_folder(&base) {
            return Err(InspectError::NoSuchRoot { root: base, line: config.line_of("root") });
        }
        let modules = Modules::read(tree, &base).ok_or(InspectError::NoStack)?;
        let in_base = |name: &str| {
            let path = join(&base, name);
            tree.text(&path).map(|text| (path.clone(), text))
        };
        let metadata = in_base("pyproject.toml").and_then(|(_, text)| Metadata::parse(text));
        let procfile = in_base("Procfile").map(|(path, text)| procfile::parse(&path, text));
        let mut candidates = candidate::find(&modules);
        candidates.retain(|candidate| candidate.framework.interface() != Interface::Own);
        let django = django::find(&modules);
        // A Dockerfile that lies beside the app tells as much as one at the top.
        let folders = django.iter().filter(|django| !django.aside).map(|d| d.folder.as_str());
        let dockerfile = std::iter::once(base.as_str()).chain(folders).find_map(|folder| {
            let path = join(folder, "Dockerfile");
            tree.text(&path).map(|text| dockerfile::parse(&path, text))
        });
        Ok(Self {
            metadata: metadata.unwrap_or_default(),
            procfile: procfile.unwrap_or_default(),
            dockerfile: dockerfile.unwrap_or_default(),
            candidates,
            django,
            runners: runner::find(tree, &modules),
            sets: sets.clone(),
            modules,
            base,
            config,
            tree,
        })
    }

    /// Where a key of `[tool.windlass]` is written.
    pub(super) fn config_evidence(&self, key: &str, note: impl Into<String>) -> Evidence {
        let line = self.config.line_of(key);
        Evidence { file: "pyproject.toml".to_owned(), line, note: note.into() }
    }
}
