//! Building a wheel from a source archive or a folder, with uv, in isolation.
//!
//! Where a [`super::WheelCompiler`] is given it builds: in a container with the image's own Python and
//! a compiler. Where it cannot run, code of the package runs here, on this machine, as every installer
//! of source archives does, without a compiler: packages that can do without their compiled part then
//! build as plain Python; the others are refused, with what they tried.
//! A result is kept by the digest of its source and the Python it was built with.

mod error;
mod host;

pub use error::BuildWheelError;
pub(super) use host::HostBuilder;

use super::place;
use super::wheel_segment::WheelForm;
use crate::scheme::Scheme;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use windlass_model::{Digest, PythonVersion};

/// A wheel that was built, in the cache.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct BuiltWheel {
    /// Its file.
    pub(super) path: PathBuf,
    /// SHA-256 of it.
    pub(super) digest: Digest,
    /// The Python that the build ran on.
    pub(super) python: PythonVersion,
}

/// What to build.
#[derive(Debug, Clone, Copy)]
pub(super) struct BuildInput<'a> {
    /// Name and version, for messages.
    pub(super) package: &'a str,
    /// A source archive under its proper name, or a folder that may be written to.
    pub(super) source: &'a Path,
    /// Digest of the archive, or of the folder's contents.
    pub(super) digest: Digest,
    /// The image's Python.
    pub(super) scheme: Scheme,
    /// What the wheel depends on beside these, where it is compiled.
    pub(super) identity: Option<Digest>,
}

impl BuildInput<'_> {
    fn folder(&self, cache: &Path) -> PathBuf {
        folder_of((self.digest, self.identity), self.scheme.python, cache)
    }

    fn known(&self, cache: &Path) -> Option<BuiltWheel> {
        known((self.digest, self.identity), self.scheme, cache)
    }
}

/// What has a wheel made of an input in a folder; gives the Python that it was built on.
pub(super) type MakeWheel<'a> = dyn FnOnce(&Path) -> Result<PythonVersion, BuildWheelError> + 'a;

const CACHE_FORM: &str = "2";
/// Part of the name of what a compiler made: raised when the same sources give another wheel.
const COMPILED_FORM: &str = "c1";

/// A wheel built before from a source with that digest: in a segment, or whole. One that a power
/// cut emptied is built again.
pub(super) fn known(
    source: (Digest, Option<Digest>),
    scheme: Scheme,
    cache: &Path,
) -> Option<BuiltWheel> {
    let index = std::fs::read(folder_of(source, scheme.python, cache).join("built.json")).ok()?;
    let built: BuiltWheel = serde_json::from_slice(&index).ok()?;
    let form = WheelForm { digest: built.digest, scheme, built: true };
    let is_whole = || digest_file(&built.path).is_ok_and(|digest| digest == built.digest);
    (form.known(cache).is_some() || is_whole()).then_some(built)
}

fn folder_of(
    (source, identity): (Digest, Option<Digest>),
    python: PythonVersion,
    cache: &Path,
) -> PathBuf {
    let form = match identity {
        Some(identity) => format!("{COMPILED_FORM}-{}", identity.short()),
        None => CACHE_FORM.to_owned(),
    };
    cache.join("built").join(format!("{}-{python}-{form}", source.hex()))
}

/// Gives the wheel built before, or has one made and keeps it.
pub(super) fn build(
    input: BuildInput<'_>,
    cache: &Path,
    make: Box<MakeWheel<'_>>,
) -> Result<BuiltWheel, BuildWheelError> {
    if let Some(built) = input.known(cache) {
        return Ok(built);
    }
    let folder = input.folder(cache);
    let io = |source| BuildWheelError::Io { path: folder.clone(), source };
    let scratch = place::scratch_for(&folder).map_err(io)?;
    let python = make(scratch.path())?;
    let file = only_wheel(scratch.path()).ok_or_else(|| BuildWheelError::Result {
        package: input.package.to_owned(),
        source: None,
    })?;
    let wheel = scratch.path().join(&file);
    let digest = digest_file(&wheel).map_err(io)?;
    // On disk before the folder has its name: a power cut must not leave a name with nothing in it.
    File::open(&wheel).and_then(|wheel| wheel.sync_all()).map_err(io)?;
    let built = BuiltWheel { path: folder.join(&file), digest, python };
    let index = serde_json::to_vec(&built)
        .unwrap_or_else(|error| unreachable!("a path and a digest serialise: {error}"));
    place::write_file(&scratch.path().join("built.json"), &index).map_err(io)?;
    if folder.exists() && input.known(cache).is_none() {
        std::fs::remove_dir_all(&folder).map_err(io)?;
    }
    place::put_folder(scratch, &folder).map_err(io)?;
    // Another process may have been first, with a wheel that differs in its zip times.
    input.known(cache).ok_or_else(|| io(std::io::ErrorKind::NotFound.into()))
}

fn only_wheel(folder: &Path) -> Option<String> {
    let mut names = std::fs::read_dir(folder).ok()?.filter_map(|entry| {
        let name = entry.ok()?.file_name().into_string().ok()?;
        place::has_extension(&name, "whl").then_some(name)
    });
    let first = names.next()?;
    names.next().is_none().then_some(first)
}

/// SHA-256 of a file.
pub(super) fn digest_file(path: &Path) -> std::io::Result<Digest> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 128 << 10];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(Digest::from_bytes(hash.finalize().into())),
            count => hash.update(&buffer[..count]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wheel_that_a_power_cut_emptied_is_not_known() {
        let cache = tempfile::tempdir().expect("a folder");
        let (source, python) = (Digest::from_bytes([1; 32]), PythonVersion::three(13));
        let folder = folder_of((source, None), python, cache.path());
        std::fs::create_dir_all(&folder).expect("made");
        let path = folder.join("a-1-py3-none-any.whl");
        std::fs::write(&path, "a wheel").expect("written");
        let digest = digest_file(&path).expect("readable");
        let built = BuiltWheel { path: path.clone(), digest, python };
        let index = serde_json::to_vec(&built).expect("serialises");
        std::fs::write(folder.join("built.json"), index).expect("written");
        assert_eq!(known((source, None), Scheme::debian(python), cache.path()), Some(built));
        std::fs::write(&path, "").expect("written");
        assert_eq!(known((source, None), Scheme::debian(python), cache.path()), None);
    }
}
