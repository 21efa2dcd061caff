//! The cgroups that containers leave behind when a test kills them and their shims.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Where cgroup trees are mounted: the unified one or version 1's, one folder a controller.
const ROOT: &str = "/sys/fs/cgroup";

/// The groups of a container that a process is in, in every tree that is mounted.
pub(crate) fn of_container(pid: i32) -> BTreeSet<PathBuf> {
    let text = fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap_or_default();
    // hierarchy-ID:controller-list:path (cgroups(7))
    let paths = text.lines().filter_map(|line| line.splitn(3, ':').nth(2));
    let ours = paths.filter(|path| path.contains("/windlass/"));
    ours.flat_map(|path| {
        let path = path.trim_start_matches('/');
        trees().into_iter().map(move |tree| tree.join(path))
    })
    .filter(|group| group.is_dir())
    .collect()
}

/// Removes groups; one that still has a process stays, which loses only a folder.
pub(crate) fn remove(groups: &BTreeSet<PathBuf>) {
    for group in groups {
        let _ = fs::remove_dir(group);
    }
}

fn trees() -> Vec<PathBuf> {
    let below = fs::read_dir(ROOT).into_iter().flatten().flatten().map(|entry| entry.path());
    below.filter(|path| path.is_dir()).chain([Path::new(ROOT).to_owned()]).collect()
}
