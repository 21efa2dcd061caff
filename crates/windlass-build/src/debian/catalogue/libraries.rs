//! Which of the archive's packages ship which libraries: its `Contents` indexes.
//!
//! They are asked for by the digest that the signed release file gives. Mirrors are known to have
//! them older than that; such a one is taken as well, since nothing rests on it alone: a package
//! that it names is itself signed, and stays in an image only where it brings the library.

use super::{Catalogue, CatalogueError, followed};
use crate::debian::archive::Repository;
use crate::debian::contents::LibraryIndex;
use crate::debian::release::Release;
use std::fs;
use std::io;

/// Largest index that is taken unsigned, in bytes as it is sent; main's has 13 MB.
const UNSIGNED_LIMIT: u64 = 128 << 20;

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
        let reduce = |compressed: &mut dyn io::Read| {
            LibraryIndex::reduce(compressed, self.architecture)
                .map_err(|source| CatalogueError::Index { suite: repository.suite.clone(), source })
        };
        let (table, found) = match self.file(repository, stated, path, progress) {
            Ok(file) => {
                let file = fs::File::open(&file);
                let disk = |source| CatalogueError::Disk { path: signed.clone(), source };
                (&signed, reduce(&mut file.map_err(disk)?)?)
            }
            Err(CatalogueError::Fetch { source, .. }) if source.is_not_found() => {
                let url = format!("{}/dists/{}/{path}", repository.url, repository.suite);
                let bytes = match self.downloader.get(&url, UNSIGNED_LIMIT) {
                    Ok(bytes) => bytes,
                    Err(error) if error.is_not_found() => return Ok(None),
                    Err(error) => return Err(CatalogueError::fetch(&repository.suite, error)),
                };
                (&unsigned, reduce(&mut bytes.as_slice())?)
            }
            Err(error) => return Err(error),
        };
        followed::keep(table, found.to_text().as_bytes())?;
        all.merge(found);
        Ok(Some(size))
    }
}
