//! The Python packages that a base brings: what has to go where a project brings the same one.
//!
//! A package laid over another version of itself would leave the other's modules and its record
//! behind, so what the base has of it is taken away first, by the record that its installer left
//! (the recording-installs specification). What other packages have too stays.

use super::tree::Tree;
use crate::scheme::Scheme;
use crate::wheels::normalize_name;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A package of a base.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Present {
    /// Its normalized name.
    pub(super) name: String,
    /// Files and folders that are its alone, by path in the image.
    pub(super) own: BTreeSet<String>,
}

/// The packages in the folder that a project's are installed into.
pub(super) fn packages(tree: &Tree, scheme: Scheme) -> Vec<Present> {
    let folder = scheme.packages();
    let records: Vec<(String, BTreeSet<String>)> = tree
        .below(&folder)
        .filter_map(|(path, _)| {
            let record = path.strip_prefix(&format!("{folder}/"))?;
            let info = record.strip_suffix("/RECORD")?;
            let (name, _) = info.strip_suffix(".dist-info")?.split_once('-')?;
            Some((normalize_name(name), files(&folder, &tree.text(path)?)))
        })
        .collect();
    let mut users: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, files) in &records {
        let tops: BTreeSet<&str> = files.iter().map(|file| top(&folder, file)).collect();
        for top in tops {
            *users.entry(top).or_default() += 1;
        }
    }
    let own = |file: &String| {
        let top = top(&folder, file);
        if users.get(top) == Some(&1) { top.to_owned() } else { file.clone() }
    };
    records
        .iter()
        .map(|(name, files)| Present { name: name.clone(), own: files.iter().map(own).collect() })
        .collect()
}

/// The paths of a record in the image; those that would lie outside of it are passed over.
fn files(folder: &str, record: &str) -> BTreeSet<String> {
    let path = |line: &str| {
        let written = match line.strip_prefix('"') {
            Some(quoted) => quoted.split('"').next()?,
            None => line.split(',').next()?,
        };
        let mut parts: Vec<&str> =
            if written.starts_with('/') { Vec::new() } else { folder.split('/').collect() };
        for part in written.split('/') {
            match part {
                "" | "." => {}
                ".." => drop(parts.pop()?),
                part => parts.push(part),
            }
        }
        // Nothing above the folders that a Python has its files in.
        (parts.len() > 3).then(|| parts.join("/"))
    };
    record.lines().filter_map(path).collect()
}

/// The folder right below the packages' that a file lies in, where that can be one package's; else
/// the file itself.
fn top<'f>(folder: &str, file: &'f str) -> &'f str {
    let Some(inside) = file.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/')) else {
        return file;
    };
    match inside.find('/') {
        Some(_) if inside.starts_with("__pycache__/") => file,
        Some(end) => &file[..=folder.len() + end],
        None => file,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tree::tests::tree;
    use super::*;
    use windlass_model::PythonVersion;

    #[test]
    fn what_is_a_packages_alone_goes_as_a_folder() {
        let site = "usr/local/lib/python3.12/site-packages";
        let at = |path: &str| format!("{site}/{path}");
        let (pip, one, two) = (
            at("pip-25.0.dist-info/RECORD"),
            at("Ns_One-1.dist-info/RECORD"),
            at("ns_two-1.dist-info/RECORD"),
        );
        let (_home, tree) = tree(&[&[
            (
                &pip,
                "pip/__init__.py,sha256=x,1\npip/_vendor/a.py,,\npip-25.0.dist-info/RECORD,,\n\
                 ../../../bin/pip,,\n\"pip/odd, name.py\",,\n../../../../../../../etc/passwd,,\n/etc/x,,\n",
            ),
            (&one, "ns/one.py,,\nns/__pycache__/one.cpython-312.pyc,,\n__pycache__/x.pyc,,\n"),
            (&two, "ns/two.py,,\n"),
        ]]);
        let mut found = packages(&tree, Scheme::local(PythonVersion::three(12)));
        found.sort_by(|a, b| a.name.cmp(&b.name));
        let own = |number: usize| found[number].own.iter().cloned().collect::<Vec<_>>();
        assert_eq!(
            found.iter().map(|p| p.name.as_str()).collect::<Vec<_>>(),
            ["ns-one", "ns-two", "pip"]
        );
        assert_eq!(
            own(0),
            [at("__pycache__/x.pyc"), at("ns/__pycache__/one.cpython-312.pyc"), at("ns/one.py")]
        );
        assert_eq!(own(1), [at("ns/two.py")]);
        assert_eq!(own(2), ["usr/local/bin/pip".to_owned(), at("pip"), at("pip-25.0.dist-info")]);
    }
}
