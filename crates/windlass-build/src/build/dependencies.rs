//! The layer of the project's dependencies.

use super::{BuildError, BuildRequest};
use crate::download::Downloader;
use crate::image::{NamedLayer, Shelf, System, key_of, made_by};
use crate::meter::{Meter, Part};
use crate::wheels::{self, InstallRequest, Interpreter, Resolution, Source};
use windlass_model::{Digest, Problem};

/// Part of the layer's key: raised when the same wheels give another layer.
const FORM: u32 = 2;

/// What installing needs, besides the request.
pub(super) struct Dependencies<'a> {
    pub(super) request: &'a BuildRequest<'a>,
    pub(super) system: &'a System,
    pub(super) shelf: &'a Shelf<'a>,
    pub(super) downloader: &'a Downloader,
    pub(super) meter: &'a Meter<'a>,
}

impl Dependencies<'_> {
    /// The layer with every package installed; `None` when there is none.
    pub(super) fn layer(
        &self,
        resolution: &Resolution,
        warnings: &mut Vec<Problem>,
    ) -> Result<Option<NamedLayer>, BuildError> {
        let spec = self.request.spec;
        let count = resolution.packages.len() + usize::from(spec.install_project);
        if count == 0 {
            return Ok(None);
        }
        let named = |info| Some(NamedLayer { info, made_by: made_by("packages", count, "wheels") });
        let part = Part::begin("dependencies");
        let known_key = self.known_key(resolution);
        if let Some(info) = known_key.and_then(|key| self.shelf.find(&key)) {
            self.meter.end(&part, count as u64, "packages, installed before");
            return Ok(named(info));
        }
        let interpreter = &self.system.interpreter;
        let installed = wheels::install(
            &InstallRequest {
                resolution,
                spec,
                project: self.request.project,
                tools: &self.request.settings.tools,
                cache: &self.request.dirs.cache,
                downloader: self.downloader,
                interpreter: Interpreter {
                    command: &|| interpreter.command(),
                    version: interpreter.python,
                },
            },
            &|progress| self.meter.pass(progress),
        )?;
        warnings.extend(wheels::explain::warnings(&installed, interpreter.python));
        let key = known_key
            .unwrap_or_else(|| key_of(&("wheels", FORM, self.system.identity, &installed.wheels)));
        let info = match self.shelf.find(&key) {
            Some(info) => info,
            None => self.shelf.make(&key, installed.entries)?,
        };
        self.meter.end(&part, count as u64, "packages installed");
        Ok(named(info))
    }

    /// The layer's key, when it can be known without fetching or building anything: every package
    /// is one file of a known digest.
    fn known_key(&self, resolution: &Resolution) -> Option<Digest> {
        if self.request.spec.install_project {
            return None;
        }
        let mut files = Vec::new();
        for package in &resolution.packages {
            match &package.source {
                Source::Wheel(file) | Source::Sdist(file) => {
                    files.push((&package.name, &package.version, file.sha256));
                }
                Source::Directory { .. } => return None,
            }
        }
        Some(key_of(&("files", FORM, self.system.identity, files)))
    }
}
