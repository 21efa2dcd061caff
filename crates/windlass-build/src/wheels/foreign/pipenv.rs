//! `Pipfile.lock`, form 6: one table for each category, each complete by itself.

use super::edge::{self, Edge};
use super::{Member, Origin, Package, Parts, Shape, content_hash, normalize_name, sha256};
use serde_json::Value;
use std::collections::BTreeSet;
use windlass_model::Selection;

/// The name that Pipenv gives to the public index: the machine's own settings stand for it.
const PUBLIC: &str = "pypi";
const FORM: u64 = 6;

pub(super) fn read(
    lock: &Value,
    pipfile: &toml::Table,
    selection: &Selection,
) -> Result<Parts, Shape> {
    let meta = lock.get("_meta").ok_or_else(|| Shape::Part("`_meta`".to_owned()))?;
    let form = meta.get("pipfile-spec");
    if form.and_then(Value::as_u64) != Some(FORM) {
        return Err(Shape::Version(form.map_or("none".to_owned(), ToString::to_string)));
    }
    let sections = lock.as_object().into_iter().flatten();
    let sections = sections.filter(|(name, _)| name.as_str() != "_meta");
    let mut packages = Vec::new();
    for (category, section) in sections {
        for (name, entry) in section.as_object().into_iter().flatten() {
            packages.push(package(category, name, entry)?);
        }
    }
    let sources = meta.get("sources").and_then(Value::as_array).into_iter().flatten();
    let own = sources.filter(|it| it.get("name").and_then(Value::as_str) != Some(PUBLIC));
    let locked = meta.get("hash").and_then(|hash| hash.get("sha256")?.as_str());
    Ok(Parts {
        packages,
        roots: roots(pipfile, selection),
        sources: own.filter_map(|it| it.get("url")?.as_str().map(str::to_owned)).collect(),
        is_fresh: locked.map(|hash| content_hash::pipfile(pipfile).iter().any(|it| it == hash)),
    })
}

fn package(category: &str, written: &str, entry: &Value) -> Result<Package, Shape> {
    let text = |key: &str| entry.get(key).and_then(Value::as_str);
    let version = text("version").map(|version| version.trim_start_matches('='));
    let origin = match (text("git"), text("path"), text("file").or_else(|| text("url"))) {
        (Some(repository), _, _) => Origin::Repository(repository.to_owned()),
        (None, None, Some(url)) if url.contains("://") => Origin::Url(url.to_owned()),
        (None, Some(path), _) | (None, None, Some(path)) => Origin::Path(path.to_owned()),
        (None, None, None) if version.is_none_or(|it| matches!(it, "" | "*")) => {
            return Err(Shape::Part(format!("version of {written}")));
        }
        (None, None, None) => Origin::Index,
    };
    let hashes = entry.get("hashes").and_then(Value::as_array);
    let marker = text("markers").map(str::to_owned);
    let sha256s: BTreeSet<_> =
        hashes.into_iter().flatten().filter_map(Value::as_str).filter_map(sha256).collect();
    Ok(Package {
        name: normalize_name(written),
        version: version.unwrap_or_default().to_owned(),
        member: Member::Groups(vec![(category.to_owned(), marker)]),
        lists_files: hashes.is_some_and(|hashes| !hashes.is_empty()),
        hashes: sha256s,
        origin,
        ..Package::default()
    })
}

/// `[packages]` and the categories that are wanted.
fn roots(pipfile: &toml::Table, selection: &Selection) -> Vec<Edge> {
    let categories = std::iter::once("packages").chain(selection.groups.iter().map(String::as_str));
    let tables = categories.filter_map(|name| pipfile.get(name)?.as_table());
    tables.flat_map(edge::of_table).collect()
}
