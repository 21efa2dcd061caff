//! Packages that an image gets for the libraries that its files need: what is wished for, and what
//! is told of it. Pure.

use super::explain::short;
use super::known::Known;
use crate::debian::{RootPlan, Wish};
use serde::{Deserialize, Serialize};
use windlass_model::{Evidence, Finding};

/// A package that was added for a library.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Addition {
    pub(crate) package: String,
    /// The library, and files that need it.
    pub(crate) library: String,
    pub(crate) needed_by: Vec<String>,
}

/// Whether a file is a module of Python's, by its name: `_x.abi3.so`, `_x.cpython-313-....so`.
pub(crate) fn is_extension(path: &str) -> bool {
    path.ends_with(".abi3.so") || path.contains(".cpython-")
}

/// Everything to add, each once, in an order that depends on nothing else.
pub(crate) fn wishes(known: &[Known], additions: &[Addition]) -> Vec<Wish> {
    let by_table = known
        .iter()
        .flat_map(|row| row.packages.iter().map(|name| Wish::new(name, false, row.distribution)));
    let by_file = additions.iter().map(|a| Wish::new(&a.package, false, a.library.as_str()));
    let mut wishes: Vec<Wish> = by_table.chain(by_file).collect();
    wishes.sort();
    wishes.dedup_by(|a, b| a.names == b.names);
    wishes
}

pub(crate) fn added(additions: &[Addition]) -> String {
    match additions {
        [] => "everything that is needed is there".to_owned(),
        some => {
            let mut names: Vec<&str> = some.iter().map(|a| a.package.as_str()).collect();
            names.dedup();
            format!("needed: {}", names.join(", "))
        }
    }
}

/// Which packages were added, and by which rule.
pub(crate) fn findings(known: &[Known], additions: &[Addition], plan: &RootPlan) -> Vec<Finding> {
    let finding = |value: String, evidence: Vec<Evidence>| Finding {
        subject: "library".to_owned(),
        value,
        evidence,
        override_key: None,
    };
    let is_there = |name: &str| plan.packages().any(|package| package.name == name);
    let by_table = known.iter().filter_map(|row| {
        let names = row.packages.iter().filter_map(|p| p.split(" | ").find(|name| is_there(name)));
        let names: Vec<&str> = names.collect();
        let note = format!("{} {}", row.distribution, row.why);
        (!names.is_empty()).then(|| finding(names.join(" "), vec![Evidence::rule(note)]))
    });
    let mut found: Vec<Finding> = by_table.collect();
    for addition in additions {
        let first = addition.needed_by.first().map_or("", |path| short(path));
        let evidence = Evidence::rule(format!("{} needed by {first}", addition.library));
        match found.iter_mut().find(|there| there.value == addition.package) {
            Some(there) => there.evidence.push(evidence),
            None => found.push(finding(addition.package.clone(), vec![evidence])),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::known::needs_of;
    use super::*;

    fn addition(package: &str, library: &str) -> Addition {
        let needed_by = vec!["usr/local/lib/python3.13/dist-packages/cv2/cv2.abi3.so".to_owned()];
        Addition { package: package.to_owned(), library: library.to_owned(), needed_by }
    }

    #[test]
    fn each_package_is_wished_for_once_and_told_with_its_reasons() {
        let additions = [
            addition("libgl1", "libGL.so.1"),
            addition("libglib2.0-0t64", "libglib-2.0.so.0"),
            addition("libglib2.0-0t64", "libgthread-2.0.so.0"),
        ];
        let known = needs_of(&["python-magic"]);
        let names: Vec<String> =
            wishes(&known, &additions).iter().map(|wish| wish.names.join("|")).collect();
        assert_eq!(names, ["libgl1", "libglib2.0-0t64", "libmagic1t64|libmagic1"]);
        let found = findings(&known, &additions, &RootPlan::default());
        let told: Vec<_> = found.iter().map(|f| (f.value.as_str(), f.evidence.len())).collect();
        assert_eq!(told, [("libgl1", 1), ("libglib2.0-0t64", 2)]);
        assert_eq!(found[0].evidence[0].note, "libGL.so.1 needed by cv2/cv2.abi3.so");
    }
}
