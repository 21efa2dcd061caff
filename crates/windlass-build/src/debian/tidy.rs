//! From the files of packages to those of an image: what is left out, and where the rest goes.
//!
//! Pure. Debian merged `/bin`, `/sbin` and `/lib` into `/usr`; older packages still name the old
//! places, and get the new ones here.

use windlass_oci::{EntryKind, LayerEntry};

const MERGED: [&str; 4] = ["bin", "sbin", "lib", "lib64"];

/// Read by people at a terminal, never by a program that runs: manuals, translations, checks.
const LEFT_OUT: [&str; 10] = [
    "usr/share/bug/",
    "usr/share/common-licenses/",
    "usr/share/doc-base/",
    "usr/share/info/",
    "usr/share/initramfs-tools/",
    "usr/share/lintian/",
    "usr/share/locale/",
    "usr/share/man/",
    "usr/share/menu/",
    "usr/share/pixmaps/",
];

/// The entry as the image has it; `None` when the image does without.
pub(crate) fn tidied(mut entry: LayerEntry) -> Option<LayerEntry> {
    if MERGED.contains(&entry.path.as_str()) {
        // The links to /usr are made once, for every release.
        return None;
    }
    if let EntryKind::Symlink(target) = &entry.kind {
        entry.kind = EntryKind::Symlink(merged_target(&entry.path, target));
    }
    entry.path = merged(&entry.path);
    let as_folder = format!("{}/", entry.path);
    if LEFT_OUT.iter().any(|folder| as_folder.starts_with(folder)) {
        return None;
    }
    if entry.path.starts_with("usr/share/doc/") {
        // Licences ask to be kept with what they license.
        let keep = entry.path.ends_with("/copyright") || entry.kind == EntryKind::Dir;
        let deep = entry.path.matches('/').count() > 4;
        return (keep && !deep).then_some(entry);
    }
    Some(entry)
}

/// The links that stand for the merged folders, given the paths that an image has.
pub(crate) fn merged_links(has: &dyn Fn(&str) -> bool) -> Vec<LayerEntry> {
    MERGED
        .iter()
        .filter(|name| has(&format!("usr/{name}")))
        .map(|name| LayerEntry::symlink(*name, format!("usr/{name}")))
        .collect()
}

/// `lib/x` as `usr/lib/x`.
fn merged(path: &str) -> String {
    let first = path.split('/').next().unwrap_or_default();
    if MERGED.contains(&first) && first.len() < path.len() {
        format!("usr/{path}")
    } else {
        path.to_owned()
    }
}

/// A relative target of a link that moved would lead elsewhere: it becomes absolute.
fn merged_target(path: &str, target: &str) -> String {
    if target.starts_with('/') || merged(path) == path {
        return target.to_owned();
    }
    let mut parts: Vec<_> = path.split('/').collect();
    parts.pop();
    let depth = parts.len();
    let ups = target.split('/').filter(|part| *part == "..").count();
    if ups < depth {
        // It stays inside the folder that moved as a whole.
        return target.to_owned();
    }
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    format!("/{}", merged(&parts.join("/")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_places_become_new_ones() {
        for (path, target, new_path, new_target) in [
            ("lib/x/libz.so.1", "libz.so.1.3", "usr/lib/x/libz.so.1", "libz.so.1.3"),
            ("lib/x/a", "../../usr/lib/b", "usr/lib/x/a", "/usr/lib/b"),
            ("lib64/ld.so", "/lib/x/ld.so", "usr/lib64/ld.so", "/lib/x/ld.so"),
            ("bin/sh", "../sbin/x", "usr/bin/sh", "/usr/sbin/x"),
            ("usr/lib/a", "../../lib/b", "usr/lib/a", "../../lib/b"),
        ] {
            let entry = tidied(LayerEntry::symlink(path, target)).expect("kept");
            assert_eq!(entry, LayerEntry::symlink(new_path, new_target));
        }
    }

    #[test]
    fn manuals_go_and_licences_stay() {
        for (path, kept) in [
            ("usr/share/man/man1/a.1.gz", false),
            ("usr/share/locale", false),
            ("usr/share/doc/a/copyright", true),
            ("usr/share/doc/a/changelog.gz", false),
            ("usr/share/zoneinfo/UTC", true),
            ("lib", false),
        ] {
            assert_eq!(tidied(LayerEntry::text(path, "")).is_some(), kept, "{path}");
        }
    }
}
