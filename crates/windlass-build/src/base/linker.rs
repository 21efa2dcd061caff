//! What the loader of a base has: its C library's version, its folders, its programs and libraries.

use super::tree::{Node, Tree};
use crate::debian::triplet;
use crate::elf::ElfFacts;
use crate::libraries::{Objects, facts_at, in_merged_usr, is_library};
use std::collections::BTreeMap;
use std::fs::File;

/// Which C library there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Libc {
    Glibc(u16, u16),
    Musl,
    Nothing,
}

/// Finds the C library by its file, and its version by the newest that it offers.
pub(super) fn libc(tree: &Tree, architecture: &str) -> Libc {
    let triplet = triplet(architecture);
    let folders = [format!("lib/{triplet}"), format!("usr/lib/{triplet}")]
        .into_iter()
        .chain(["lib64", "usr/lib64", "lib", "usr/lib"].map(str::to_owned));
    let versions = folders
        .filter_map(|folder| facts(tree, &format!("{folder}/libc.so.6")))
        .find_map(|facts| facts.versions_offered.iter().filter_map(|v| version(v)).max());
    match versions {
        Some((major, minor)) => Libc::Glibc(major, minor),
        None if is_musl(tree) => Libc::Musl,
        None => Libc::Nothing,
    }
}

fn is_musl(tree: &Tree) -> bool {
    let loader = |path: &str| path.rsplit('/').next().is_some_and(|f| f.starts_with("ld-musl-"));
    ["lib", "usr/lib"].iter().any(|folder| tree.below(folder).any(|(path, _)| loader(path)))
}

/// `GLIBC_2.41`; others have other names (`GLIBC_PRIVATE`).
fn version(name: &str) -> Option<(u16, u16)> {
    let mut numbers = name.strip_prefix("GLIBC_")?.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

fn facts(tree: &Tree, path: &str) -> Option<ElfFacts> {
    facts_at(&File::open(tree.file(path)?).ok()?, 0)
}

/// Every program and library for the processor, with the folders that are looked in.
pub(super) fn objects(tree: &Tree, architecture: &str) -> Objects {
    let mut found = Objects { folders: folders(tree), ..Objects::default() };
    for (path, node) in tree.nodes() {
        let library = is_library(path);
        match node {
            Node::Link(target) if library => {
                found.links.insert(in_merged_usr(path), target.clone());
            }
            Node::File { place, executable } if library || *executable => {
                // What cannot be read here is nothing that is linked to.
                let facts = File::open(place).ok().and_then(|file| facts_at(&file, 0));
                if let Some(facts) = facts.filter(|facts| facts.is_for(architecture)) {
                    found.files.insert(in_merged_usr(path), facts);
                }
            }
            _ => {}
        }
    }
    found
}

fn is_settings(path: &str) -> bool {
    std::path::Path::new(path).extension() == Some("conf".as_ref())
}

/// The folders of `ld.so.conf`, and of the files that distributions include from there.
fn folders(tree: &Tree) -> Vec<String> {
    let parts = tree.below("etc/ld.so.conf.d").map(|(path, _)| path.as_str());
    let files = std::iter::once("etc/ld.so.conf").chain(parts.filter(|path| is_settings(path)));
    let mut lines = BTreeMap::new();
    for text in files.filter_map(|path| tree.text(path)) {
        for line in text.lines().map(str::trim).filter(|line| line.starts_with('/')) {
            let order = lines.len();
            lines.entry(in_merged_usr(line.trim_matches('/'))).or_insert(order);
        }
    }
    let mut folders: Vec<(usize, String)> = lines.into_iter().map(|(f, n)| (n, f)).collect();
    folders.sort();
    let own = std::iter::once("usr/lib64".to_owned());
    folders.into_iter().map(|(_, folder)| folder).chain(own).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tree::tests::tree;
    use super::*;

    #[test]
    fn folders_come_from_the_loaders_settings() {
        let (_home, tree) = tree(&[&[
            ("etc/ld.so.conf", "include /etc/ld.so.conf.d/*.conf\n"),
            ("etc/ld.so.conf.d/libc.conf", "# libc\n/usr/local/lib\n"),
            ("etc/ld.so.conf.d/x86.conf", "/lib/x86_64-linux-gnu\n/usr/local/lib\n"),
            ("etc/ld.so.conf.d/README", "/nowhere\n"),
        ]]);
        let wanted = ["usr/local/lib", "usr/lib/x86_64-linux-gnu", "usr/lib64"];
        assert_eq!(folders(&tree), wanted);
        assert_eq!(libc(&tree, "amd64"), Libc::Nothing);
    }

    #[test]
    fn musl_is_told_and_versions_are_numbers() {
        let (_home, tree) = tree(&[&[("lib/ld-musl-x86_64.so.1", "")]]);
        assert_eq!(libc(&tree, "amd64"), Libc::Musl);
        for (name, found) in
            [("GLIBC_2.41", Some((2, 41))), ("GLIBC_2.2.5", Some((2, 2))), ("GLIBC_PRIVATE", None)]
        {
            assert_eq!(version(name), found, "{name}");
        }
    }
}
