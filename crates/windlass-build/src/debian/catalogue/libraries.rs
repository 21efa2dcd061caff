//! Which of the archive's packages ship which libraries: its `Contents` indexes.
//!
//! They are asked for by the digest that the signed release file gives. Mirrors are known to have
//! them older than that; such a one is taken as well, since nothing rests on it alone: a package
//! that it names is itself signed, and stays in an image only where it brings the library.

use super::{Catalogue, CatalogueError, followed};
use crate::debian::archive::Repository;
use crate::debian::contents::{self, LibraryIndex};
use crate::debian::release::Release;
use std::fs;
use std::io;

/// Largest index that is taken unsigned, in bytes as it is sent; main's has 13 MB.
const UNSIGNED_LIMIT: u64 = 128 << 20;

/// A list as it is compressed, and whether it is the signed one.
type List = (Box<dyn io::Read>, bool);

impl Catalogue<'_> {
    /// The libraries of all suites of a release. An index is read once; then its table is at hand.
    pub(crate) fn libraries(
        &self,
        release: &str,
        progress: &dyn Fn(u64),
    ) -> Result<LibraryIndex, CatalogueError> {
        let mut all = LibraryIndex::default();
        let mut before = 0;
        for (repository, stated) in self.followed(release)? {
            for component in &repository.components {
                let path = format!("{component}/Contents-{}.gz", self.architecture);
                let progress = |done| progress(before + done);
                if let Some(size) =
                    self.add_libraries((&repository, &stated), &path, &mut all, &progress)?
                {
                    before += size;
                }
            }
        }
        Ok(all)
    }

    /// Adds one index; gives its size, when the release has it.
    fn add_libraries(
        &self,
        (repository, stated): (&Repository, &Release),
        path: &str,
        all: &mut LibraryIndex,
        progress: &dyn Fn(u64),
    ) -> Result<Option<u64>, CatalogueError> {
        let Some((sha256, size)) = stated.file(path) else { return Ok(None) };
        let tables = self.cache.join("libraries");
        let signed = tables.join(sha256.hex());
        let unsigned = tables.join(format!("{}-unsigned", sha256.hex()));
        for table in [&signed, &unsigned] {
            let text = fs::read_to_string(table).ok();
            if let Some(known) = text.as_deref().and_then(LibraryIndex::from_text) {
                all.merge(known);
                return Ok(Some(0));
            }
        }
        let Some((list, is_signed)) = self.list(repository, stated, path, progress)? else {
            return Ok(None);
        };
        let found = LibraryIndex::reduce(list, self.architecture)
            .map_err(|source| CatalogueError::Index { suite: repository.suite.clone(), source })?;
        let table = if is_signed { &signed } else { &unsigned };
        followed::keep(table, found.to_text().as_bytes())?;
        all.merge(found);
        Ok(Some(size))
    }

    /// Calls for every path of the release's lists, with the packages that ship it.
    pub(crate) fn each_path(
        &self,
        release: &str,
        call: &mut dyn FnMut(&str, &str),
    ) -> Result<(), CatalogueError> {
        for (repository, stated) in self.followed(release)? {
            for component in &repository.components {
                let path = format!("{component}/Contents-{}.gz", self.architecture);
                if stated.file(&path).is_none() {
                    continue;
                }
                let Some((list, _)) = self.list(&repository, &stated, &path, &|_| {})? else {
                    continue;
                };
                contents::each_path(list, call).map_err(|source| CatalogueError::Index {
                    suite: repository.suite.clone(),
                    source,
                })?;
            }
        }
        Ok(())
    }

    /// A repository's list; `None` where its mirror has none.
    fn list(
        &self,
        repository: &Repository,
        stated: &Release,
        path: &str,
        progress: &dyn Fn(u64),
    ) -> Result<Option<List>, CatalogueError> {
        match self.file(repository, stated, path, progress) {
            Ok(file) => {
                let opened = fs::File::open(&file);
                let opened =
                    opened.map_err(|source| CatalogueError::Disk { path: file, source })?;
                Ok(Some((Box::new(opened), true)))
            }
            Err(CatalogueError::Fetch { source, .. }) if source.is_not_found() => {
                let url = format!("{}/dists/{}/{path}", repository.url, repository.suite);
                match self.downloader.get(&url, UNSIGNED_LIMIT) {
                    Ok(bytes) => Ok(Some((Box::new(io::Cursor::new(bytes)), false))),
                    Err(error) if error.is_not_found() => Ok(None),
                    Err(error) => Err(CatalogueError::fetch(&repository.suite, error)),
                }
            }
            Err(error) => Err(error),
        }
    }
}
