//! The order of a layer's entries, and what may be in it. Pure.

use super::LayerError;
use crate::{EntryKind, LayerEntry};
use std::collections::BTreeMap;

/// Sorted entries, folders before what they hold, each path once, missing folders added.
pub(super) fn arranged(entries: Vec<LayerEntry>) -> Result<Vec<LayerEntry>, LayerError> {
    // Sorted by components, so that `a/b` comes before `a-b`: a folder's tree stays together.
    let mut by_path: BTreeMap<Vec<String>, LayerEntry> = BTreeMap::new();
    for mut entry in entries {
        let key = components(&entry.path)?;
        entry.path = key.join("/");
        match by_path.get(&key) {
            None => {
                by_path.insert(key, entry);
            }
            Some(there) if *there == entry => {}
            Some(_) => return Err(LayerError::Duplicate { path: entry.path }),
        }
    }
    let mut missing = Vec::new();
    for key in by_path.keys() {
        for depth in 1..key.len() {
            match by_path.get(&key[..depth]) {
                Some(LayerEntry { kind: EntryKind::Dir, .. }) => {}
                Some(parent) => {
                    let (path, parent) = (key.join("/"), parent.path.clone());
                    return Err(LayerError::Parent { path, parent });
                }
                None => missing.push(key[..depth].to_vec()),
            }
        }
    }
    for key in missing {
        let path = key.join("/");
        by_path.entry(key).or_insert_with(|| LayerEntry::dir(path));
    }
    Ok(by_path.into_values().collect())
}

fn components(path: &str) -> Result<Vec<String>, LayerError> {
    if !is_layer_path(path) {
        return Err(LayerError::Path { path: path.to_owned() });
    }
    Ok(path.split('/').map(str::to_owned).collect())
}

/// Whether a layer can hold the path: relative, without empty, `.` and `..` parts.
pub(crate) fn is_layer_path(path: &str) -> bool {
    !path.contains('\0') && path.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parents_come_first_and_are_added() {
        let entries = ["b/c/d", "a-b", "a/x"].map(|path| LayerEntry::text(path, "")).to_vec();
        let paths: Vec<_> =
            arranged(entries).expect("fine").into_iter().map(|entry| entry.path).collect();
        assert_eq!(paths, ["a", "a/x", "a-b", "b", "b/c", "b/c/d"]);
    }

    #[test]
    fn bad_paths_duplicates_and_files_as_folders_are_refused() {
        for bad in ["", "/a", "a/", "a//b", "../a", "a/./b", "a/..", "a\0b"] {
            let refused = arranged(vec![LayerEntry::dir(bad)]);
            assert!(matches!(refused, Err(LayerError::Path { .. })), "{bad:?}");
        }
        let twice = vec![LayerEntry::text("a", "1"), LayerEntry::text("a", "2")];
        assert!(matches!(arranged(twice), Err(LayerError::Duplicate { .. })));
        let below = vec![LayerEntry::symlink("a", "b"), LayerEntry::text("a/c", "")];
        assert!(matches!(arranged(below), Err(LayerError::Parent { .. })));
        let same = vec![LayerEntry::dir("a"), LayerEntry::dir("a")];
        assert_eq!(arranged(same).expect("one folder").len(), 1);
    }
}
