//! The walls between crates: their direction, and who may name what (ARCHITECTURE.md, code map).

use super::Finding;
use super::packages::Metadata;
use super::tree::Source;

/// Which of our own crates a crate may depend on, for its code and for its tests.
const DIRECTION: [(&str, &[&str], &[&str]); 9] = [
    ("windlass-model", &[], &[]),
    ("windlass-oci", &["windlass-model"], &[]),
    ("windlass-build", &["windlass-model", "windlass-oci"], &[]),
    ("windlass-engine", &["windlass-model", "windlass-oci"], &[]),
    ("windlass-proxy", &["windlass-model"], &[]),
    ("windlass-server", &SERVER_NEEDS, &["windlass-testkit"]),
    ("windlass-testkit", &["windlass-model", "windlass-server"], &[]),
    ("windlass", &BINARY_NEEDS, &["windlass-testkit"]),
    ("xtask", &[], &[]),
];

const SERVER_NEEDS: [&str; 5] =
    ["windlass-model", "windlass-oci", "windlass-build", "windlass-engine", "windlass-proxy"];
const BINARY_NEEDS: [&str; 6] = [
    "windlass-model",
    "windlass-oci",
    "windlass-build",
    "windlass-engine",
    "windlass-proxy",
    "windlass-server",
];

/// Who alone may depend on a package, for its code; tests may use what they like.
const OWNERS: [(&str, &[&str]); 23] = [
    ("libc", &["windlass-engine"]),
    ("seccompiler", &["windlass-engine"]),
    ("landlock", &["windlass-engine"]),
    ("tar", &["windlass-oci", "windlass-build"]),
    ("flate2", &["windlass-oci", "windlass-build"]),
    ("zstd", &["windlass-oci"]),
    ("lzma-rust2", &["windlass-build"]),
    ("zip", &["windlass-build"]),
    ("pgp", &["windlass-build"]),
    ("ureq", &["windlass-oci", "windlass-build"]),
    ("pep508_rs", &["windlass-build"]),
    ("ruff_python_parser", &["windlass-build"]),
    ("ruff_python_ast", &["windlass-build"]),
    ("ruff_text_size", &["windlass-build"]),
    ("rusqlite", &["windlass-server"]),
    ("axum", &["windlass-server"]),
    ("hyper", &["windlass-proxy", "windlass-server"]),
    ("socket2", &["windlass-proxy"]),
    ("clap", &["windlass"]),
    ("clap_complete", &["windlass"]),
    ("indicatif", &["windlass"]),
    ("syn", &["xtask"]),
    ("anyhow", &["xtask"]),
];

/// Names that only some files may use: finer than a crate.
const NAMES: [(&str, &[&str]); 4] = [
    ("ruff_python_parser", &["crates/windlass-build/src/inspect/python_source"]),
    ("ruff_python_ast", &["crates/windlass-build/src/inspect/python_source"]),
    ("ruff_text_size", &["crates/windlass-build/src/inspect/python_source"]),
    ("rusqlite", &["crates/windlass-server/src/store"]),
];

/// Dependencies that go against the direction or past a wall.
pub(crate) fn check(metadata: &Metadata) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in metadata.members() {
        let Some((_, code, tests)) = DIRECTION.iter().find(|row| row.0 == package.name) else {
            findings.push(finding(&package.name, "is no crate of the code map".to_owned()));
            continue;
        };
        for dependency in &package.dependencies {
            let own = dependency.name.starts_with("windlass");
            let allowed = code.contains(&dependency.name.as_str())
                || (dependency.is_dev() && tests.contains(&dependency.name.as_str()));
            if own && !allowed {
                let text = format!("must not depend on `{}`", dependency.name);
                findings.push(finding(&package.name, text));
            }
            let owners = OWNERS.iter().find(|(name, _)| *name == dependency.name);
            if let Some((name, owners)) = owners
                && !dependency.is_dev()
                && !owners.contains(&package.name.as_str())
            {
                let text = format!("`{name}` belongs to {}", owners.join(" and "));
                findings.push(finding(&package.name, text));
            }
        }
    }
    findings
}

fn finding(package: &str, text: String) -> Finding {
    let folder = if package == "xtask" { "xtask".to_owned() } else { format!("crates/{package}") };
    Finding { file: format!("{folder}/Cargo.toml"), line: 0, rule: "wall", text }
}

/// Names used outside the files that own them, and `unsafe` outside the engine.
pub(crate) fn check_names(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut add = |line: usize, rule: &'static str, text: String| {
        findings.push(Finding { file: source.path.clone(), line, rule, text });
    };
    for (krate, files) in NAMES {
        let owned = files.iter().any(|file| source.path.starts_with(file));
        let foreign = source.facts.paths.iter().filter(|name| !owned && !name.test);
        for name in foreign.filter(|name| name.text.split("::").next() == Some(krate)) {
            add(
                name.line,
                "wall",
                format!("`{}` is named only in {}", name.text, files.join(", ")),
            );
        }
    }
    if source.package() != "windlass-engine" {
        for place in &source.facts.unsafe_code {
            add(place.line, "unsafe", "`unsafe` belongs to windlass-engine".to_owned());
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::packages::{Dependency, Package};

    fn package(name: &str, dependency: &str, kind: Option<&str>) -> Package {
        Package {
            name: name.to_owned(),
            dependencies: vec![Dependency {
                name: dependency.to_owned(),
                kind: kind.map(str::to_owned),
            }],
            ..Package::default()
        }
    }

    #[test]
    fn the_direction_of_the_crates_holds() {
        for (package, fine) in [
            (package("windlass-engine", "windlass-oci", None), true),
            (package("windlass-engine", "windlass-proxy", None), false),
            (package("windlass-model", "windlass-server", None), false),
            (package("windlass-server", "windlass-testkit", Some("dev")), true),
            (package("windlass-server", "windlass-testkit", None), false),
            (package("windlass-server", "libc", None), false),
            (package("windlass-server", "libc", Some("dev")), true),
            (package("windlass-more", "serde", None), false),
        ] {
            let name = format!("{} on {}", package.name, package.dependencies[0].name);
            let found = check(&Metadata::of_members(vec![package]));
            assert_eq!(found.is_empty(), fine, "{name}: {found:?}");
        }
    }

    #[test]
    fn names_keep_to_their_files() -> anyhow::Result<()> {
        let body = "use ruff_python_parser::parse; fn f() { unsafe { g() } }";
        let rules = |path: &str| -> anyhow::Result<Vec<&'static str>> {
            Ok(check_names(&Source::parse(path, body)?).into_iter().map(|f| f.rule).collect())
        };
        assert_eq!(rules("crates/windlass-build/src/inspect/python_source.rs")?, ["unsafe"]);
        assert_eq!(rules("crates/windlass-build/src/inspect.rs")?, ["wall", "unsafe"]);
        assert_eq!(rules("crates/windlass-engine/src/lib.rs")?, ["wall"]);
        Ok(())
    }
}
