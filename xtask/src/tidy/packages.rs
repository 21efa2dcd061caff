//! What Cargo knows: the workspace's packages, all that is locked, licences, TLS stacks.
//!
//! `deny.toml` says the same to cargo-deny, which also knows advisories; that tool takes minutes
//! to build, so what needs no network is checked here on every run.

use super::Finding;
use anyhow::{Context as _, Result, bail};
use serde::Deserialize;
use std::path::Path;
use std::process::Command;

/// Licences that may come in; the same list as in `deny.toml`.
const LICENCES: [&str; 14] = [
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "Unicode-3.0",
    "Unicode-DFS-2016",
    "Unlicense",
    "Zlib",
];

/// Packages under another licence, and why that is fine; the same list as in `deny.toml`.
///
/// `version-ranges`: MPL-2.0 asks for the source of its own files alone, which are public and
/// unchanged here; it comes with the PEP 440 parser.
const EXCEPTIONS: [(&str, &str); 1] = [("version-ranges", "MPL-2.0")];

/// One TLS stack: rustls with ring. A second one doubles what must be patched.
const OTHER_TLS: [&str; 6] =
    ["openssl", "openssl-sys", "native-tls", "aws-lc-rs", "aws-lc-sys", "boring"];

/// `cargo metadata`, as far as it is needed.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Metadata {
    packages: Vec<Package>,
    #[serde(default)]
    workspace_members: Vec<String>,
}

/// One package.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Package {
    /// Its name.
    pub(crate) name: String,
    /// What it declares to depend on.
    #[serde(default)]
    pub(crate) dependencies: Vec<Dependency>,
    /// Cargo's id.
    #[serde(default)]
    pub(crate) id: String,
    /// Its version.
    #[serde(default)]
    pub(crate) version: String,
    /// Its licence, as an SPDX expression.
    #[serde(default)]
    pub(crate) license: Option<String>,
}

/// One declared dependency.
#[derive(Debug, Deserialize)]
pub(crate) struct Dependency {
    /// The package's name.
    pub(crate) name: String,
    /// `dev`, `build` or nothing.
    pub(crate) kind: Option<String>,
}

impl Dependency {
    /// Whether only tests and examples use it.
    pub(crate) fn is_dev(&self) -> bool {
        self.kind.as_deref() == Some("dev")
    }
}

impl Metadata {
    /// Asks Cargo, for the platform that it runs on.
    pub(crate) fn read(root: &Path) -> Result<Self> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let out = Command::new(cargo)
            .args(["metadata", "--format-version=1", "--locked"])
            .current_dir(root)
            .output()
            .context("cannot run cargo")?;
        if !out.status.success() {
            bail!("cargo metadata failed: {}", String::from_utf8_lossy(&out.stderr));
        }
        serde_json::from_slice(&out.stdout).context("cannot understand cargo metadata")
    }

    /// The workspace's own packages.
    pub(crate) fn members(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|package| self.workspace_members.contains(&package.id))
    }

    /// How many packages are locked.
    pub(crate) fn locked(&self) -> usize {
        self.packages.len()
    }

    /// Metadata that holds only these members, for tests of pure checks.
    #[cfg(test)]
    pub(crate) fn of_members(packages: Vec<Package>) -> Self {
        Self { workspace_members: vec![String::new()], packages }
    }
}

/// Licences and packages that must not come in.
pub(crate) fn check(metadata: &Metadata) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in &metadata.packages {
        let named = format!("{} {}", package.name, package.version);
        let mut add = |rule, text: String| {
            findings.push(Finding { file: "Cargo.lock".to_owned(), line: 0, rule, text });
        };
        match package.license.as_deref() {
            Some(licence) if is_permitted(licence) => {}
            Some(licence) if EXCEPTIONS.contains(&(&package.name, licence)) => {}
            Some(licence) => add("licence", format!("{named} is under `{licence}`")),
            None => add("licence", format!("{named} names no licence")),
        }
        if OTHER_TLS.contains(&package.name.as_str()) {
            add("tls", format!("{named} is a second TLS stack"));
        }
    }
    findings
}

/// An SPDX expression is permitted when one alternative of each conjunct is.
///
/// Nested parentheses do not occur in what is locked; an expression that has them is refused,
/// which fails safe.
fn is_permitted(expression: &str) -> bool {
    let plain = expression.replace('/', " OR ");
    let conjuncts = split_outside(&plain, " AND ");
    conjuncts.iter().all(|conjunct| {
        let bare = conjunct.trim().trim_start_matches('(').trim_end_matches(')');
        bare.split(" OR ").any(|licence| LICENCES.contains(&licence.trim()))
    })
}

/// Splits at `separator` outside parentheses.
fn split_outside<'a>(text: &'a str, separator: &str) -> Vec<&'a str> {
    let mut parts = Vec::new();
    let (mut depth, mut start) = (0_i32, 0);
    for (index, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ if depth == 0 && text[index..].starts_with(separator) => {
                parts.push(&text[start..index]);
                start = index + separator.len();
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn licence_expressions_are_read() {
        for (expression, fine) in [
            ("MIT", true),
            ("MIT/Apache-2.0", true),
            ("GPL-3.0", false),
            ("GPL-2.0 OR MIT", true),
            ("MIT AND GPL-2.0", false),
            ("(MIT OR Apache-2.0) AND Unicode-3.0", true),
            ("Apache-2.0 WITH LLVM-exception OR GPL-2.0", true),
            ("", false),
        ] {
            assert_eq!(is_permitted(expression), fine, "{expression}");
        }
    }

    #[test]
    fn a_second_tls_stack_is_found() {
        let package = Package {
            name: "native-tls".to_owned(),
            license: Some("MIT".to_owned()),
            ..Package::default()
        };
        let found = check(&Metadata::of_members(vec![package]));
        assert_eq!(found.iter().map(|f| f.rule).collect::<Vec<_>>(), ["tls"]);
    }
}
