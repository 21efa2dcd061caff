//! The hashes that a project's requirements files list (`--hash`, as pip reads it). Pure.
//!
//! What a file lists for a package are the only files that may be taken for it, also where other
//! requirements of the same file list none.

use super::resolution::normalize_name;
use std::collections::{BTreeMap, BTreeSet};
use windlass_model::Digest;

/// The SHA-256 hashes listed for a package, by its normalised name (PEP 503). A package that lists
/// only weaker or other hashes has an empty set: no file of it can be checked.
pub(super) type Hashes = BTreeMap<String, BTreeSet<Digest>>;

/// Adds what the text of a requirements file lists.
pub(super) fn collect(text: &str, hashes: &mut Hashes) {
    for requirement in requirements(text) {
        let mut listed = hashes_of(&requirement).peekable();
        if listed.peek().is_some() {
            let set = hashes.entry(normalize_name(name_of(&requirement))).or_default();
            let sha256 = listed.filter_map(|hash| hash.strip_prefix("sha256:"));
            set.extend(sha256.filter_map(|hex| Digest::from_hex(hex).ok()));
        }
    }
}

/// Whether the text has requirements, and whether each is pinned to a version and to hashes.
pub(super) fn is_full_lock(text: &str) -> Option<bool> {
    let mut all = requirements(text).peekable();
    all.peek()?;
    Some(all.all(|line| {
        line.contains("==") && hashes_of(&line).any(|hash| hash.starts_with("sha256:"))
    }))
}

/// The requirements, each on one line, without comments and options of the file.
fn requirements(text: &str) -> impl Iterator<Item = String> {
    let joined = text.replace("\r\n", "\n").replace("\\\n", " ");
    let lines: Vec<String> = joined
        .lines()
        .map(|line| line.split(" #").next().unwrap_or(line).trim().to_owned())
        .filter(|line| !line.is_empty() && !line.starts_with(['#', '-']))
        .collect();
    lines.into_iter()
}

/// `sha256:abc` of `--hash=sha256:abc` and `--hash sha256:abc`.
fn hashes_of(requirement: &str) -> impl Iterator<Item = &str> {
    let options = requirement.split_once("--hash").map_or("", |(_, rest)| rest);
    options
        .split("--hash")
        .filter_map(|value| value.trim_start_matches(['=', ' ', '\t']).split_whitespace().next())
}

fn name_of(requirement: &str) -> &str {
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    requirement.split(|c| !is_name(c)).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_collected_by_package() {
        let (a, b) = ("aa".repeat(32), "bb".repeat(32));
        let text = format!(
            "# note\n--require-hashes\nFlask_Login[x]==1 ; python_version > '3' \\\r\n  \
             --hash=sha256:{a} \\\n  --hash sha256:{b}  # via x\nclick==8\nold==1 --hash=md5:00\n"
        );
        let mut hashes = Hashes::new();
        collect(&text, &mut hashes);
        let names: Vec<_> = hashes.iter().map(|(name, set)| (name.as_str(), set.len())).collect();
        assert_eq!(names, [("flask-login", 2), ("old", 0)]);
        assert_eq!(is_full_lock(&text), Some(false));
        assert_eq!(is_full_lock(&format!("a==1 --hash=sha256:{a}\n")), Some(true));
        assert_eq!(is_full_lock("# nothing\n-r other.txt\n"), None);
    }
}
