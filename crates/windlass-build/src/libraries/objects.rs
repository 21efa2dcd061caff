//! The ELF files of a layer, by their paths in the image, with the links that lead to them.

use crate::elf::ElfFacts;
use crate::wheels::{InstalledPackage, Segment};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use windlass_oci::{Content, EntryKind, LayerEntry};

/// The programs and libraries of one layer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Objects {
    /// Facts by path in the image, without a leading slash.
    pub(crate) files: BTreeMap<String, ElfFacts>,
    /// Links by path, with their targets as written: of those whose names are a library's.
    pub(crate) links: BTreeMap<String, String>,
    /// Folders that the loader looks in because of this layer's settings, besides its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) folders: Vec<String>,
}

impl Objects {
    /// Looks at every file of a layer that may be a library or a program.
    ///
    /// # Errors
    /// A file that the layer is to be made of cannot be read.
    pub(crate) fn of_layer<'e>(
        entries: impl IntoIterator<Item = &'e LayerEntry>,
        architecture: &str,
    ) -> io::Result<Self> {
        let mut found = Self::default();
        for entry in entries {
            let library = is_library(&entry.path);
            match &entry.kind {
                EntryKind::Symlink(target) if library => {
                    found.links.insert(entry.path.clone(), target.clone());
                }
                EntryKind::File(content) if library || entry.mode & 0o111 != 0 => {
                    let facts = match content {
                        Content::Bytes(bytes) => ElfFacts::of(bytes),
                        Content::Path(path) => facts_at(&File::open(path)?, 0),
                    };
                    if let Some(facts) = facts.filter(|facts| facts.is_for(architecture)) {
                        found.files.insert(entry.path.clone(), facts);
                    }
                }
                _ => {}
            }
        }
        Ok(found)
    }

    /// The programs and libraries of installed packages; each wheel's are looked at once.
    ///
    /// # Errors
    /// A package's segment cannot be read.
    pub(crate) fn of_packages(
        packages: &[InstalledPackage],
        architecture: &str,
    ) -> io::Result<Self> {
        let mut found = Self::default();
        for package in packages {
            // The other segment holds bytecode.
            let wheel = &package.segments[0];
            let facts: BTreeMap<String, ElfFacts> = wheel.facts(FACTS, of_segment)?;
            found.files.extend(facts.into_iter().filter(|(_, facts)| facts.is_for(architecture)));
        }
        Ok(found)
    }
}

/// The files among these entries that are programs or libraries of any machine, whatever their names
/// are.
///
/// # Errors
/// A file that cannot be read.
pub(crate) fn programs(entries: &[LayerEntry]) -> io::Result<Vec<String>> {
    let mut found = Vec::new();
    for entry in entries {
        let EntryKind::File(content) = &entry.kind else { continue };
        let is_program = match content {
            Content::Bytes(bytes) => bytes.starts_with(MAGIC),
            Content::Path(path) => {
                let mut begin = [0; MAGIC.len()];
                File::open(path)?.read_exact_at(&mut begin, 0).is_ok() && begin == *MAGIC
            }
        };
        if is_program {
            found.push(entry.path.clone());
        }
    }
    Ok(found)
}

/// What ELF files begin with (System V ABI, chapter 4).
const MAGIC: &[u8; 4] = b"\x7fELF";

/// What a segment's facts are called; another form of them gets another name.
const FACTS: &str = "elf-1";

/// Reads single places of the tar that a segment holds its files in.
fn of_segment(segment: &Segment) -> io::Result<BTreeMap<String, ElfFacts>> {
    let mut files = segment.index.files.iter().filter(|file| file.elf).peekable();
    if files.peek().is_none() {
        return Ok(BTreeMap::new());
    }
    let tar = File::open(&segment.files.tar)?;
    let facts = files.filter_map(|file| {
        let facts = facts_at(&tar, file.slice.content_at())?;
        Some((file.path.clone(), facts))
    });
    Ok(facts.collect())
}

/// Whether a file of this name may be a shared library: `libz.so.1`, `_speedups.cpython-313.so`.
pub(crate) fn is_library(path: &str) -> bool {
    let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
    name.match_indices(".so").any(|(at, part)| {
        let after = &name[at + part.len()..];
        after.is_empty() || after.starts_with('.')
    })
}

/// The facts of an ELF file that begins at `start` of another. Only single places are read:
/// libraries of gigabytes are not taken into memory.
pub(crate) fn facts_at(file: &File, start: u64) -> Option<ElfFacts> {
    ElfFacts::read(&|offset, length| {
        let mut bytes = vec![0; length];
        file.read_exact_at(&mut bytes, start.checked_add(offset)?).ok()?;
        Some(bytes)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::elf::samples::Sample;

    #[test]
    fn names_of_libraries() {
        for (path, library) in [
            ("usr/lib/libz.so.1.3", true),
            ("a/_x.cpython-313-x86_64-linux-gnu.so", true),
            ("a/libfoo-1a2b.so.5", true),
            ("a/x.sorted", false),
            ("x.so/readme", false),
            ("usr/bin/ls", false),
        ] {
            assert_eq!(is_library(path), library, "{path}");
        }
    }

    #[test]
    fn libraries_programs_and_links_are_found() {
        let folder = tempfile::tempdir().expect("a folder");
        let place = folder.path().join("x");
        let library = Sample { soname: Some("libx.so.1"), ..Sample::default() }.bytes();
        std::fs::write(&place, &library).expect("written");
        let bytes = || Content::Bytes(library.clone());
        let entries = [
            LayerEntry::file("usr/lib/libx.so.1.2", 0o644, Content::Path(place)),
            LayerEntry::symlink("usr/lib/libx.so.1", "libx.so.1.2"),
            LayerEntry::symlink("usr/bin/vi", "busybox"),
            LayerEntry::file("usr/bin/program", 0o755, bytes()),
            LayerEntry::file("usr/share/data", 0o644, bytes()),
            LayerEntry::text("usr/lib/libc.so", "GROUP ( /lib/libc.so.6 )"),
        ];
        let found = Objects::of_layer(&entries, "amd64").expect("readable");
        assert!(found.files.keys().eq(["usr/bin/program", "usr/lib/libx.so.1.2"]), "{found:?}");
        assert!(found.links.keys().eq(["usr/lib/libx.so.1"]), "{found:?}");
        let programs = programs(&entries).expect("readable");
        assert_eq!(programs, ["usr/lib/libx.so.1.2", "usr/bin/program", "usr/share/data"]);
        let foreign = Objects::of_layer(&entries, "arm64").expect("readable");
        assert!(foreign.files.is_empty(), "another processor's are none of the image's");
        let gone = LayerEntry::file("a.so", 0o644, Content::Path(folder.path().join("gone")));
        assert!(Objects::of_layer([&gone], "amd64").is_err());
    }
}
