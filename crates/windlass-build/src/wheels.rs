//! The project's dependencies: resolved, locked, downloaded, and planned into layer entries.
//!
//! [`resolve`] drives uv as an executable for what it is best at (resolving, exporting to
//! PEP 751, building source archives); everything after that is ours, so that an image depends
//! on the files' hashes alone: download, the wheel installer ([`install`]) and the bytecode.
//! Nothing is installed on this machine and no code of a wheel runs. Source archives cannot be had
//! without: they are built in a container where one runs, else here.

mod archive;
mod as_of;
mod build_wheel;
mod bytecode;
mod commit_date;
mod compile;
mod cores;
mod declaration;
mod dist_info;
pub mod explain;
mod foreign;
mod gather;
mod hashes;
mod host_python;
mod index_settings;
mod install;
mod installed;
mod layers;
pub mod lock;
mod merge;
mod moved;
mod old_imports;
mod place;
mod placement;
mod pylock;
mod record;
mod resolution;
mod resolve;
mod resolver;
mod segment;
mod source_tree;
mod standalone;
mod tags;
mod target;
mod tools;
mod uv;
mod uv_failure;
mod uv_project;
mod wheel_error;
mod wheel_segment;
mod workshop;

pub use as_of::{AsOf, WhyNow};
pub use build_wheel::BuildWheelError;
pub use bytecode::{BytecodeError, Interpreter};
pub use compile::{CompileWheelError, WheelCompiler, WheelJob};
pub use declaration::DeclarationError;
pub use foreign::ForeignLockError;
pub use install::{InstallError, InstallRequest, discard_segment, install, place_packages};
pub use installed::{BuiltPackage, Installed, InstalledPackage, PackageLayer, PlacedPackage};
pub use merge::Overlap;
pub use moved::Moved;
pub use pylock::PylockError;
pub(crate) use resolution::normalize_name;
pub use resolution::{Artifact, Location, LockedPackage, Resolution, Source};
pub use resolve::{ResolveError, ResolveNote, ResolveRequest, Resolved, resolve};
pub use segment::{Segment, SegmentFile, SegmentIndex};
pub use standalone::StandaloneError;
pub(crate) use standalone::{StandalonePython, StandaloneRequest, pythons as standalone_pythons};
pub use target::Target;
pub use tools::{PackageTools, UvSearch};
pub use uv::FindUvError;
pub use uv_failure::UvFailure;
pub use uv_project::UvProject;
pub use wheel_error::WheelError;
pub use windlass_model::Machine;

/// What reads bytes from outside, for the fuzzer.
#[cfg(fuzzing)]
pub(crate) mod fuzzed {
    use super::{Machine, Target, foreign, hashes, lock, pylock, wheel_segment};
    use crate::scheme::Scheme;
    use std::path::Path;
    use windlass_model::{LockTool, PythonVersion, Selection};

    /// Places the wheel at `wheel`, and gives the paths that it has in an image.
    pub(crate) fn wheel(wheel: &Path, cache: &Path) -> Option<Vec<String>> {
        let python = PythonVersion { major: 3, minor: 13 };
        let digest = super::build_wheel::digest_file(wheel).ok()?;
        let form =
            wheel_segment::WheelForm { digest, scheme: Scheme::debian(python), built: false };
        let segment = form.ensure(wheel, cache).ok()?;
        Some(segment.index.files.into_iter().map(|file| file.path).collect())
    }

    /// Reads `pylock.toml`, and the list of hashes of a `requirements.txt`.
    pub(crate) fn pylock(text: &str, folder: &Path) {
        let mut listed = hashes::Hashes::new();
        hashes::collect(text, &mut listed);
        let _ = hashes::is_full_lock(text);
        let python = PythonVersion { major: 3, minor: 13 };
        let target = Target { python, patch: 5, glibc: (2, 41), machine: Machine::X86_64 };
        let reading = pylock::Reading {
            target,
            base: folder,
            preferred: &pylock::Preferred::new(),
            hashes: &listed,
            extras: &[],
        };
        let _ = pylock::read(text, reading);
    }

    /// Reads the locks that a project's folder holds.
    pub(crate) fn locks(project: &Path) {
        let _ = lock::read(project);
        for (tool, file) in [
            (LockTool::Poetry, "poetry.lock"),
            (LockTool::Pdm, "pdm.lock"),
            (LockTool::Pipenv, "Pipfile.lock"),
        ] {
            let _ = foreign::read(tool, &project.join(file), &Selection::default());
        }
    }
}
