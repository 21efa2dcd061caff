//! Entry points for fuzzing: each reads bytes that came from outside and must neither panic nor
//! take memory that the bytes do not justify. Only compiled for the fuzzer (`fuzz/README.md`).

use crate::debian::fuzzed;
use crate::inspect::{HostFacts, Tree, inspect};
use crate::wheels::fuzzed as wheels;
use std::path::Path;
use windlass_model::Selection;

/// A Debian package.
pub fn deb(bytes: &[u8]) {
    let Ok(deb) = fuzzed::Deb::parse(bytes, Path::new("fuzzed.deb")) else { return };
    for entry in &deb.entries {
        let climbs = entry.path.split('/').any(|part| part == "..");
        assert!(!climbs && !entry.path.starts_with('/'), "`{}` leaves the root", entry.path);
    }
}

/// A program or library: the loader's facts of it.
pub fn elf(bytes: &[u8]) {
    let Some(facts) = crate::elf::ElfFacts::of(bytes) else { return };
    // Whatever it says, it says it with bytes that it has.
    let texts = facts.needed.iter().chain(&facts.rpath).chain(&facts.runpath);
    assert!(texts.map(String::len).max().unwrap_or(0) <= bytes.len());
}

/// An archive's list of files, compressed or not, and the table that is kept of it.
pub fn contents(bytes: &[u8]) {
    let Ok(index) = fuzzed::LibraryIndex::reduce(bytes, "amd64") else { return };
    if let Some(read) = fuzzed::LibraryIndex::from_text(&index.to_text()) {
        assert_eq!(read, index, "what is kept is what was found");
    }
}

/// Texts of a Debian archive.
pub fn archive_index(text: &str) {
    let _ = fuzzed::Release::parse(text);
    for group in fuzzed::parse_relations(text).iter().flatten() {
        let _ = group.to_string();
        let _ = group.allows("1:2.0~rc1-1");
    }
    let versions: Vec<&str> = text.split_whitespace().take(3).collect();
    if let [a, b, c] = versions[..] {
        order(a, b, c);
    }
    let mut index = fuzzed::PackageIndex::default();
    index.add("archive", text.to_owned());
    for name in ["a", "libc6"].into_iter().chain(versions) {
        let _ = (index.versions(name), index.providers(name), index.similar(name));
    }
}

/// Versions have a total order (Debian Policy, section 5.6.12).
fn order(a: &str, b: &str, c: &str) {
    use fuzzed::compare;
    assert_eq!(compare(a, b), compare(b, a).reverse(), "{a} {b}");
    if compare(a, b).is_le() && compare(b, c).is_le() {
        assert!(compare(a, c).is_le(), "{a} {b} {c}");
    }
}

/// A project: names and texts of its files in turn, separated by NUL.
pub fn project(text: &str) {
    let mut parts = text.split('\0');
    let mut files = Vec::new();
    while let (Some(name), Some(text)) = (parts.next(), parts.next()) {
        files.push((name, text));
    }
    let facts = HostFacts { folder: "fuzzed".to_owned(), pythons: crate::pythons(), cores: 2 };
    let _ = inspect(&Tree::from_files(files), &facts);
}

/// A wheel in the file at `path`; what is made of it lies below `cache`.
pub fn wheel(path: &Path, cache: &Path) {
    for path in wheels::wheel(path, cache).unwrap_or_default() {
        let steps = path.split('/').all(|part| !matches!(part, "" | "." | ".."));
        let home = path.starts_with("usr/") || path.starts_with("opt/");
        assert!(steps && home, "`{path}` leaves the packages");
    }
}

/// A folder that holds nothing but locks and what they were made from.
pub fn locks(project: &Path) {
    wheels::locks(project);
}

/// Texts that name packages: `pylock.toml`, requirements, constraints, inline metadata, `setup.cfg`.
pub fn packages(text: &str) {
    wheels::pylock(text, Path::new("fuzzed"));
    let _ = crate::declare::script(text);
    let _ = crate::declare::setup_cfg(text, &Selection::default());
    let _ = crate::declare::to_pep440(text);
}
