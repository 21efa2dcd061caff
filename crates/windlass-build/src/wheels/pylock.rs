//! Reading `pylock.toml` (PEP 751), the resolver's or the project's own, for one target.
//!
//! Pure. Of each package that the target needs, one file is chosen: the wheel that fits best, or
//! the source archive when none fits. Hashes are demanded: what cannot be checked is refused, and
//! of a package that the project lists hashes for, so is every file that it does not list.
//! What it does not do: fetch, build, or resolve anything.

mod error;
mod markers;
mod own;

pub use error::PylockError;
pub(super) use own::{OwnLock, read_own};

use super::hashes::Hashes;
use super::place::normalize;
use super::resolution::{Artifact, Location, LockedPackage, Resolution, Source, normalize_name};
use super::tags::WheelName;
use super::target::Target;
use pep508_rs::MarkerTree;
use serde::Deserialize;
use std::path::{Path, PathBuf};
use windlass_model::Digest;

#[derive(Deserialize)]
struct Document {
    #[serde(default)]
    packages: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    name: String,
    version: Option<String>,
    marker: Option<String>,
    sdist: Option<File>,
    #[serde(default)]
    wheels: Vec<File>,
    archive: Option<File>,
    directory: Option<Directory>,
    vcs: Option<Repository>,
}

#[derive(Deserialize)]
struct File {
    name: Option<String>,
    url: Option<String>,
    path: Option<PathBuf>,
    size: Option<u64>,
    #[serde(default)]
    hashes: std::collections::BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Directory {
    path: PathBuf,
    subdirectory: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Repository {
    url: Option<String>,
    path: Option<String>,
}

/// Files that a lock names, by package: taken whenever they are offered and fit.
pub(super) type Preferred = std::collections::BTreeMap<String, String>;

/// For whom a `pylock.toml` is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading<'a> {
    /// What the files must fit.
    pub(super) target: Target,
    /// The folder that relative paths start from.
    pub(super) base: &'a Path,
    /// Files chosen before.
    pub(super) preferred: &'a Preferred,
    /// The files that the project allows, of the packages that it lists hashes for.
    pub(super) hashes: &'a Hashes,
    /// Extras and groups that markers may ask for, as [`markers`] names them.
    pub(super) extras: &'a [String],
}

/// Reads a `pylock.toml`.
pub(super) fn read(text: &str, reading: Reading<'_>) -> Result<Resolution, PylockError> {
    let document: Document =
        toml::from_str(text).map_err(|source| PylockError::Invalid { source })?;
    let mut packages = Vec::with_capacity(document.packages.len());
    for entry in &document.packages {
        if applies(entry, reading)? && !is_own_folder(entry, reading) {
            packages.push(choose(entry, reading)?);
        }
    }
    packages.sort_by(|a: &LockedPackage, b| a.name.cmp(&b.name));
    if let Some(pair) = packages.windows(2).find(|pair| pair[0].name == pair[1].name) {
        return Err(PylockError::Twice { package: pair[0].name.clone() });
    }
    Ok(Resolution { packages })
}

fn applies(entry: &Entry, reading: Reading<'_>) -> Result<bool, PylockError> {
    let Some(text) = &entry.marker else { return Ok(true) };
    let marker: MarkerTree = markers::plain(text)
        .parse()
        .map_err(|_| PylockError::Marker { package: entry.name.clone(), marker: text.clone() })?;
    Ok(reading.target.accepts_with(&marker, reading.extras))
}

/// The folder of the lock is the project itself, whose files the image has anyway.
fn is_own_folder(entry: &Entry, reading: Reading<'_>) -> bool {
    let is_here = |directory: &Directory| {
        directory.subdirectory.is_none()
            && normalize(&reading.base.join(&directory.path)) == normalize(reading.base)
    };
    entry.directory.as_ref().is_some_and(is_here)
}

fn choose(entry: &Entry, reading: Reading<'_>) -> Result<LockedPackage, PylockError> {
    let name = normalize_name(&entry.name);
    let source = if let Some(repository) = &entry.vcs {
        let url = repository.url.as_ref().or(repository.path.as_ref());
        return Err(PylockError::Repository {
            package: entry.name.clone(),
            url: url.cloned().unwrap_or_default(),
        });
    } else if let Some(directory) = &entry.directory {
        let folder = normalize(&reading.base.join(&directory.path));
        let path = directory.subdirectory.as_ref().map_or(folder.clone(), |sub| folder.join(sub));
        Source::Directory { path }
    } else {
        let artifact = artifact(entry, file(entry, &name, reading)?, reading.base)?;
        match WheelName::parse(&artifact.file) {
            Some(_) => Source::Wheel(artifact),
            None => Source::Sdist(artifact),
        }
    };
    Ok(LockedPackage { name, version: entry.version.clone(), source })
}

/// The file to take: the archive itself, else the best wheel, else the source archive.
fn file<'a>(entry: &'a Entry, name: &str, reading: Reading<'_>) -> Result<&'a File, PylockError> {
    let Reading { target, preferred, hashes, .. } = reading;
    let best = |is_allowed: &dyn Fn(&File) -> bool| {
        if let Some(archive) = &entry.archive {
            let wheel = WheelName::parse(&archive.file_name().unwrap_or_default());
            let fits = wheel.is_none_or(|wheel| wheel.rank(target).is_some());
            return (fits && is_allowed(archive)).then_some(archive);
        }
        let wheels = entry.wheels.iter().filter(|wheel| is_allowed(wheel));
        best_wheel(wheels, target, preferred.get(name))
            .or_else(|| entry.sdist.as_ref().filter(|sdist| is_allowed(sdist)))
    };
    let Some(any) = best(&|_| true) else { return Err(no_file(entry, target)) };
    let Some(listed) = hashes.get(name) else { return Ok(any) };
    let is_listed = |file: &File| file.sha256().is_some_and(|hash| listed.contains(&hash));
    best(&is_listed).ok_or_else(|| {
        let files = entry.wheels.iter().chain(&entry.sdist).chain(&entry.archive);
        let shown = |file: &File| {
            let hash = file.sha256().map_or("no SHA-256".to_owned(), |hash| hash.hex());
            Some(format!("{} ({hash})", file.file_name()?))
        };
        PylockError::NotListed { package: label(entry), offered: files.filter_map(shown).collect() }
    })
}

fn label(entry: &Entry) -> String {
    match &entry.version {
        Some(version) => format!("{} {version}", entry.name),
        None => entry.name.clone(),
    }
}

fn no_file(entry: &Entry, target: Target) -> PylockError {
    let files = entry.wheels.iter().chain(&entry.archive);
    PylockError::NoFile {
        package: label(entry),
        target,
        offered: files.filter_map(File::file_name).collect(),
    }
}

/// The file chosen before, then the best by rank, then the highest build number, then the file
/// that is on this machine.
fn best_wheel<'a>(
    wheels: impl Iterator<Item = &'a File>,
    target: Target,
    chosen: Option<&String>,
) -> Option<&'a File> {
    let ranked = wheels.filter_map(|file| {
        let file_name = file.file_name()?;
        let name = WheelName::parse(&file_name)?;
        let rank = name.rank(target)?;
        let is_other = chosen.is_some_and(|chosen| *chosen != file_name);
        Some(((is_other, rank, std::cmp::Reverse(name.build), !file.is_local()), file))
    });
    ranked.min_by(|a, b| a.0.cmp(&b.0)).map(|(_, file)| file)
}

fn artifact(entry: &Entry, file: &File, base: &Path) -> Result<Artifact, PylockError> {
    let name = file.file_name().unwrap_or_default();
    let sha256 = file
        .sha256()
        .ok_or_else(|| PylockError::NoHash { package: entry.name.clone(), file: name.clone() })?;
    let location = match (&file.path, &file.url) {
        (Some(path), _) => Location::Path(normalize(&base.join(path))),
        (None, url) => locate(url.as_deref().unwrap_or_default()),
    };
    Ok(Artifact { file: name, location, sha256, size: file.size })
}

fn locate(url: &str) -> Location {
    match url.strip_prefix("file://") {
        Some(path) => Location::Path(PathBuf::from(decode_percent(path))),
        None => Location::Url(url.to_owned()),
    }
}

impl File {
    fn sha256(&self) -> Option<Digest> {
        self.hashes.get("sha256").and_then(|hex| Digest::from_hex(hex).ok())
    }

    fn is_local(&self) -> bool {
        self.path.is_some() || self.url.as_ref().is_some_and(|url| url.starts_with("file://"))
    }

    /// The name, or the last component of path or address (PEP 751, `packages.wheels.name`).
    fn file_name(&self) -> Option<String> {
        if let Some(name) = &self.name {
            return Some(name.clone());
        }
        if let Some(path) = &self.path {
            return Some(path.file_name()?.to_string_lossy().into_owned());
        }
        let url = self.url.as_deref()?;
        let plain = url.split(['?', '#']).next()?;
        Some(decode_percent(plain.rsplit('/').next()?))
    }
}

/// Undoes `%2B` and the like; anything else stays as it is.
fn decode_percent(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let code = tail.get(..2).filter(|_| first == b'%').and_then(|hex| {
            let hex = std::str::from_utf8(hex).ok()?;
            u8::from_str_radix(hex, 16).ok()
        });
        bytes.push(code.unwrap_or(first));
        rest = if code.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests;
