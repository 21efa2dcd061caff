//! From a [`Resolution`] to segments of the installed packages, planned into layers.
//!
//! Fetch, build what is not a wheel, place, compile: each step only for what the cache lacks, so
//! that with nothing new the whole plan is read from a few index files. Nothing of the wheels is
//! held in memory. It writes no layer: who does joins the segments.

use super::build_wheel::BuildWheelError;
use super::bytecode::{self, BytecodeError, Interpreter};
use super::compile::WheelCompiler;
use super::cores::on_every_core;
use super::gather::gather;
use super::installed::{BuiltPackage, Installed, InstalledPackage, PackageLayer, PlacedPackage};
use super::layers::{self, Weight};
use super::merge::{Overlap, merge};
use super::resolution::Resolution;
use super::segment::{self, Segment};
use super::tools::PackageTools;
use super::wheel_error::WheelError;
use crate::download::{DownloadError, Downloader};
use crate::scheme::Scheme;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Instant;
use windlass_model::{BuildSpec, Progress, ProgressUnit};

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
    /// Where the image's Python looks.
    pub scheme: Scheme,
    /// Builds what is no wheel; without it, or where it cannot run, this machine's own Python does,
    /// without a compiler.
    pub compiler: Option<WheelCompiler<'a>>,
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
    Bytecode(BytecodeError),
    /// Two packages bring different files for one path.
    #[error("{} and {} both bring /{}, with different contents", overlap.kept, overlap.dropped, overlap.path)]
    Overlap {
        /// The path and the packages.
        overlap: Overlap,
    },
    /// A segment is not what was written: it must be made again.
    #[error("{} is damaged", path.display())]
    Damaged {
        /// One of its files.
        path: PathBuf,
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

impl From<BytecodeError> for InstallError {
    fn from(error: BytecodeError) -> Self {
        match error {
            BytecodeError::Damaged { path } => Self::Damaged { path },
            error => Self::Bytecode(error),
        }
    }
}

/// Has every package in a segment: what a wheel holds, where it will be in the image.
///
/// # Errors
/// What fetching, building and checking meet.
pub fn place_packages(
    request: &InstallRequest<'_>,
    progress: &dyn Fn(Progress),
) -> Result<Vec<PlacedPackage>, InstallError> {
    // uv and Python run in other folders than this process does.
    let (project, cache) = (absolute(request.project)?, absolute(request.cache)?);
    let request = InstallRequest { project: &project, cache: &cache, ..*request };
    let gathered = gather(&request, progress)?;
    let started = Instant::now();
    let segments = on_every_core(&gathered, |wheel| match &wheel.known {
        Some(known) => Ok(known.clone()),
        None => wheel.form.ensure(&wheel.file, &cache),
    });
    let mut placed = Vec::with_capacity(gathered.len());
    for (wheel, segment) in gathered.into_iter().zip(segments) {
        let refused = |source| InstallError::Wheel { package: wheel.label.clone(), source };
        let segment = segment.map_err(refused)?;
        placed.push(PlacedPackage::new(wheel, segment));
    }
    progress(part("wheels", placed.len(), "packages", started));
    Ok(placed)
}

/// Plans the installation of every package, with its bytecode.
///
/// # Errors
/// An interpreter that fails, packages that do not go together, a cache that cannot be used.
pub fn install(
    placed: Vec<PlacedPackage>,
    cache: &Path,
    interpreter: Interpreter<'_>,
    progress: &dyn Fn(Progress),
) -> Result<Installed, InstallError> {
    let cache = absolute(cache)?;
    let started = Instant::now();
    let wheels: Vec<&Segment> = placed.iter().map(|package| &package.segment).collect();
    let compiled = bytecode::ensure(&wheels, interpreter, &cache)?;
    let built = placed.iter().filter_map(BuiltPackage::of).collect();
    let mut packages: Vec<InstalledPackage> = placed
        .into_iter()
        .zip(compiled)
        .map(|(package, compiled)| InstalledPackage {
            name: package.name,
            label: package.label,
            is_local: package.is_local,
            segments: [package.segment, compiled],
            dropped: BTreeSet::new(),
        })
        .collect();
    // All but RECORD.
    let modules = packages.iter().map(|package| package.segments[1].index.files.len() - 1).sum();
    progress(part("bytecode", modules, "modules", started));
    let merged = merge(&packages, &interpreter.scheme.packages())
        .map_err(|overlap| InstallError::Overlap { overlap })?;
    for (package, dropped) in packages.iter_mut().zip(merged.dropped) {
        package.dropped = dropped;
    }
    let layers = layers_of(&packages);
    Ok(Installed { packages, layers, overlaps: merged.overlaps, built })
}

/// Removes a segment that turned out to be damaged: the next time it is made again.
///
/// # Errors
/// A folder that cannot be removed.
pub fn discard_segment(path: &Path) -> Result<(), InstallError> {
    segment::discard(path).map_err(|source| InstallError::Io { path: path.to_owned(), source })
}

fn layers_of(packages: &[InstalledPackage]) -> Vec<PackageLayer> {
    let weights: Vec<_> = packages
        .iter()
        .map(|package| Weight {
            name: &package.name,
            bytes: package.segments[0].packed_bytes(),
            is_local: package.is_local,
        })
        .collect();
    let title = |members: &[usize]| match members {
        [one] => packages[*one].label.clone(),
        [first, ..] if packages[*first].is_local => "packages of the project".to_owned(),
        _ => "packages".to_owned(),
    };
    let planned = layers::plan(&weights).into_iter();
    planned.map(|packages| PackageLayer { title: title(&packages), packages }).collect()
}

fn absolute(path: &Path) -> Result<PathBuf, InstallError> {
    std::path::absolute(path).map_err(|source| InstallError::Io { path: path.to_owned(), source })
}

fn part(name: &str, count: usize, noun: &str, started: Instant) -> Progress {
    Progress {
        part: name.to_owned(),
        done: count as u64,
        total: Some(count as u64),
        unit: ProgressUnit::Items,
        elapsed_ms: Some(started.elapsed().as_millis() as u64),
        detail: format!("{count} {noun}"),
    }
}
