//! `poetry.lock`, forms 1.0 to 2.1.
//!
//! Since form 2.1 every package names the groups that need it, with markers. Before, the lock is
//! a graph, and what production needs is reached from `pyproject.toml`. Form 1 keeps the hashes
//! of all files in one table at its end.

use super::edge::{self, Edge};
use super::{Member, Origin, Package, Parts, Shape, content_hash, normalize_name, sha256};
use std::collections::BTreeSet;
use toml::{Table, Value};
use windlass_model::Selection;

pub(super) fn read(lock: &Table, pyproject: &Table, selection: &Selection) -> Result<Parts, Shape> {
    let metadata = lock.get("metadata").and_then(Value::as_table);
    let metadata = metadata.ok_or_else(|| Shape::Part("[metadata]".to_owned()))?;
    let text = |key: &str| metadata.get(key).and_then(Value::as_str);
    let version = text("lock-version").unwrap_or("none");
    if !matches!(version.split('.').next(), Some("1" | "2")) {
        return Err(Shape::Version(version.to_owned()));
    }
    let listed = lock.get("package").and_then(Value::as_array);
    let listed = listed.map(Vec::as_slice).unwrap_or_default();
    let files = metadata.get("files").and_then(Value::as_table);
    let mut sources = BTreeSet::new();
    let mut packages = Vec::with_capacity(listed.len());
    for entry in listed {
        packages.push(package(entry, files, &mut sources)?);
    }
    let locked = text("content-hash");
    Ok(Parts {
        packages,
        roots: roots(pyproject, selection),
        sources: sources.into_iter().collect(),
        is_fresh: locked.map(|hash| content_hash::poetry(pyproject).iter().any(|it| it == hash)),
    })
}

fn package(
    entry: &Value,
    files: Option<&Table>,
    sources: &mut BTreeSet<String>,
) -> Result<Package, Shape> {
    let text = |key: &str| entry.get(key).and_then(Value::as_str);
    let written = text("name").ok_or_else(|| Shape::Part("name of a package".to_owned()))?;
    let version = text("version").ok_or_else(|| Shape::Part(format!("version of {written}")))?;
    let dependencies = entry.get("dependencies").and_then(Value::as_table);
    let listed = entry.get("files").or_else(|| files?.get(written)).and_then(Value::as_array);
    let hashes = listed.into_iter().flatten().filter_map(|f| f.get("hash")?.as_str());
    let hashes: BTreeSet<_> = hashes.filter_map(sha256).collect();
    let source = entry.get("source");
    let of_source = |key: &str| source.and_then(|it| it.get(key)?.as_str()).unwrap_or_default();
    let url = of_source("url").to_owned();
    let origin = match of_source("type") {
        "git" | "hg" => Origin::Repository(url),
        "url" => Origin::Url(url),
        "directory" | "file" => Origin::Path(url),
        _ => {
            sources.extend((!url.is_empty()).then_some(url));
            Origin::Index
        }
    };
    Ok(Package {
        name: normalize_name(written),
        version: version.to_owned(),
        member: member(entry),
        dependencies: dependencies.map(edge::of_table).unwrap_or_default(),
        extras: extras(entry),
        lists_files: listed.is_some_and(|files| !files.is_empty()),
        hashes,
        origin,
        requested: Vec::new(),
    })
}

/// `groups` and `markers`; the latter is one text, or a table by group.
fn member(entry: &Value) -> Member {
    let Some(groups) = entry.get("groups").and_then(Value::as_array) else {
        return Member::Reached;
    };
    let marker = |group: &str| match entry.get("markers") {
        Some(Value::String(text)) => Some(text.clone()),
        Some(Value::Table(table)) => table.get(group)?.as_str().map(str::to_owned),
        _ => None,
    };
    let names = groups.iter().filter_map(Value::as_str);
    Member::Groups(names.map(|group| (group.to_owned(), marker(group))).collect())
}

/// `[package.extras]`: `i18n = ["Babel (>=2.7)"]`.
fn extras(entry: &Value) -> Vec<(String, Vec<String>)> {
    let table = entry.get("extras").and_then(Value::as_table);
    let names = |members: &Value| -> Vec<String> {
        let texts = members.as_array().into_iter().flatten().filter_map(Value::as_str);
        texts
            .map(|text| {
                let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c)));
                normalize_name(&text[..end.unwrap_or(text.len())])
            })
            .collect()
    };
    table.into_iter().flatten().map(|(name, members)| (name.clone(), names(members))).collect()
}

/// What `pyproject.toml` asks for: Poetry's own tables, and the standard ones since Poetry 2.
fn roots(pyproject: &Table, selection: &Selection) -> Vec<Edge> {
    let mut roots = Vec::new();
    if let Some(project) = pyproject.get("project") {
        roots.extend(edge::of_texts(project.get("dependencies")));
        for extra in &selection.extras {
            let of_extra = project.get("optional-dependencies").and_then(|it| it.get(extra));
            roots.extend(edge::of_texts(of_extra));
        }
    }
    for group in &selection.groups {
        let groups = pyproject.get("dependency-groups");
        roots.extend(edge::of_texts(groups.and_then(|it| it.get(group))));
    }
    let Some(poetry) = pyproject.get("tool").and_then(|tool| tool.get("poetry")) else {
        return roots;
    };
    let wanted: BTreeSet<String> = selection
        .extras
        .iter()
        .filter_map(|extra| poetry.get("extras")?.get(extra)?.as_array())
        .flatten()
        .filter_map(Value::as_str)
        .map(normalize_name)
        .collect();
    let mut add = |table: Option<&Value>| {
        let edges = table.and_then(Value::as_table).map(edge::of_table).unwrap_or_default();
        let kept = edges.into_iter().filter(|edge| !edge.optional || wanted.contains(&edge.name));
        roots.extend(kept.map(|edge| Edge { optional: false, ..edge }));
    };
    add(poetry.get("dependencies"));
    for group in &selection.groups {
        add(poetry.get("group").and_then(|it| it.get(group)?.get("dependencies")));
        add(poetry.get("dev-dependencies").filter(|_| group == "dev"));
    }
    roots
}
