//! Deciding whose file is in the image where two wheels bring the same path.
//!
//! Pure. A path must not be there twice. Two wheels that bring the same path with the same bytes
//! share it. Where the bytes differ, code would depend on which wheel happens to be installed
//! last: that is refused, except for files that nothing imports in an installation (top-level
//! `tests`, `docs`, licence texts), which old wheels ship by mistake; there the first wheel by name
//! wins, and it is said.

use super::installed::InstalledPackage;
use super::place;
use std::collections::{BTreeSet, HashMap, HashSet};

/// Two wheels that bring different files for one path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overlap {
    /// The path in the image.
    pub path: String,
    /// The package whose file is there.
    pub kept: String,
    /// The package whose file is left out.
    pub dropped: String,
}

/// Folders at the top of the packages that hold nothing an app imports.
const HARMLESS_FOLDERS: [&str; 9] =
    ["tests", "test", "testing", "docs", "doc", "examples", "example", "benchmarks", "scripts"];

/// Files that stay out of the image.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Merged {
    /// For each package, the segment and the number of the file.
    pub(super) dropped: Vec<BTreeSet<(usize, usize)>>,
    /// The differences that do no harm.
    pub(super) overlaps: Vec<Overlap>,
}

/// The package whose file is at a path, and which of its files that is.
#[derive(Clone, Copy)]
struct Owner<'a> {
    package: usize,
    place: (usize, usize),
    sha256: &'a str,
    mode: u32,
}

/// Finds what must not be there twice; or names the first overlap that is not harmless.
pub(super) fn merge(packages: &[InstalledPackage], folder: &str) -> Result<Merged, Overlap> {
    let mut owners: HashMap<&str, Owner<'_>> = HashMap::new();
    let mut merged =
        Merged { dropped: vec![BTreeSet::new(); packages.len()], overlaps: Vec::new() };
    for (package, wheel) in packages.iter().enumerate() {
        for (place, file) in wheel.numbered() {
            let new = Owner { package, place, sha256: &file.sha256, mode: file.mode };
            let Some(known) = owners.get_mut(file.path.as_str()) else {
                owners.insert(&file.path, new);
                continue;
            };
            if known.sha256 != new.sha256 {
                let overlap = overlap(&file.path, &packages[known.package], wheel);
                if !is_harmless(&file.path, folder) {
                    return Err(overlap);
                }
                merged.overlaps.push(overlap);
            }
            // What one of them may execute stays executable.
            let is_better = known.sha256 == new.sha256 && new.mode & !known.mode != 0;
            let loser = if is_better { std::mem::replace(known, new) } else { new };
            merged.dropped[loser.package].insert(loser.place);
        }
    }
    match file_as_folder(packages, &owners) {
        Some(overlap) => Err(overlap),
        None => Ok(merged),
    }
}

fn overlap(path: &str, kept: &InstalledPackage, dropped: &InstalledPackage) -> Overlap {
    let (kept, dropped) = (kept.name.clone(), dropped.name.clone());
    Overlap { path: path.to_owned(), kept, dropped }
}

fn is_harmless(path: &str, packages: &str) -> bool {
    let inside = path.strip_prefix(packages).and_then(|rest| rest.strip_prefix('/'));
    let Some(inside) = inside else { return path.starts_with("usr/local/share/") };
    if let Some((top, _)) = inside.split_once('/') {
        return HARMLESS_FOLDERS.contains(&top);
    }
    !["py", "pth", "so"].iter().any(|end| place::has_extension(inside, end))
}

/// A path that one wheel uses as a file and another as a folder.
fn file_as_folder(
    packages: &[InstalledPackage],
    owners: &HashMap<&str, Owner<'_>>,
) -> Option<Overlap> {
    let mut seen: HashSet<&str> = HashSet::new();
    for wheel in packages {
        for (_, file) in wheel.numbered() {
            for (at, _) in file.path.rmatch_indices('/') {
                let folder = &file.path[..at];
                if !seen.insert(folder) {
                    break;
                }
                if let Some(owner) = owners.get(folder) {
                    return Some(overlap(&file.path, &packages[owner.package], wheel));
                }
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wheels::segment::{Segment, SegmentFile, SegmentIndex};
    use std::path::PathBuf;
    use windlass_model::Digest;
    use windlass_oci::{SegmentFiles, Slice, Span};

    const PACKAGES: &str = "usr/local/lib/python3.13/dist-packages";

    fn package(name: &str, files: &[(&str, u32, &str)]) -> InstalledPackage {
        let span = Span { at: 0, length: 0, crc32: 0 };
        let slice = Slice { tar: span, packed: span, head: 0, size: 0 };
        let files = files.iter().map(|(path, mode, text)| SegmentFile {
            path: format!("{PACKAGES}/{path}"),
            mode: *mode,
            sha256: (*text).to_owned(),
            elf: false,
            slice,
        });
        let segment = |files| Segment {
            key: Digest::from_bytes([0; 32]),
            files: SegmentFiles { tar: PathBuf::new(), packed: PathBuf::new() },
            index: SegmentIndex { dist_info: String::new(), files },
        };
        InstalledPackage {
            name: name.to_owned(),
            label: name.to_owned(),
            is_local: false,
            segments: [segment(files.collect()), segment(Vec::new())],
            dropped: BTreeSet::new(),
        }
    }

    #[test]
    fn the_same_file_twice_is_one_file_and_stays_executable() {
        let same = |mode| [("ns/__init__.py", mode, "x")];
        for (first, second, loser) in [(0o644, 0o644, 1), (0o755, 0o644, 1), (0o644, 0o755, 0)] {
            let packages = [package("a", &same(first)), package("b", &same(second))];
            let merged = merge(&packages, PACKAGES).expect("no conflict");
            assert!(merged.overlaps.is_empty());
            assert_eq!(merged.dropped[loser], BTreeSet::from([(0, 0)]));
            assert!(merged.dropped[1 - loser].is_empty());
        }
    }

    #[test]
    fn different_files_are_a_conflict_where_they_are_code() {
        for (path, harmless) in [
            ("cv2/__init__.py", false),
            ("six.py", false),
            ("tests/__init__.py", true),
            ("LICENSE", true),
            ("x.pth", false),
        ] {
            let packages =
                [package("a", &[(path, 0o644, "1")]), package("b", &[(path, 0o755, "2")])];
            match merge(&packages, PACKAGES) {
                Ok(merged) => {
                    assert!(harmless && merged.overlaps.len() == 1, "{path}");
                    assert_eq!(merged.dropped[1].len(), 1, "the first by name wins");
                }
                Err(overlap) => {
                    assert!(!harmless, "{path}");
                    assert_eq!((overlap.kept.as_str(), overlap.dropped.as_str()), ("a", "b"));
                }
            }
        }
        let file = package("a", &[("x", 0o644, "1")]);
        let folder = package("b", &[("x/y/z.py", 0o644, "2")]);
        assert!(merge(&[file.clone(), folder.clone()], PACKAGES).is_err());
        assert!(merge(&[folder, file], PACKAGES).is_err());
    }
}
