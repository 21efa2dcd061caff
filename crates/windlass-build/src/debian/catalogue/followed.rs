//! Which of the archive's repositories are followed: their release files, verified, the newest good
//! one of each.

use super::{Catalogue, CatalogueError};
use crate::debian::archive::{Repository, from_settings, from_sources};
use crate::debian::release::Release;
use crate::debian::sources::{self, SignedBy};
use crate::debian::trust::KeyRing;
use sha2::{Digest as _, Sha256};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use windlass_model::Digest;

/// Largest `InRelease`, in bytes; real ones have 150 KB.
const RELEASE_LIMIT: u64 = 16 << 20;

impl Catalogue<'_> {
    /// Every repository of a release that can be followed, with what its release file says.
    pub(super) fn followed(
        &self,
        release: &str,
    ) -> Result<Vec<(Repository, Release)>, CatalogueError> {
        let mut followed = Vec::new();
        let (mut has_release, mut passed_over) = (false, None);
        for repository in self.repositories(release)? {
            let is_release = repository.suite == release;
            match self.release(&repository).and_then(|r| of_debian(r, &repository)) {
                Ok(stated) => {
                    has_release |= is_release;
                    followed.push((repository, stated));
                }
                Err(error) if may_pass_over(&repository, &error) => {
                    passed_over = passed_over.or(is_release.then_some(error));
                }
                Err(error) => return Err(error),
            }
        }
        match passed_over {
            Some(error) if !has_release => Err(error),
            _ => Ok(followed),
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

pub(super) fn keep(path: &Path, bytes: &[u8]) -> Result<(), CatalogueError> {
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
