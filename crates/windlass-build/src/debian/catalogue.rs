//! The archive's indexes: fetched, verified, cached, merged.
//!
//! Trust goes from a key of the machine to `InRelease`, from its SHA-256 to each index, from the
//! index's SHA-256 to each package. The last good `InRelease` is kept: it serves when the archive
//! cannot be reached, and a server that hands out an older one is not followed back in time.
//!
//! Apt's source lists name vendors' repositories beside Debian's, and many of those call their
//! suite `stable` or by Debian's code name. Only what a verified release file calls Debian's gets
//! in; what is not there, or not to be trusted, is passed over as long as the release itself is
//! found. Security updates are never passed over.

mod error;

pub use error::CatalogueError;

use super::archive::{ArchiveSettings, Repository, from_settings, from_sources};
use super::index::PackageIndex;
use super::release::Release;
use super::sources::{self, SignedBy};
use super::trust::KeyRing;
use crate::download::{Downloader, Wanted};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use windlass_model::Digest;

/// Largest `InRelease`, in bytes; real ones have 150 KB.
const RELEASE_LIMIT: u64 = 16 << 20;
/// Largest index, unpacked, in bytes; main has 57 MB.
const INDEX_LIMIT: u64 = 1 << 30;

/// How the archive is found and trusted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArchiveAccess {
    /// Apt's folder, usually `/etc/apt`.
    pub apt_dir: PathBuf,
    /// Key rings for sources that name none: files, or folders of them.
    pub keyrings: Vec<PathBuf>,
    /// Used instead of apt's source lists.
    pub archive: Option<ArchiveSettings>,
}

impl Default for ArchiveAccess {
    fn default() -> Self {
        let keyrings = ["/usr/share/keyrings/debian-archive-keyring.gpg", "/etc/apt/trusted.gpg.d"];
        Self {
            apt_dir: PathBuf::from("/etc/apt"),
            keyrings: keyrings.map(PathBuf::from).to_vec(),
            archive: None,
        }
    }
}

/// Fetches what is needed to know the packages of a release.
pub(crate) struct Catalogue<'a> {
    pub(crate) access: &'a ArchiveAccess,
    pub(crate) downloader: &'a Downloader,
    pub(crate) cache: &'a Path,
    /// Debian's name of the processor: `amd64`.
    pub(crate) architecture: &'a str,
    pub(crate) now: SystemTime,
}

impl Catalogue<'_> {
    /// The merged index of all suites of a release.
    pub(crate) fn load(
        &self,
        release: &str,
        progress: &dyn Fn(u64),
    ) -> Result<PackageIndex, CatalogueError> {
        let mut index = PackageIndex::default();
        let mut before = 0;
        let (mut has_release, mut passed_over) = (false, None);
        for repository in self.repositories(release)? {
            let is_release = repository.suite == release;
            let stated = match self.release(&repository).and_then(|r| of_debian(r, &repository)) {
                Ok(stated) => stated,
                Err(error) if may_pass_over(&repository, &error) => {
                    passed_over = passed_over.or(is_release.then_some(error));
                    continue;
                }
                Err(error) => return Err(error),
            };
            has_release |= is_release;
            let progress = |done| progress(before + done);
            match self.add(&repository, &stated, &mut index, &progress) {
                Ok(bytes) => before += bytes,
                Err(CatalogueError::Fetch { source, .. })
                    if !repository.required && source.is_not_found() => {}
                Err(error) => return Err(error),
            }
        }
        match passed_over {
            Some(error) if !has_release => Err(error),
            _ => Ok(index),
        }
    }

    fn repositories(&self, release: &str) -> Result<Vec<Repository>, CatalogueError> {
        if let Some(settings) = &self.access.archive {
            return Ok(from_settings(settings, release));
        }
        let sources = sources::read(&self.access.apt_dir)
            .map_err(|(path, source)| CatalogueError::Sources { path, source })?;
        let found = from_sources(&sources, release);
        if found.iter().any(|repository| repository.suite == release) {
            return Ok(found);
        }
        Err(CatalogueError::NoArchive { apt_dir: self.access.apt_dir.clone() })
    }

    /// Adds one repository's components; gives the bytes that were fetched.
    fn add(
        &self,
        repository: &Repository,
        release: &Release,
        index: &mut PackageIndex,
        progress: &dyn Fn(u64),
    ) -> Result<u64, CatalogueError> {
        let mut bytes = 0;
        for component in &repository.components {
            let path = format!("{component}/binary-{}/Packages.xz", self.architecture);
            let Some((sha256, size)) = release.file(&path) else {
                // A component for other processors only, or one that the release dropped.
                if component == "main" {
                    return Err(CatalogueError::NoIndex { suite: repository.suite.clone(), path });
                }
                continue;
            };
            let base = format!("{}/dists/{}", repository.url, repository.suite);
            let url = if release.by_hash {
                let folder = path.trim_end_matches("/Packages.xz");
                format!("{base}/{folder}/by-hash/SHA256/{}", sha256.hex())
            } else {
                format!("{base}/{path}")
            };
            let wanted = [Wanted { url, sha256, size: Some(size) }];
            let files = self
                .downloader
                .fetch_all(&wanted, &self.cache.join("indexes"), &|done| progress(bytes + done))
                .map_err(|source| CatalogueError::fetch(&repository.suite, source))?;
            bytes += size;
            let text = unpack(&files[0]).map_err(|source| CatalogueError::Index {
                suite: repository.suite.clone(),
                source,
            })?;
            index.add(&repository.url, text);
        }
        Ok(bytes)
    }

    /// The newest good release file: the server's, or the one kept from before.
    fn release(&self, repository: &Repository) -> Result<Release, CatalogueError> {
        let suite = &repository.suite;
        let keys = self.keys(repository)?;
        let url = format!("{}/dists/{suite}/InRelease", repository.url);
        let key: [u8; 32] = Sha256::digest(url.as_bytes()).into();
        let kept_at =
            self.cache.join("releases").join(format!("{}.asc", Digest::from_bytes(key).short()));
        let kept =
            std::fs::read(&kept_at).ok().and_then(|bytes| self.checked(&bytes, &keys, suite).ok());
        match self.downloader.get(&url, RELEASE_LIMIT) {
            Ok(bytes) => {
                let fresh = self.checked(&bytes, &keys, suite)?;
                if let Some(kept) = kept.filter(|kept| kept.date > fresh.date) {
                    return Ok(kept);
                }
                keep(&kept_at, &bytes)?;
                Ok(fresh)
            }
            Err(source) => match kept {
                Some(kept) if source.is_unreachable() => Ok(kept),
                _ => Err(CatalogueError::fetch(suite, source)),
            },
        }
    }

    fn checked(
        &self,
        bytes: &[u8],
        keys: &KeyRing,
        suite: &str,
    ) -> Result<Release, CatalogueError> {
        let text = keys
            .verify(bytes, self.now)
            .map_err(|source| CatalogueError::Untrusted { suite: suite.to_owned(), source })?;
        let release = Release::parse(&text).ok_or_else(|| CatalogueError::Release {
            suite: suite.to_owned(),
            found: String::new(),
        })?;
        if release.codename != suite && release.suite != suite {
            let found = release.codename;
            return Err(CatalogueError::Release { suite: suite.to_owned(), found });
        }
        let now = self.now.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |d| d.as_secs());
        match release.valid_until {
            Some(until) if until < now => {
                Err(CatalogueError::Expired { suite: suite.to_owned(), expired_s: now - until })
            }
            _ => Ok(release),
        }
    }

    fn keys(&self, repository: &Repository) -> Result<KeyRing, CatalogueError> {
        let untrusted =
            |source| CatalogueError::Untrusted { suite: repository.suite.clone(), source };
        let mut ring = KeyRing::default();
        match &repository.signed_by {
            Some(SignedBy::Inline(text)) => ring.add_text(text).map_err(untrusted)?,
            Some(SignedBy::Files(files)) => {
                for file in files {
                    ring.add_file(file).map_err(untrusted)?;
                }
            }
            None => {
                for file in self.access.keyrings.iter().flat_map(|path| key_files(path)) {
                    ring.add_file(&file).map_err(untrusted)?;
                }
            }
        }
        Ok(ring)
    }
}

/// Refuses what a source list of apt's leads to when it is not Debian's. An archive of the settings
/// was named on purpose: a mirror that signs for itself names itself.
fn of_debian(release: Release, repository: &Repository) -> Result<Release, CatalogueError> {
    if !repository.listed || release.origin == "Debian" {
        return Ok(release);
    }
    let (url, suite) = (repository.url.clone(), repository.suite.clone());
    Err(CatalogueError::Foreign { url, suite, origin: release.origin })
}

/// Whether an image can be made without a repository whose release file cannot be had.
fn may_pass_over(repository: &Repository, error: &CatalogueError) -> bool {
    match error {
        CatalogueError::Foreign { .. } => true,
        CatalogueError::Fetch { source, .. } if source.is_not_found() && !repository.required => {
            true
        }
        CatalogueError::Fetch { .. }
        | CatalogueError::Untrusted { .. }
        | CatalogueError::Release { .. }
        | CatalogueError::Expired { .. } => {
            repository.listed && !repository.suite.ends_with("-security")
        }
        CatalogueError::Sources { .. }
        | CatalogueError::NoArchive { .. }
        | CatalogueError::NoIndex { .. }
        | CatalogueError::Index { .. }
        | CatalogueError::Disk { .. } => false,
    }
}

/// The file itself, or the key rings in a folder; nothing when there is neither.
fn key_files(path: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(path) else {
        return if path.is_file() { vec![path.to_owned()] } else { Vec::new() };
    };
    let mut files: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    files.retain(|file| file.extension().is_some_and(|e| e == "gpg" || e == "asc"));
    files.sort();
    files
}

fn unpack(path: &Path) -> io::Result<String> {
    let file = io::BufReader::new(std::fs::File::open(path)?);
    let mut text = String::new();
    lzma_rust2::XzReader::new(file, true).take(INDEX_LIMIT).read_to_string(&mut text)?;
    Ok(text)
}

fn keep(path: &Path, bytes: &[u8]) -> Result<(), CatalogueError> {
    let write = || {
        let dir = path.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(dir)?;
        let mut file = tempfile::NamedTempFile::new_in(dir)?;
        io::Write::write_all(&mut file, bytes)?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)
    };
    write().map(drop).map_err(|source| CatalogueError::Disk { path: path.to_owned(), source })
}
