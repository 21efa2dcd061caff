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
mod followed;
mod libraries;

pub use error::CatalogueError;

use super::archive::{ArchiveSettings, Repository};
use super::index::PackageIndex;
use super::release::Release;
use crate::download::{Downloader, Wanted};
use serde::{Deserialize, Serialize};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

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
        for (repository, stated) in self.followed(release)? {
            let progress = |done| progress(before + done);
            match self.add(&repository, &stated, &mut index, &progress) {
                Ok(bytes) => before += bytes,
                Err(CatalogueError::Fetch { source, .. })
                    if !repository.required && source.is_not_found() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(index)
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
            let Some((_, size)) = release.file(&path) else {
                // A component for other processors only, or one that the release dropped.
                if component == "main" {
                    return Err(CatalogueError::NoIndex { suite: repository.suite.clone(), path });
                }
                continue;
            };
            let file = self.file(repository, release, &path, &|done| progress(bytes + done))?;
            bytes += size;
            let text = unpack(&file).map_err(|source| CatalogueError::Index {
                suite: repository.suite.clone(),
                source,
            })?;
            index.add(&repository.url, text);
        }
        Ok(bytes)
    }

    /// A file that the release file lists, in the cache.
    fn file(
        &self,
        repository: &Repository,
        release: &Release,
        path: &str,
        progress: &dyn Fn(u64),
    ) -> Result<PathBuf, CatalogueError> {
        let suite = &repository.suite;
        let (sha256, size) = release.file(path).ok_or_else(|| CatalogueError::NoIndex {
            suite: suite.clone(),
            path: path.to_owned(),
        })?;
        let base = format!("{}/dists/{suite}", repository.url);
        let url = match path.rsplit_once('/') {
            Some((folder, _)) if release.by_hash => {
                format!("{base}/{folder}/by-hash/SHA256/{}", sha256.hex())
            }
            _ => format!("{base}/{path}"),
        };
        let wanted = [Wanted { url, sha256, size: Some(size) }];
        let mut files = self
            .downloader
            .fetch_all(&wanted, &self.cache.join("indexes"), progress)
            .map_err(|source| CatalogueError::fetch(suite, source))?;
        files
            .pop()
            .ok_or_else(|| CatalogueError::NoIndex { suite: suite.clone(), path: path.to_owned() })
    }
}

fn unpack(path: &Path) -> io::Result<String> {
    let file = io::BufReader::new(std::fs::File::open(path)?);
    let mut text = String::new();
    lzma_rust2::XzReader::new(file, true).take(INDEX_LIMIT).read_to_string(&mut text)?;
    Ok(text)
}
