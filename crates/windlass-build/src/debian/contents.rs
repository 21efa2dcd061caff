//! Which package ships a library: the archive's list of files, reduced to what the loader finds.
//!
//! A `Contents` index of main names nearly two million paths in 170 MB; an image asks for libraries
//! by name, and only those in the loader's own folders count. So the index is read once, line by
//! line, and what is kept is a table of some 20,000 names, written beside it under its digest.
//! The names of files do not change when a package is renamed, which is what makes them the key.

use super::furnish::triplet;
use std::collections::BTreeMap;
use std::io::{self, BufRead, Read as _};

/// Largest index, unpacked, in bytes; that of main has 170 MB.
const INDEX_LIMIT: u64 = 4 << 30;
/// Longest line that is looked at, in bytes; real ones have some hundreds.
const MAX_LINE: u64 = 1 << 16;
/// Most libraries of one index.
const MAX_LIBRARIES: usize = 1_000_000;

/// Libraries that `update-alternatives` puts into the loader's folders: no index knows the links.
/// The packages are those that the libraries' own data names (deb-shlibs(5)).
const BY_ALTERNATIVES: [(&str, &str); 3] = [
    ("libblas.so.3", "libblas3"),
    ("liblapack.so.3", "liblapack3"),
    ("libopenblas.so.0", "libopenblas0"),
];

/// Packages by the libraries that they ship.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct LibraryIndex {
    owners: BTreeMap<String, Vec<String>>,
}

impl LibraryIndex {
    /// Reduces an index as it is unpacked from `compressed`.
    ///
    /// # Errors
    /// It cannot be read or unpacked.
    pub(crate) fn reduce(compressed: impl io::Read, architecture: &str) -> io::Result<Self> {
        let mut found = Self::default();
        for_each_line(compressed, &mut |line| {
            if let Some((library, packages)) = library_of(line, architecture)
                && found.owners.len() < MAX_LIBRARIES
            {
                found.add(library, packages.split(','));
            }
        })?;
        Ok(found)
    }

    /// Reads what [`LibraryIndex::to_text`] wrote; `None` when it is something else.
    pub(crate) fn from_text(text: &str) -> Option<Self> {
        let mut found = Self::default();
        for line in text.strip_suffix("\n.\n")?.lines() {
            let (library, packages) = line.rsplit_once(' ')?;
            found.add(library, packages.split(','));
        }
        Some(found)
    }

    /// A line for each library; a dot ends it, so that a half is told from a whole.
    pub(crate) fn to_text(&self) -> String {
        let lines =
            self.owners.iter().map(|(name, owners)| format!("{name} {}\n", owners.join(",")));
        lines.collect::<String>() + ".\n"
    }

    /// Adds another index's libraries.
    pub(crate) fn merge(&mut self, other: Self) {
        for (library, packages) in other.owners {
            self.add(&library, packages.iter().map(String::as_str));
        }
    }

    /// The packages that ship the library, sorted.
    pub(crate) fn owners(&self, library: &str) -> Vec<&str> {
        if let Some((_, package)) = BY_ALTERNATIVES.iter().find(|(name, _)| *name == library) {
            return vec![package];
        }
        self.owners.get(library).into_iter().flatten().map(String::as_str).collect()
    }

    /// `section/name` counts as `name`.
    fn add<'p>(&mut self, library: &str, packages: impl Iterator<Item = &'p str>) {
        let owners = self.owners.entry(library.to_owned()).or_default();
        for package in packages {
            let name = package.rsplit_once('/').map_or(package, |(_, name)| name);
            if let Err(at) = owners.binary_search_by(|known| known.as_str().cmp(name)) {
                owners.insert(at, name.to_owned());
            }
        }
    }
}

/// Calls for every line that is not too long.
fn for_each_line(compressed: impl io::Read, line: &mut dyn FnMut(&str)) -> io::Result<()> {
    let unpacked = flate2::read::MultiGzDecoder::new(compressed).take(INDEX_LIMIT);
    let mut reader = io::BufReader::with_capacity(1 << 16, unpacked);
    let mut bytes = Vec::new();
    let mut skipping = false;
    loop {
        bytes.clear();
        if (&mut reader).take(MAX_LINE).read_until(b'\n', &mut bytes)? == 0 {
            return Ok(());
        }
        let ended = bytes.ends_with(b"\n");
        if ended
            && !skipping
            && let Ok(text) = std::str::from_utf8(&bytes)
        {
            line(text.trim_end());
        }
        skipping = !ended;
    }
}

/// Calls for every path of an index, with the packages that ship it.
///
/// # Errors
/// It cannot be read or unpacked.
pub(super) fn each_path(
    compressed: impl io::Read,
    call: &mut dyn FnMut(&str, &str),
) -> io::Result<()> {
    for_each_line(compressed, &mut |line| {
        if let Some((path, packages)) = line.rsplit_once([' ', '\t']) {
            call(path.trim_end(), packages);
        }
    })
}

/// A library in one of the loader's own folders, and the packages that ship it.
fn library_of<'l>(line: &'l str, architecture: &str) -> Option<(&'l str, &'l str)> {
    let inside = line.strip_prefix("usr/lib/").or_else(|| line.strip_prefix("lib/"))?;
    let inside = match inside.strip_prefix(triplet(architecture)) {
        Some(rest) => rest.strip_prefix('/')?,
        None => inside,
    };
    // A path may hold blanks; what follows the last ones are the packages.
    let (path, packages) = inside.rsplit_once([' ', '\t'])?;
    let name = path.trim_end();
    (!name.contains('/') && crate::libraries::is_library(name)).then_some((name, packages))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    fn reduced(text: &str) -> LibraryIndex {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(text.as_bytes()).expect("compressed");
        let bytes = gzip.finish().expect("compressed");
        LibraryIndex::reduce(bytes.as_slice(), "amd64").expect("an index")
    }

    #[test]
    fn only_what_the_loader_finds_is_kept() {
        let index = reduced(
            "bin                                       admin/base-files\n\
             usr/lib/x86_64-linux-gnu/libGL.so.1       libs/libgl1\n\
             usr/lib/x86_64-linux-gnu/gl4es/libGL.so.1 libs/libgl4es0\n\
             lib/x86_64-linux-gnu/libz.so.1\tlibs/zlib1g\n\
             usr/lib/libold.so.2  libs/b,non-free/libs/a,libs/b\n\
             usr/lib/aarch64-linux-gnu/libGL.so.1 libs/other\n\
             usr/share/lib/libx.so.1 libs/x\n\
             usr/lib/x86_64-linux-gnu/lib with blank.so.1    libs/odd\n\
             usr/lib/x86_64-linux-gnu/pkgconfig  libs/y\n",
        );
        for (library, owners) in [
            ("libGL.so.1", &["libgl1"][..]),
            ("libz.so.1", &["zlib1g"]),
            ("libold.so.2", &["a", "b"]),
            ("lib with blank.so.1", &["odd"]),
            ("libx.so.1", &[]),
            ("libblas.so.3", &["libblas3"]),
            ("libopenblas.so.0", &["libopenblas0"]),
        ] {
            assert_eq!(index.owners(library), owners, "{library}");
        }
        assert_eq!(index.owners.len(), 4);
    }

    #[test]
    fn what_is_written_is_read_and_halves_are_refused() {
        let index = reduced("usr/lib/liba.so.1 libs/a,libs/c\nusr/lib/libb.so.1 libs/b\n");
        let text = index.to_text();
        assert_eq!(LibraryIndex::from_text(&text), Some(index));
        for length in 0..text.len() {
            assert_eq!(LibraryIndex::from_text(&text[..length]), None, "{length}");
        }
        let empty = LibraryIndex::default();
        assert_eq!(LibraryIndex::from_text(&empty.to_text()), None, "made again at no cost");
    }

    #[test]
    fn a_line_without_an_end_costs_no_memory() {
        let endless = "x".repeat(1 << 20);
        let text = format!("{endless} libs/x\nusr/lib/liba.so.1 libs/a\n");
        assert_eq!(reduced(&text).owners("liba.so.1"), ["a"]);
    }
}
