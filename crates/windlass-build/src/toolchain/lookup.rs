//! Which Debian packages ship what a build lacked.

use super::Missing;
use crate::debian::{ArchiveAccess, Catalogue, CatalogueError, NEWEST_SUITE, suite_of, triplet};
use crate::download::Downloader;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::SystemTime;
use windlass_model::PythonVersion;

/// Asks the archive of a release.
pub struct Lookup<'a> {
    /// How the archive is found and trusted.
    pub access: &'a ArchiveAccess,
    /// Fetches its list of files.
    pub downloader: &'a Downloader,
    /// Where archives' indexes are kept.
    pub cache: &'a Path,
    /// Debian's name of the processor: `amd64`.
    pub architecture: &'a str,
    /// The Python whose release it is.
    pub python: PythonVersion,
}

impl Lookup<'_> {
    /// The package for each thing that one ships. Reads the whole list, which takes seconds: for
    /// builds that failed.
    ///
    /// # Errors
    /// The archive's list cannot be had.
    pub fn packages(
        &self,
        missing: &[Missing],
    ) -> Result<BTreeMap<Missing, String>, CatalogueError> {
        let release = suite_of(self.python).unwrap_or(NEWEST_SUITE);
        let catalogue = Catalogue {
            access: self.access,
            downloader: self.downloader,
            cache: self.cache,
            architecture: self.architecture,
            now: SystemTime::now(),
        };
        let mut best: BTreeMap<Missing, (Rank, String)> = BTreeMap::new();
        catalogue.each_path(release, &mut |path, packages| {
            for thing in missing {
                let Some(depth) = fits(thing, path, self.architecture) else { continue };
                for package in packages.split(',') {
                    let name = package.rsplit_once('/').map_or(package, |(_, name)| name);
                    let candidate = (Rank::of(depth, name), name.to_owned());
                    match best.get(thing) {
                        Some(known) if *known <= candidate => {}
                        _ => drop(best.insert(thing.clone(), candidate)),
                    }
                }
            }
        })?;
        Ok(best.into_iter().map(|(thing, (_, package))| (thing, package)).collect())
    }
}

/// What is taken first: development packages, then the highest folder, then the shortest name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    is_other: bool,
    depth: usize,
    length: usize,
}

impl Rank {
    fn of(depth: usize, package: &str) -> Self {
        Self { is_other: !package.ends_with("-dev"), depth, length: package.len() }
    }
}

/// How deep below its proper folder a path has the thing; `None` where it is something else.
fn fits(thing: &Missing, path: &str, architecture: &str) -> Option<usize> {
    let triplet = triplet(architecture);
    let ends = |rest: &str, name: &str| {
        let before = rest.strip_suffix(name)?;
        (before.is_empty() || before.ends_with('/')).then(|| before.matches('/').count())
    };
    match thing {
        Missing::Header(name) => {
            let inside = path.strip_prefix("usr/include/")?;
            // The processor's own folder is as good as the one above.
            let inside = inside.strip_prefix(triplet).map_or(inside, |i| i.trim_start_matches('/'));
            ends(inside, name)
        }
        Missing::Program(name) => (path.strip_prefix("usr/bin/")? == name).then_some(0),
        Missing::Library(name) => {
            let inside = path.strip_prefix("usr/lib/")?;
            let inside = inside.strip_prefix(triplet).map_or(inside, |i| i.trim_start_matches('/'));
            (inside.strip_prefix("lib")?.strip_suffix(".so")? == name).then_some(0)
        }
        Missing::Module(name) => {
            let (folder, file) = path.rsplit_once('/')?;
            let fits = folder.ends_with("/pkgconfig") && file.strip_suffix(".pc")? == name;
            fits.then(|| folder.matches('/').count())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn things_are_looked_for_where_they_belong() {
        let header = |name: &str| Missing::Header(name.to_owned());
        let program = |name: &str| Missing::Program(name.to_owned());
        let library = |name: &str| Missing::Library(name.to_owned());
        let module = |name: &str| Missing::Module(name.to_owned());
        for (thing, path, depth) in [
            (header("zlib.h"), "usr/include/zlib.h", Some(0)),
            (header("ffi.h"), "usr/include/x86_64-linux-gnu/ffi.h", Some(0)),
            (header("libxml/xpath.h"), "usr/include/libxml2/libxml/xpath.h", Some(1)),
            (header("zlib.h"), "usr/include/node/deps/zlib.h", Some(2)),
            (header("zlib.h"), "usr/include/xzlib.h", None),
            (header("zlib.h"), "usr/share/zlib.h", None),
            (program("pg_config"), "usr/bin/pg_config", Some(0)),
            (program("pg_config"), "usr/lib/postgresql/17/bin/pg_config", None),
            (library("pq"), "usr/lib/x86_64-linux-gnu/libpq.so", Some(0)),
            (library("pq"), "usr/lib/x86_64-linux-gnu/libpq.so.5", None),
            (library("pq"), "usr/lib/x86_64-linux-gnu/other/libpq.so", None),
            (module("cairo"), "usr/lib/x86_64-linux-gnu/pkgconfig/cairo.pc", Some(3)),
            (module("cairo"), "usr/share/pkgconfig/cairo.pc", Some(2)),
            (module("cairo"), "usr/share/doc/cairo.pc", None),
        ] {
            assert_eq!(fits(&thing, path, "amd64"), depth, "{thing:?} {path}");
        }
    }

    #[test]
    fn development_packages_come_first() {
        let mut all = [(3, "short"), (1, "liba-dev"), (0, "program"), (1, "liba-other-dev")];
        all.sort_by_key(|(depth, name)| Rank::of(*depth, name));
        assert_eq!(all.map(|(_, name)| name), ["liba-dev", "liba-other-dev", "program", "short"]);
    }
}
