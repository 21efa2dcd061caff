//! Joining the wheels' files into one list of layer entries.
//!
//! Pure. A layer must not hold a path twice. Two wheels that bring the same path with the same
//! bytes share it. Where the bytes differ, code would depend on which wheel happens to be
//! installed last: that is refused, except for files that nothing imports in an installation
//! (top-level `tests`, `docs`, licence texts), which old wheels ship by mistake; there the first
//! wheel by name wins, and it is said.

use super::place;
use super::placement::{PlacedFile, PlacedWheel};
use std::collections::{BTreeMap, BTreeSet};
use windlass_oci::LayerEntry;

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

/// Joins wheels, sorted by path; or names the first overlap that is not harmless.
pub(super) fn merge(
    wheels: Vec<PlacedWheel>,
    packages: &str,
) -> Result<(Vec<LayerEntry>, Vec<Overlap>), Overlap> {
    let mut owners: BTreeMap<String, (String, PlacedFile)> = BTreeMap::new();
    let mut overlaps = Vec::new();
    for wheel in wheels {
        for file in wheel.files {
            let Some((owner, known)) = owners.get_mut(&file.path) else {
                owners.insert(file.path.clone(), (wheel.name.clone(), file));
                continue;
            };
            if known.sha256 == file.sha256 {
                known.mode |= file.mode;
                continue;
            }
            let overlap = Overlap {
                path: file.path.clone(),
                kept: owner.clone(),
                dropped: wheel.name.clone(),
            };
            if !is_harmless(&file.path, packages) {
                return Err(overlap);
            }
            overlaps.push(overlap);
        }
    }
    if let Some(overlap) = file_as_folder(&owners) {
        return Err(overlap);
    }
    let mut entries = folders(owners.keys());
    entries.extend(
        owners.into_values().map(|(_, file)| LayerEntry::file(file.path, file.mode, file.content)),
    );
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    Ok((entries, overlaps))
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
fn file_as_folder(owners: &BTreeMap<String, (String, PlacedFile)>) -> Option<Overlap> {
    owners.iter().find_map(|(path, (dropped, _))| {
        path.match_indices('/').find_map(|(at, _)| {
            let (kept, _) = owners.get(&path[..at])?;
            Some(Overlap { path: path.clone(), kept: kept.clone(), dropped: dropped.clone() })
        })
    })
}

fn folders<'a>(paths: impl Iterator<Item = &'a String>) -> Vec<LayerEntry> {
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    for path in paths {
        for (at, _) in path.match_indices('/').collect::<Vec<_>>().into_iter().rev() {
            if !seen.insert(&path[..at]) {
                break;
            }
        }
    }
    seen.into_iter().map(LayerEntry::dir).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use windlass_oci::{Content, EntryKind};

    const PACKAGES: &str = "usr/local/lib/python3.13/dist-packages";

    fn wheel(name: &str, files: &[(&str, &str)]) -> PlacedWheel {
        let place = |(path, text): &(&str, &str)| PlacedFile {
            path: format!("{PACKAGES}/{path}"),
            mode: 0o644,
            content: Content::Bytes(text.as_bytes().to_vec()),
            sha256: crate::wheels::record::sha256_base64(text.as_bytes()),
            size: text.len() as u64,
        };
        PlacedWheel {
            name: name.to_owned(),
            dist_info: format!("{PACKAGES}/{name}-1.dist-info"),
            files: files.iter().map(place).collect(),
        }
    }

    #[test]
    fn the_same_file_twice_is_one_file() {
        let wheels =
            vec![wheel("a", &[("ns/__init__.py", "x")]), wheel("b", &[("ns/__init__.py", "x")])];
        let (entries, overlaps) = merge(wheels, PACKAGES).expect("no conflict");
        assert!(overlaps.is_empty());
        let paths: Vec<&str> = entries.iter().map(|entry| entry.path.as_str()).collect();
        assert!(paths.is_sorted_by(|a, b| a < b), "{paths:?}");
        assert_eq!(entries.iter().filter(|e| matches!(e.kind, EntryKind::File(_))).count(), 1);
        assert_eq!(paths.len(), 7, "{paths:?}");
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
            let wheels = vec![wheel("a", &[(path, "1")]), wheel("b", &[(path, "2")])];
            match merge(wheels, PACKAGES) {
                Ok((_, overlaps)) => assert!(harmless && overlaps.len() == 1, "{path}"),
                Err(overlap) => {
                    assert!(!harmless, "{path}");
                    assert_eq!((overlap.kept.as_str(), overlap.dropped.as_str()), ("a", "b"));
                }
            }
        }
        let wheels = vec![wheel("a", &[("x", "1")]), wheel("b", &[("x/y.py", "2")])];
        assert!(merge(wheels, PACKAGES).is_err());
    }
}
