//! The layers of the project's dependencies.

use super::build_root::BuildRoot;
use super::{BuildError, BuildRequest};
use crate::download::Downloader;
use crate::image::{NamedLayer, Shelf, ShelfError, System, key_of, made_by};
use crate::libraries::{ObjectNotes, Objects};
use crate::meter::{Meter, Part};
use crate::wheels::{
    self, InstallError, InstallRequest, Installed, InstalledPackage, Interpreter, PackageLayer,
    PlacedPackage, Resolution, Source, WheelCompiler, WheelJob,
};
use std::path::PathBuf;
use windlass_model::{Digest, Problem};
use windlass_oci::LayerError;

/// Part of a layer's key: raised when the same segments give another layer.
const FORM: u32 = 3;

/// What installing needs, besides the request.
pub(super) struct Dependencies<'a> {
    pub(super) request: &'a BuildRequest<'a>,
    pub(super) system: &'a System,
    pub(super) shelf: &'a Shelf<'a>,
    pub(super) notes: &'a ObjectNotes,
    pub(super) downloader: &'a Downloader,
    pub(super) build_root: &'a BuildRoot<'a>,
    pub(super) meter: &'a Meter<'a>,
}

/// The layers, lowest first, and what stands for the wheels that they were made from.
pub(super) struct DependencyLayers {
    pub(super) layers: Vec<NamedLayer>,
    /// The key that their objects are noted under.
    pub(super) key: Digest,
}

impl Dependencies<'_> {
    /// The layers with every package installed; `None` where there is none to install.
    pub(super) fn layers(
        &self,
        resolution: &Resolution,
        warnings: &mut Vec<Problem>,
    ) -> Result<Option<DependencyLayers>, BuildError> {
        let count = resolution.packages.len() + usize::from(self.request.spec.install_project);
        if count == 0 {
            return Ok(None);
        }
        let part = Part::begin("dependencies");
        let known_key = self.known_key(resolution);
        if let Some(key) = known_key.filter(|key| self.notes.has(key))
            && let Some(layers) = self.shelf.find_set(&key)
        {
            self.meter.end(&part, count as u64, "packages, installed before");
            return Ok(Some(DependencyLayers { layers, key }));
        }
        let (installed, layers) = self.install(resolution, count)?;
        warnings.extend(wheels::explain::warnings(&installed, self.system.interpreter.python));
        let wheels = || installed.packages.iter().map(|package| package.segments[0].key);
        let key =
            known_key.unwrap_or_else(|| key_of(&("wheels", FORM, wheels().collect::<Vec<_>>())));
        self.note_objects(&key, &installed)?;
        if known_key.is_some() {
            self.shelf.note_set(&key, &layers)?;
        }
        self.meter.end(&part, count as u64, "packages installed");
        Ok(Some(DependencyLayers { layers, key }))
    }

    /// Notes what the layers hold for the loader, once for a set of wheels.
    fn note_objects(&self, key: &Digest, installed: &Installed) -> Result<(), BuildError> {
        if self.notes.has(key) {
            return Ok(());
        }
        let architecture = &self.system.interpreter.architecture;
        Objects::of_packages(&installed.packages, architecture)
            .and_then(|objects| self.notes.write(key, &objects))
            .map_err(|source| BuildError::Note { path: self.notes.path(key), source })
    }

    /// Installs and writes the layers; a segment that is damaged is made again, once for each.
    fn install(
        &self,
        resolution: &Resolution,
        count: usize,
    ) -> Result<(Installed, Vec<NamedLayer>), BuildError> {
        let mut damaged = 0;
        loop {
            let tried = self.placed(resolution).and_then(|placed| {
                let installed = self.installed(placed)?;
                let layers = self.write(&installed)?;
                Ok((installed, layers))
            });
            let error = match tried {
                Ok(done) => return Ok(done),
                Err(error) => error,
            };
            damaged += 1;
            match damaged_segment(&error) {
                Some(path) if damaged <= 2 * count => wheels::discard_segment(&path)?,
                _ => return Err(error),
            }
        }
    }

    fn placed(&self, resolution: &Resolution) -> Result<Vec<PlacedPackage>, BuildError> {
        let compile = |job: &WheelJob<'_>| self.build_root.build(job);
        let request = InstallRequest {
            resolution,
            spec: self.request.spec,
            project: self.request.project,
            tools: &self.request.settings.tools,
            cache: &self.request.dirs.cache,
            downloader: self.downloader,
            scheme: self.system.interpreter.scheme(),
            compiler: Some(WheelCompiler { identity: self.build_root.identity(), build: &compile }),
        };
        Ok(wheels::place_packages(&request, &|progress| self.meter.pass(progress))?)
    }

    fn installed(&self, placed: Vec<PlacedPackage>) -> Result<Installed, BuildError> {
        let interpreter = &self.system.interpreter;
        let command = || interpreter.command();
        let interpreter = Interpreter { command: &command, scheme: interpreter.scheme() };
        let cache = &self.request.dirs.cache;
        Ok(wheels::install(placed, cache, interpreter, &|progress| self.meter.pass(progress))?)
    }

    /// Writes what the shelf lacks, all at once: hashing is what takes time.
    fn write(&self, installed: &Installed) -> Result<Vec<NamedLayer>, BuildError> {
        let written: Vec<_> = std::thread::scope(|scope| {
            let shelf = self.shelf;
            let threads: Vec<_> = installed
                .layers
                .iter()
                .map(|layer| scope.spawn(move || write_one(shelf, installed, layer)))
                .collect();
            let joined = threads.into_iter().map(std::thread::ScopedJoinHandle::join);
            joined.map(|layer| layer.expect("writing a layer does not panic")).collect()
        });
        Ok(written.into_iter().collect::<Result<_, ShelfError>>()?)
    }

    /// The layers' common key, when it can be known without fetching or building anything: every
    /// package is one file of a known digest. What is built of one depends on more than wheels do.
    fn known_key(&self, resolution: &Resolution) -> Option<Digest> {
        if self.request.spec.install_project {
            return None;
        }
        let mut files = Vec::new();
        let mut identity = self.system.identity;
        for package in &resolution.packages {
            let file = match &package.source {
                Source::Wheel(file) => file,
                Source::Sdist(file) => {
                    identity = self.build_root.identity();
                    file
                }
                Source::Directory { .. } => return None,
            };
            files.push((&package.name, &package.version, file.sha256));
        }
        Some(key_of(&("files", FORM, identity, files)))
    }
}

fn write_one(
    shelf: &Shelf<'_>,
    installed: &Installed,
    layer: &PackageLayer,
) -> Result<NamedLayer, ShelfError> {
    let members = layer.packages.iter().map(|number| &installed.packages[*number]);
    let key = key_of(&("packages", FORM, members.map(inputs_of).collect::<Vec<_>>()));
    let info = match shelf.find(&key) {
        Some(info) => info,
        None => shelf.splice(&key, &installed.spliced(layer))?,
    };
    let made_by = match layer.packages.len() {
        1 => format!("windlass: {}", layer.title),
        count => made_by(&layer.title, count, "wheels"),
    };
    Ok(NamedLayer { info, made_by })
}

/// All that a package adds to a layer's bytes.
fn inputs_of(package: &InstalledPackage) -> (Digest, Digest, Vec<(usize, usize)>) {
    let [wheel, bytecode] = &package.segments;
    (wheel.key, bytecode.key, package.dropped.iter().copied().collect())
}

/// The file of the segment that has to be made again, when that is all that is wrong.
fn damaged_segment(error: &BuildError) -> Option<PathBuf> {
    match error {
        BuildError::Install(InstallError::Damaged { path })
        | BuildError::Shelf(ShelfError::Layer(LayerError::Damaged { path })) => Some(path.clone()),
        _ => None,
    }
}
