//! `pdm.lock`, form 4.
//!
//! With the strategy `inherit_metadata`, which is the usual one, every package names the groups
//! that need it and the marker; otherwise the lock is a graph of PEP 508 texts. A package with
//! extras has an entry of its own for them.

use super::edge::{self, Edge};
use super::{Member, Origin, Package, Parts, Shape, content_hash, normalize_name, sha256};
use std::collections::BTreeSet;
use toml::{Table, Value};
use windlass_model::Selection;

/// The name that PDM gives to the public index: the machine's own settings stand for it.
const PUBLIC: &str = "pypi";

pub(super) fn read(lock: &Table, pyproject: &Table, selection: &Selection) -> Result<Parts, Shape> {
    let metadata = lock.get("metadata").and_then(Value::as_table);
    let metadata = metadata.ok_or_else(|| Shape::Part("[metadata]".to_owned()))?;
    let text = |key: &str| metadata.get(key).and_then(Value::as_str);
    let version = text("lock_version").unwrap_or("none");
    if version.split('.').next() != Some("4") {
        return Err(Shape::Version(version.to_owned()));
    }
    let listed = lock.get("package").and_then(Value::as_array);
    let packages = listed.into_iter().flatten().map(package).collect::<Result<_, _>>()?;
    let settings = pyproject.get("tool").and_then(|tool| tool.get("pdm"));
    let sources = settings.and_then(|it| it.get("source")?.as_array()).into_iter().flatten();
    let own = sources.filter(|it| it.get("name").and_then(Value::as_str) != Some(PUBLIC));
    let locked = text("content_hash").and_then(|hash| hash.strip_prefix("sha256:"));
    Ok(Parts {
        packages,
        roots: roots(pyproject, selection),
        sources: own.filter_map(|it| it.get("url")?.as_str().map(str::to_owned)).collect(),
        is_fresh: locked.map(|hash| content_hash::pdm(pyproject).is_some_and(|it| it == hash)),
    })
}

fn package(entry: &Value) -> Result<Package, Shape> {
    let text = |key: &str| entry.get(key).and_then(Value::as_str);
    let written = text("name").ok_or_else(|| Shape::Part("name of a package".to_owned()))?;
    let version = text("version").unwrap_or_default();
    let strings = |key: &str| -> Vec<String> {
        let array = entry.get(key).and_then(Value::as_array);
        array.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let member = match entry.get("groups") {
        Some(_) => {
            let marker = text("marker").map(str::to_owned);
            let each = strings("groups").into_iter().map(|group| (group, marker.clone()));
            Member::Groups(each.collect())
        }
        None => Member::Reached,
    };
    let files = entry.get("files").and_then(Value::as_array);
    let hashes = files.into_iter().flatten().filter_map(|file| file.get("hash")?.as_str());
    let hashes: BTreeSet<_> = hashes.filter_map(sha256).collect();
    let origin = match (text("git").or_else(|| text("hg")), text("path"), text("url")) {
        (Some(repository), _, _) => Origin::Repository(repository.to_owned()),
        (None, Some(path), _) => Origin::Path(path.to_owned()),
        (None, None, Some(url)) => Origin::Url(url.to_owned()),
        (None, None, None) if version.is_empty() => {
            return Err(Shape::Part(format!("version of {written}")));
        }
        (None, None, None) => Origin::Index,
    };
    Ok(Package {
        name: normalize_name(written),
        version: version.to_owned(),
        member,
        dependencies: edge::of_texts(entry.get("dependencies")),
        extras: Vec::new(),
        lists_files: files.is_some_and(|files| !files.is_empty()),
        hashes,
        origin,
        requested: strings("extras"),
    })
}

/// `[project]`, its extras, and the groups that are wanted.
fn roots(pyproject: &Table, selection: &Selection) -> Vec<Edge> {
    let project = pyproject.get("project");
    let mut roots = edge::of_texts(project.and_then(|it| it.get("dependencies")));
    for extra in &selection.extras {
        let of_extra = project.and_then(|it| it.get("optional-dependencies")?.get(extra));
        roots.extend(edge::of_texts(of_extra));
    }
    let old = pyproject.get("tool").and_then(|tool| tool.get("pdm")?.get("dev-dependencies"));
    for group in &selection.groups {
        for groups in [pyproject.get("dependency-groups"), old].into_iter().flatten() {
            roots.extend(edge::of_texts(groups.get(group)));
        }
    }
    roots
}
