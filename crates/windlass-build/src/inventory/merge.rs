//! Layers laid on each other: what is left of each one's facts. Pure.

use super::layer::{Fact, LayerFacts};
use super::{Inventory, PythonPackage};
use std::collections::BTreeMap;
use std::ops::Bound;

/// What an image of these layers holds, lowest first.
pub(super) fn merge(layers: &[LayerFacts]) -> Inventory {
    let mut seen: BTreeMap<&str, &Fact> = BTreeMap::new();
    for layer in layers {
        for path in &layer.whiteouts {
            seen.remove(path.as_str());
            remove_below(&mut seen, path);
        }
        for path in layer.opaque.iter().chain(&layer.stands) {
            remove_below(&mut seen, path);
        }
        for path in &layer.stands {
            seen.remove(path.as_str());
        }
        seen.extend(layer.facts.iter().map(|(path, fact)| (path.as_str(), fact)));
    }
    collect(&seen)
}

/// Forgets all that lies below a folder; the empty path is the root.
fn remove_below(seen: &mut BTreeMap<&str, &Fact>, folder: &str) {
    if folder.is_empty() {
        seen.clear();
        return;
    }
    let below = format!("{folder}/");
    let from = (Bound::Included(below.as_str()), Bound::Unbounded);
    let gone: Vec<&str> = seen
        .range::<str, _>(from)
        .map(|(path, _)| *path)
        .take_while(|path| path.starts_with(&below))
        .collect();
    for path in gone {
        seen.remove(path);
    }
}

fn collect(seen: &BTreeMap<&str, &Fact>) -> Inventory {
    let mut inventory = Inventory::default();
    let mut python: BTreeMap<(String, String), PythonPackage> = BTreeMap::new();
    for (path, fact) in seen {
        match fact {
            // The first path is /etc's, which is what programs read.
            Fact::OsRelease(release) => {
                inventory.distribution.get_or_insert_with(|| release.clone());
            }
            Fact::Debian(packages) => inventory.debian.extend(packages.iter().cloned()),
            Fact::Python(package) => {
                let key = (package.name.to_ascii_lowercase(), package.version.clone());
                match python.get_mut(&key) {
                    Some(known) => known.paths.extend(package.paths.iter().cloned()),
                    None => {
                        python.insert(key, package.clone());
                    }
                }
            }
            Fact::Interpreter(version) => inventory.interpreters.push(version.clone()),
            Fact::Foreign => inventory.unread.push((*path).to_owned()),
            Fact::Nothing => {}
        }
    }
    inventory.debian.sort();
    inventory.debian.dedup();
    inventory.interpreters.sort();
    inventory.interpreters.dedup();
    inventory.python = python.into_values().collect();
    inventory
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::metadata;

    fn layer(packages: &[(&str, &str)]) -> LayerFacts {
        let fact = |(folder, name): &(&str, &str)| {
            let path = format!("{folder}/{name}-1.dist-info/METADATA");
            let text = format!("Name: {name}\nVersion: 1\n");
            let package = metadata::parse(&text, &path).expect("a distribution");
            (path, Fact::Python(package))
        };
        LayerFacts { facts: packages.iter().map(fact).collect(), ..LayerFacts::default() }
    }

    fn names(layers: &[LayerFacts]) -> Vec<String> {
        merge(layers).python.into_iter().map(|package| package.name).collect()
    }

    #[test]
    fn higher_layers_take_away_and_write_over() {
        let low = || layer(&[("a", "one"), ("a", "two"), ("ab", "three")]);
        let with = |change: &dyn Fn(&mut LayerFacts)| {
            let mut high = layer(&[("a", "new")]);
            change(&mut high);
            names(&[low(), high])
        };
        assert_eq!(with(&|_| {}), ["new", "one", "three", "two"]);
        let gone = with(&|high| high.whiteouts.extend(["a/one-1.dist-info".to_owned()]));
        assert_eq!(gone, ["new", "three", "two"]);
        let anew = with(&|high| high.opaque.extend(["a".to_owned()]));
        assert_eq!(anew, ["new", "three"]);
        let root = with(&|high| high.opaque.extend([String::new()]));
        assert_eq!(root, ["new"]);
        let link = with(&|high| high.stands.extend(["ab".to_owned()]));
        assert_eq!(link, ["new", "one", "two"]);
    }

    #[test]
    fn a_whiteout_says_nothing_about_its_own_layer() {
        let mut one = layer(&[("a", "kept")]);
        one.whiteouts.insert("a".to_owned());
        assert_eq!(names(&[one]), ["kept"]);
    }

    #[test]
    fn copies_are_one_distribution_with_several_paths() {
        let merged = merge(&[layer(&[("a", "six"), ("b/_vendor", "six")])]);
        assert_eq!(merged.python.len(), 1);
        assert_eq!(merged.python[0].paths.len(), 2);
    }
}
