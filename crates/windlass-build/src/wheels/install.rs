//! From a [`Resolution`] to the layer entries of the installed packages.
//!
//! Fetch, build what is not a wheel, unpack, compile, place: each step only for what the cache
//! lacks, so that with nothing new the whole plan is read from a few index files. Nothing of the
//! wheels is held in memory; the entries name files in the cache.

use super::build_wheel::BuildWheelError;
use super::bytecode::{self, BytecodeError, Interpreter};
use super::gather::{Gathered, gather};
use super::merge::{Overlap, merge};
use super::placement::Placement;
use super::resolution::Resolution;
use super::tools::PackageTools;
use super::unpack::{self, UnpackedWheel};
use super::wheel_error::WheelError;
use crate::download::{DownloadError, Downloader};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;
use windlass_model::{BuildSpec, Digest, Progress, ProgressUnit, PythonVersion};
use windlass_oci::LayerEntry;

/// What to install, and with what.
#[derive(Clone, Copy)]
pub struct InstallRequest<'a> {
    /// The packages.
    pub resolution: &'a Resolution,
    /// Whether the project itself is installed too, and the Python.
    pub spec: &'a BuildSpec,
    /// The project's root.
    pub project: &'a Path,
    /// uv, Pythons, index settings: for what must be built.
    pub tools: &'a PackageTools,
    /// The cache folder of this installation.
    pub cache: &'a Path,
    /// Fetches the files.
    pub downloader: &'a Downloader,
    /// The image's interpreter, for bytecode.
    pub interpreter: Interpreter<'a>,
}

/// The installed packages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// Everything to put into layers, sorted by path, folders included.
    pub entries: Vec<LayerEntry>,
    /// The wheels by digest, in the packages' order: with the Python's identity, a layer's key.
    pub wheels: Vec<Digest>,
    /// Harmless files that two packages bring; the first package's was kept.
    pub overlaps: Vec<Overlap>,
    /// Packages that were built from sources, now or earlier.
    pub built: Vec<BuiltPackage>,
}

/// A package that was built from sources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuiltPackage {
    /// Its name and version.
    pub package: String,
    /// The Python that the build ran on: the nearest to the image's that this machine has.
    pub python: PythonVersion,
}

impl BuiltPackage {
    fn of(gathered: &Gathered) -> Option<Self> {
        let python = gathered.built_with?;
        Some(Self { package: gathered.label.clone(), python })
    }
}

/// Why packages could not be installed.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// A file could not be fetched.
    #[error(transparent)]
    Download(#[from] DownloadError),
    /// A file of this machine that an index names is not what it should be.
    #[error("{} of {package} does not have the SHA-256 that its index gives", path.display())]
    LocalFile {
        /// The package.
        package: String,
        /// The file.
        path: PathBuf,
    },
    /// A wheel is not valid.
    #[error("the wheel of {package} is refused")]
    Wheel {
        /// The package.
        package: String,
        /// Why.
        #[source]
        source: WheelError,
    },
    /// A package could not be built.
    #[error(transparent)]
    Build(#[from] BuildWheelError),
    /// Bytecode could not be made.
    #[error(transparent)]
    Bytecode(#[from] BytecodeError),
    /// Two packages bring different files for one path.
    #[error("{} and {} both bring /{}, with different contents", overlap.kept, overlap.dropped, overlap.path)]
    Overlap {
        /// The path and the packages.
        overlap: Overlap,
    },
    /// A file or folder of the project or the cache could not be used.
    #[error("{} cannot be used", path.display())]
    Io {
        /// The path.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

/// Plans the installation of every package.
pub fn install(
    request: &InstallRequest<'_>,
    progress: &dyn Fn(Progress),
) -> Result<Installed, InstallError> {
    // uv and Python run in other folders than this process does.
    let absolute = |path: &Path| {
        std::path::absolute(path)
            .map_err(|source| InstallError::Io { path: path.to_owned(), source })
    };
    let (project, cache) = (absolute(request.project)?, absolute(request.cache)?);
    install_absolute(&InstallRequest { project: &project, cache: &cache, ..*request }, progress)
}

fn install_absolute(
    request: &InstallRequest<'_>,
    progress: &dyn Fn(Progress),
) -> Result<Installed, InstallError> {
    let gathered = gather(request, progress)?;
    let started = Instant::now();
    let unpacked = unpack_all(&gathered, request.cache)?;
    let placement = Placement { python: request.spec.python };
    let mut placed = Vec::with_capacity(unpacked.len());
    for (wheel, unpacked) in gathered.iter().zip(&unpacked) {
        let planned = placement
            .place(&wheel.name, unpacked, wheel.built_with.is_some())
            .map_err(|source| InstallError::Wheel { package: wheel.label.clone(), source })?;
        placed.push(planned);
    }
    progress(Progress {
        part: "wheels".to_owned(),
        done: unpacked.len() as u64,
        total: Some(unpacked.len() as u64),
        unit: ProgressUnit::Items,
        elapsed_ms: Some(started.elapsed().as_millis() as u64),
        detail: format!("{} packages", unpacked.len()),
    });
    let started = Instant::now();
    let digests: Vec<_> = unpacked.iter().map(|wheel| wheel.digest).zip(&placed).collect();
    let compiled = bytecode::ensure(&digests, request.interpreter, request.cache)?;
    let modules: usize = compiled.iter().map(|bytecode| bytecode.files.len()).sum();
    for (wheel, bytecode) in placed.iter_mut().zip(&compiled) {
        let paths: Vec<String> = bytecode.files.iter().map(|file| file.path.clone()).collect();
        let record = wheel.record(placement, &paths);
        wheel.files.push(record);
        wheel.files.extend(bytecode.placed());
    }
    progress(Progress {
        part: "bytecode".to_owned(),
        done: modules as u64,
        total: Some(modules as u64),
        unit: ProgressUnit::Items,
        elapsed_ms: Some(started.elapsed().as_millis() as u64),
        detail: format!("{modules} modules"),
    });
    let (entries, overlaps) = merge(placed, &placement.packages())
        .map_err(|overlap| InstallError::Overlap { overlap })?;
    Ok(Installed {
        entries,
        wheels: unpacked.iter().map(|wheel| wheel.digest).collect(),
        overlaps,
        built: gathered.iter().filter_map(BuiltPackage::of).collect(),
    })
}

/// Unpacks what the cache lacks, on every core.
fn unpack_all(wheels: &[Gathered], cache: &Path) -> Result<Vec<UnpackedWheel>, InstallError> {
    let next = AtomicUsize::new(0);
    let results: Vec<Mutex<Option<Result<UnpackedWheel, WheelError>>>> =
        wheels.iter().map(|_| Mutex::new(None)).collect();
    let workers = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..workers.min(wheels.len()) {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(wheel) = wheels.get(index) else { break };
                    let result = match &wheel.state {
                        Some(unpacked) => Ok(unpacked.clone()),
                        None => unpack::ensure(&wheel.file, wheel.digest, cache),
                    };
                    if let Ok(mut slot) = results[index].lock() {
                        *slot = Some(result);
                    }
                }
            });
        }
    });
    let mut unpacked = Vec::with_capacity(wheels.len());
    for (wheel, slot) in wheels.iter().zip(results) {
        let result = slot.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        let result = result.unwrap_or_else(|| unreachable!("every index was taken by a worker"));
        unpacked.push(
            result
                .map_err(|source| InstallError::Wheel { package: wheel.label.clone(), source })?,
        );
    }
    Ok(unpacked)
}
