//! Standalone builds of Python, for versions that Debian has none of: uv finds, fetches and checks
//! them, and what is used is the archive that it leaves in its cache, not what it unpacked: that
//! holds paths of this machine.
//!
//! uv's own settings decide where they come from (`UV_PYTHON_INSTALL_MIRROR`,
//! `UV_PYTHON_DOWNLOADS_JSON_URL`, `UV_PYTHON_CACHE_DIR`, `uv.toml`), and whether they may be
//! fetched at all (`UV_PYTHON_DOWNLOADS=never`). A build that the lock names and the cache has is
//! taken without asking anybody. What this does not do: unpack.

mod error;

pub use error::StandaloneError;

use super::build_wheel::digest_file;
use super::lock::LockedPython;
use super::tools::PackageTools;
use super::uv::Uv;
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::process::Command;
use windlass_model::{Digest, Machine, PythonVersion};

/// The feature releases that standalone builds exist of.
const MINORS: std::ops::RangeInclusive<u8> = 9..=14;

/// Which build is wanted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StandaloneRequest<'a> {
    /// The feature release.
    pub(crate) python: PythonVersion,
    /// The processor that it is for.
    pub(crate) machine: Machine,
    /// The build that the lock names.
    pub(crate) locked: Option<&'a LockedPython>,
    /// uv and its settings.
    pub(crate) tools: &'a PackageTools,
    /// The cache folder of this installation.
    pub(crate) cache: &'a Path,
}

/// A build in the cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StandalonePython {
    /// What the lock says of it.
    pub(crate) locked: LockedPython,
    /// The archive: tar, compressed with gzip.
    pub(crate) archive: PathBuf,
}

/// The Pythons that there are standalone builds of, the oldest first.
pub(crate) fn pythons() -> impl Iterator<Item = PythonVersion> {
    MINORS.map(PythonVersion::three)
}

impl StandalonePython {
    /// Gives the wanted build: the locked one when it can still be had, else the newest.
    pub(crate) fn fetch(request: &StandaloneRequest<'_>) -> Result<Self, StandaloneError> {
        if let Some(locked) = request.locked {
            let archive = archive_path(request.cache, &locked.sha256);
            if digest_file(&archive).is_ok_and(|digest| digest == locked.sha256) {
                return Ok(Self { locked: locked.clone(), archive });
            }
        }
        let setting = request.tools.environment.get("UV_PYTHON_DOWNLOADS");
        if setting.is_some_and(|setting| setting == "never") {
            return Err(StandaloneError::Forbidden { python: request.python });
        }
        let uv = Uv::find(request.tools, request.cache)?;
        let offered = offered(&uv, request)?;
        let same = request
            .locked
            .and_then(|locked| offered.iter().find(|offer| offer.version == locked.version));
        let offer = same.or_else(|| offered.first()).ok_or(StandaloneError::NotOffered {
            python: request.python,
            machine: request.machine,
        })?;
        download(&uv, request, offer)
    }
}

/// One build that uv knows.
#[derive(Debug, Clone, Deserialize)]
struct Offer {
    key: String,
    version: String,
    #[serde(default)]
    url: Option<String>,
    implementation: String,
    arch: String,
    os: String,
    libc: String,
    variant: String,
}

/// uv, allowed to fetch Pythons for images; what it unpacks goes nowhere that it would look itself.
fn for_pythons(uv: &Uv) -> Command {
    let mut command = uv.command();
    command.env("UV_PYTHON_DOWNLOADS", "manual");
    command
}

/// The finished builds for that machine, the newest first.
fn offered(uv: &Uv, request: &StandaloneRequest<'_>) -> Result<Vec<Offer>, StandaloneError> {
    let machine = request.machine.as_str();
    let wanted = format!("cpython-{}-linux-{machine}-gnu", request.python);
    let arguments = ["python", "list", "--only-downloads", "--all-versions", "--all-arches"];
    let form = ["--output-format", "json", wanted.as_str()];
    let text = uv.finish(for_pythons(uv).args(arguments).args(form))?;
    let all: Vec<Offer> = serde_json::from_str(&text)
        .map_err(|source| StandaloneError::List { python: request.python, source })?;
    let mut fitting: Vec<(u16, Offer)> = all
        .into_iter()
        .filter(|offer| {
            offer.implementation == "cpython"
                && offer.variant == "default"
                && (offer.os.as_str(), offer.libc.as_str()) == ("linux", "gnu")
                && offer.arch == machine
                && offer.version.starts_with(&format!("{}.", request.python))
        })
        .filter_map(|offer| Some((patch_of(&offer.version)?, offer)))
        .collect();
    fitting.sort_by_key(|(patch, _)| std::cmp::Reverse(*patch));
    Ok(fitting.into_iter().map(|(_, offer)| offer).collect())
}

/// The last number of `3.12.16`; none for what is not finished (`3.15.0a2`).
fn patch_of(version: &str) -> Option<u16> {
    let mut parts = version.splitn(3, '.').skip(2);
    parts.next()?.parse().ok()
}

/// Has uv fetch and check a build, and keeps its archive under its digest.
fn download(
    uv: &Uv,
    request: &StandaloneRequest<'_>,
    offer: &Offer,
) -> Result<StandalonePython, StandaloneError> {
    let folder = request.cache.join("pythons");
    let io = |source| StandaloneError::Io { path: folder.clone(), source };
    std::fs::create_dir_all(&folder).map_err(io)?;
    let scratch = tempfile::Builder::new().prefix(".tmp").tempdir_in(&folder).map_err(io)?;
    // A cache of the user's may be how a machine without a network gets its Pythons.
    let given = request.tools.environment.get("UV_PYTHON_CACHE_DIR").map(PathBuf::from);
    let archives = match given.filter(|folder| folder.is_absolute()) {
        Some(folder) => folder,
        None => scratch.path().join("archives"),
    };
    let unpacked = scratch.path().join("unpacked").display().to_string();
    let arguments = ["python", "install", "--no-bin", "--install-dir", &unpacked, &offer.key];
    uv.finish(for_pythons(uv).env("UV_PYTHON_CACHE_DIR", &archives).args(arguments))?;
    let found = archive_of(&archives, offer).ok_or(StandaloneError::NoArchive {
        folder: archives.clone(),
        version: offer.version.clone(),
    })?;
    let sha256 = digest_file(&found).map_err(io)?;
    let archive = archive_path(request.cache, &sha256);
    if !digest_file(&archive).is_ok_and(|digest| digest == sha256) {
        let ours = scratch.path().join("archive");
        std::fs::copy(&found, &ours).map_err(io)?;
        std::fs::File::open(&ours).and_then(|file| file.sync_all()).map_err(io)?;
        std::fs::rename(&ours, &archive).map_err(io)?;
    }
    let file = offer.url.as_deref().map(file_of).unwrap_or_default();
    Ok(StandalonePython {
        locked: LockedPython { version: offer.version.clone(), file, sha256 },
        archive,
    })
}

fn archive_path(cache: &Path, sha256: &Digest) -> PathBuf {
    cache.join("pythons").join(format!("{}.tar.gz", sha256.hex()))
}

/// The archive that uv kept: its name is a part of its digest and that of the file behind the URL,
/// where a plus sign may have become a hyphen. The newest, when a cache has several builds.
fn archive_of(folder: &Path, offer: &Offer) -> Option<PathBuf> {
    let file = offer.url.as_deref().map(file_of)?;
    let names = [format!("-{file}"), format!("-{}", file.replace('+', "-"))];
    let mut found: Vec<_> = std::fs::read_dir(folder)
        .ok()?
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let name = entry.file_name().into_string().ok()?;
            let is_it = names.iter().any(|end| name.ends_with(end.as_str()));
            let changed = entry.metadata().and_then(|metadata| metadata.modified()).ok()?;
            is_it.then(|| (changed, entry.path()))
        })
        .collect();
    found.sort();
    found.pop().map(|(_, path)| path)
}

/// The last part of a URL, decoded as far as such names need it.
fn file_of(url: &str) -> String {
    let last = url.rsplit('/').next().unwrap_or(url);
    let plain = last.split(['?', '#']).next().unwrap_or(last);
    plain.replace("%2B", "+").replace("%2b", "+")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_finished_versions_have_a_patch_level() {
        for (version, patch) in
            [("3.12.16", Some(16)), ("3.15.0a2", None), ("3.14.0", Some(0)), ("3.14", None)]
        {
            assert_eq!(patch_of(version), patch, "{version}");
        }
    }

    #[test]
    fn the_archive_is_found_by_the_name_behind_the_url() {
        let folder = tempfile::tempdir().expect("a folder");
        let url = "http://127.0.0.1/1/cpython-3.12.1%2B1-x86_64-unknown-linux-gnu.tar.gz?x=1";
        let offer = Offer {
            key: String::new(),
            version: "3.12.1".to_owned(),
            url: Some(url.to_owned()),
            implementation: String::new(),
            arch: String::new(),
            os: String::new(),
            libc: String::new(),
            variant: String::new(),
        };
        assert_eq!(archive_of(folder.path(), &offer), None);
        let kept = folder.path().join("0a1b-cpython-3.12.1-1-x86_64-unknown-linux-gnu.tar.gz");
        std::fs::write(&kept, "").expect("written");
        std::fs::write(folder.path().join("0a1b-cpython-3.12.1-1-aarch64.tar.gz"), "").expect("x");
        assert_eq!(archive_of(folder.path(), &offer), Some(kept));
    }
}
