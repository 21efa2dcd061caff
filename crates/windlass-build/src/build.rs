//! Building an image: the whole story, from a spec to a manifest.

mod app;
mod based;
mod build_root;
mod dependencies;
mod error;
mod ground;
mod libraries;
mod lock_only;
mod locked;
mod origin;
mod platforms;
mod python;
mod steps;
mod twin;
mod workplace;

pub use error::BuildError;
pub(crate) use lock_only::{LockOrder, lock_only, locked_root};
pub(crate) use platforms::this_machine;
pub use python::{is_standalone, pythons};
pub use steps::BuildStepError;

use crate::base::CredentialFiles;
use crate::cache;
use crate::debian::ArchiveAccess;
use crate::download::DownloadSettings;
use crate::step::RunStep;
use crate::wheels::PackageTools;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use windlass_model::{BuildSpec, CollectStatic, Digest, Finding, Machine, Problem, Progress};

/// What to build, where.
#[derive(Clone, Copy)]
pub struct BuildRequest<'a> {
    /// Everything that determines the image, apart from files' contents.
    pub spec: &'a BuildSpec,
    /// The machines that it is for; none for this one alone.
    pub platforms: &'a [Machine],
    /// The project's root.
    pub project: &'a Path,
    /// Where results and intermediate things are kept.
    pub dirs: &'a BuildDirs,
    /// What the machine offers.
    pub settings: &'a BuildSettings,
    /// Set from elsewhere once nobody wants the image any more: the build ends at its next part.
    pub cancelled: &'a AtomicBool,
    /// Runs a command in a container.
    pub run_step: &'a RunStep<'a>,
    /// Hears what commands print, line by line.
    pub output: &'a (dyn Fn(&str) + Sync),
}

impl BuildRequest<'_> {
    /// Asked between the parts.
    fn still_wanted(&self) -> Result<(), BuildError> {
        if self.cancelled.load(Ordering::Relaxed) { Err(BuildError::Cancelled) } else { Ok(()) }
    }
}

/// The folders of a build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildDirs {
    /// What can be fetched or made again.
    pub cache: PathBuf,
    /// The OCI layout that the image goes to.
    pub images: PathBuf,
    /// Unpacked layers, for the containers that commands run in.
    pub layers: PathBuf,
    /// What lives no longer than the build. Who builds makes it, and removes what is left in it.
    pub scratch: PathBuf,
}

/// What the machine offers for building, handed in as data.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct BuildSettings {
    /// Where Debian's packages come from.
    pub access: ArchiveAccess,
    /// How servers are reached.
    pub download: DownloadSettings,
    /// uv, Pythons and package index settings.
    pub tools: PackageTools,
    /// Where credentials of the registries are that bases come from.
    #[serde(default)]
    pub credentials: CredentialFiles,
}

/// A built image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuiltImage {
    /// Digest of the manifest: the image's identity. That of the index where it is for several
    /// machines.
    pub manifest: Digest,
    /// The image for each machine.
    pub platforms: Vec<BuiltPlatform>,
    /// How many layers it has, or its images have together.
    pub layers: usize,
    /// Size of all layers, compressed, each counted once, in bytes.
    pub bytes: u64,
    /// Whether `windlass.lock` was written.
    pub lock_written: bool,
    /// Every part that was done, with its time.
    pub parts: Vec<Progress>,
    /// What was added to the image without being asked for, and why.
    pub findings: Vec<Finding>,
    /// What the user should know, and what stops nothing.
    pub warnings: Vec<Problem>,
    /// Static files that could not be collected now and must be before a release serves: then the
    /// folder is kept across releases.
    pub collect_at_release: Option<CollectStatic>,
}

/// An image for one machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuiltPlatform {
    /// The machine.
    pub machine: Machine,
    /// Digest of the image's manifest.
    pub manifest: Digest,
    /// How many layers it has.
    pub layers: usize,
    /// Size of its layers, compressed, in bytes.
    pub bytes: u64,
}

/// Builds the image of a project: for several machines one for each, and an index of them.
///
/// With nothing changed since the last build nothing is fetched, compiled or compressed.
///
/// # Errors
/// What any part met; what was finished stays cached for the next try. A build that was cancelled
/// leaves the project's lock and the app's tag as they are.
pub fn build(
    request: &BuildRequest<'_>,
    progress: &dyn Fn(Progress),
) -> Result<BuiltImage, BuildError> {
    let mut warnings = Vec::new();
    // First of all: what must not be in an image ends the build before anything is written.
    let files = app::project_files(request, &mut warnings)?;
    let cache = &request.dirs.cache;
    let disk = |source| BuildError::Note { path: cache.clone(), source };
    let _cache = cache::hold(cache).map_err(disk)?;
    platforms::build(request, progress, (files, warnings))
}
