//! The headers of a standalone build, for compiling against it: they are in its archive, and not in
//! the image.

use super::{StandaloneFormError, unpacked};
use crate::scheme::Scheme;
use std::collections::BTreeMap;
use std::path::Path;
use windlass_oci::{Content, EntryKind, LayerEntry};

/// What is below `/usr/local/include`, sorted by path.
pub(crate) fn headers(
    archive: &Path,
    scheme: Scheme,
) -> Result<Vec<LayerEntry>, StandaloneFormError> {
    let folder = format!("include/python{}", scheme.python);
    let mut found = BTreeMap::new();
    for entry in unpacked(archive)? {
        let Some(inside) = entry.path.strip_prefix("python/") else { continue };
        let below = inside.strip_prefix(&folder).is_some_and(|rest| rest.starts_with('/'));
        if let (true, EntryKind::File(content @ Content::Bytes(_))) = (below, entry.kind) {
            let path = format!("{}/{inside}", Scheme::PREFIX);
            found.insert(path.clone(), LayerEntry::file(path, 0o644, content));
        }
    }
    let first = format!("{}/{folder}/Python.h", Scheme::PREFIX);
    if !found.contains_key(&first) {
        let (path, python) = (archive.to_owned(), scheme.python);
        return Err(StandaloneFormError::Form { path, python, missing: first });
    }
    super::add_folders(&mut found);
    Ok(found.into_values().collect())
}
