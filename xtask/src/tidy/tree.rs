//! The files of the workspace, read once.

use super::facts::Facts;
use anyhow::{Context as _, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Every text file that git knows or would add, and what the Rust ones hold.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    /// Parsed Rust sources.
    pub(crate) sources: Vec<Source>,
    /// All text files, the Rust sources among them.
    pub(crate) texts: Vec<Text>,
    /// Texts that name the machine the tree is on: its folder and the home folder.
    pub(crate) machine: Vec<String>,
}

/// A text file.
#[derive(Debug, Clone)]
pub(crate) struct Text {
    /// Path relative to the root.
    pub(crate) path: String,
    /// Contents.
    pub(crate) body: String,
}

/// A Rust source.
#[derive(Debug)]
pub(crate) struct Source {
    /// Path relative to the root.
    pub(crate) path: String,
    /// Lines in the file.
    pub(crate) lines: usize,
    /// What it holds.
    pub(crate) facts: Facts,
}

impl Tree {
    /// Reads and parses the tree at `root`.
    pub(crate) fn read(root: &Path) -> Result<Self> {
        let mut tree = Self { machine: machine_paths(root), ..Self::default() };
        for path in listed(root)? {
            let Ok(bytes) = fs::read(root.join(&path)) else { continue };
            let Ok(body) = String::from_utf8(bytes) else { continue };
            if Path::new(&path).extension().is_some_and(|e| e == "rs") {
                tree.sources.push(Source::parse(&path, &body)?);
            }
            tree.texts.push(Text { path, body });
        }
        Ok(tree)
    }

    /// The text of one file, empty when there is none.
    pub(crate) fn text(&self, path: &str) -> &str {
        self.texts.iter().find(|text| text.path == path).map_or("", |text| text.body.as_str())
    }
}

impl Source {
    /// Parses one file.
    pub(crate) fn parse(path: &str, body: &str) -> Result<Self> {
        let file = syn::parse_file(body).with_context(|| format!("cannot parse {path}"))?;
        Ok(Self {
            path: path.to_owned(),
            lines: body.lines().count(),
            facts: Facts::of(&file, is_test_path(path)),
        })
    }

    /// The crate that the file belongs to: `windlass-oci`, `xtask`.
    pub(crate) fn package(&self) -> &str {
        let mut parts = self.path.split('/');
        match parts.next() {
            Some("crates") => parts.next().unwrap_or_default(),
            other => other.unwrap_or_default(),
        }
    }
}

/// Test code by place: integration tests, test modules in files of their own, the testkit,
/// examples and benches.
fn is_test_path(path: &str) -> bool {
    let folder = ["tests/", "examples/", "benches/"];
    folder.iter().any(|f| path.starts_with(f) || path.contains(&format!("/{f}")))
        || path.ends_with("/tests.rs")
        || path.starts_with("crates/windlass-testkit/")
}

fn listed(root: &Path) -> Result<Vec<String>> {
    let out = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output()
        .context("cannot run git, which says what belongs to the tree")?;
    if !out.status.success() {
        bail!("git ls-files failed: {}", String::from_utf8_lossy(&out.stderr));
    }
    let names = String::from_utf8_lossy(&out.stdout);
    let mut names: Vec<String> =
        names.split('\0').filter(|name| !name.is_empty()).map(str::to_owned).collect();
    names.sort();
    names.dedup();
    Ok(names)
}

/// Where this checkout and the home folder are: a file that names them works nowhere else.
/// Root's home folder is the same on every machine, and part of other paths (`/proc/1/root/`).
fn machine_paths(root: &Path) -> Vec<String> {
    let home = std::env::var_os("HOME").map(PathBuf::from);
    let paths = [Some(root.to_owned()), home];
    paths
        .into_iter()
        .flatten()
        .map(|path| format!("{}/", path.display()))
        .filter(|path| path.matches('/').count() > 1 && path != "/root/")
        .collect()
}
