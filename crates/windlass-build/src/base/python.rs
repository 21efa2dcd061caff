//! Which Python a base has, found by its files and never by running it.

use super::error::PythonPlace;
use super::tree::{Node, Tree};
use crate::scheme::{PythonBuild, Scheme};
use std::collections::BTreeMap;
use windlass_model::PythonVersion;

/// A base's Python.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) scheme: Scheme,
    /// The patch level; 0 where nothing says it.
    pub(super) patch: u16,
    /// Whether `python` on the `PATH` is it too.
    pub(super) has_short_name: bool,
}

/// Finds what `python3` on the `PATH` is.
pub(super) fn find(
    tree: &Tree,
    path: &str,
    env: &BTreeMap<String, String>,
) -> Result<Found, PythonPlace> {
    let folders = || path.split(':').map(|folder| folder.trim_matches('/'));
    let on_path = |names: &[&str]| {
        folders().find_map(|folder| {
            let mut names = names.iter().map(|name| format!("{folder}/{name}"));
            names.find(|program| tree.file(program).is_some()).map(|found| (folder, found))
        })
    };
    let missing = || PythonPlace::Missing { path: path.to_owned() };
    let (folder, program) = on_path(&["python3", "python"]).ok_or_else(missing)?;
    let environment = folder.rsplit_once('/').map_or("", |(above, _)| above);
    if tree.file(&format!("{environment}/pyvenv.cfg")).is_some() {
        return Err(PythonPlace::Environment { folder: environment.to_owned() });
    }
    let (real, _) = tree.resolve(&program).ok_or_else(missing)?;
    let unknown = || PythonPlace::Unknown { program: real.clone() };
    let (bin, file) = real.rsplit_once('/').ok_or_else(unknown)?;
    let prefix = bin.strip_suffix("/bin").ok_or_else(unknown)?;
    let python = version(tree, prefix, file).ok_or_else(unknown)?;
    let scheme = match prefix {
        "usr/local" => Scheme::local(python),
        // What only Debian has: its own folder of packages for every Python 3.
        "usr" if tree.resolve("usr/lib/python3/dist-packages").is_some() => Scheme::debian(python),
        _ => return Err(PythonPlace::Elsewhere { program: real }),
    };
    if tree.file(&scheme.interpreter()).is_none() {
        return Err(unknown());
    }
    let short = on_path(&["python"]).and_then(|(_, program)| tree.resolve(&program));
    Ok(Found {
        scheme,
        patch: patch(tree, scheme, env).unwrap_or(0),
        has_short_name: short.is_some_and(|(path, _)| path == real),
    })
}

/// The version in the program's name that a library goes with; else that of the one library.
fn version(tree: &Tree, prefix: &str, file: &str) -> Option<PythonVersion> {
    let is_whole = |python: &PythonVersion| {
        let module = format!("{prefix}/lib/python{python}/os.py");
        matches!(tree.resolve(&module), Some((_, Node::File { .. })))
    };
    let named = file.strip_prefix("python").and_then(|version| version.parse().ok());
    if let Some(named) = named.filter(is_whole) {
        return Some(named);
    }
    let mut found = (0..=u8::MAX).map(PythonVersion::three).filter(is_whole);
    let first = found.next()?;
    found.next().is_none().then_some(first)
}

/// From the header that says it, from Debian's record of the package, or from what the makers of
/// the well-known images put into the environment.
fn patch(tree: &Tree, scheme: Scheme, env: &BTreeMap<String, String>) -> Option<u16> {
    let python = scheme.python;
    let of = |text: &str| -> Option<u16> {
        let rest = text.strip_prefix(&format!("{python}."))?;
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        rest[..end].parse().ok()
    };
    let header = tree.text(&format!("{}/include/python{python}/patchlevel.h", scheme.home()));
    let header = header.and_then(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("#define PY_VERSION"))?;
        of(line.trim().trim_matches('"'))
    });
    let debian = || (scheme.build == PythonBuild::Debian).then(|| packed(tree, python)).flatten();
    let said = || env.get("PYTHON_VERSION").and_then(|version| of(version));
    header.or_else(|| debian().and_then(|version| of(&version))).or_else(said)
}

/// The version of Debian's package of that Python.
fn packed(tree: &Tree, python: PythonVersion) -> Option<String> {
    let name = format!("python{python}");
    let version = |stanza: &str| {
        let version = stanza.lines().find_map(|line| line.strip_prefix("Version: "))?;
        Some(version.rsplit(':').next().unwrap_or(version).to_owned())
    };
    if let Some(stanza) = tree.text(&format!("var/lib/dpkg/status.d/{name}")) {
        return version(&stanza);
    }
    let all = tree.text("var/lib/dpkg/status")?;
    let line = format!("Package: {name}");
    all.split("\n\n").find(|stanza| stanza.lines().any(|l| l == line)).and_then(version)
}

#[cfg(test)]
mod tests {
    use super::super::tree::tests::tree;
    use super::*;

    const PATH: &str = "/usr/local/bin:/usr/bin";

    fn found(files: &[(&str, &str)]) -> Result<Found, PythonPlace> {
        let (_home, tree) = tree(&[files]);
        let env = [("PYTHON_VERSION".to_owned(), "3.12.9".to_owned())].into();
        find(&tree, PATH, &env)
    }

    #[test]
    fn the_well_known_images_are_understood() {
        let official = [
            ("usr/local/bin/python3.12", ""),
            ("usr/local/bin/python3", "->python3.12"),
            ("usr/local/bin/python", "->python3"),
            ("usr/local/lib/python3.12/os.py", ""),
            ("usr/local/lib/python3.11/old.py", ""),
        ];
        let python = PythonVersion::three(12);
        let wanted = Found { scheme: Scheme::local(python), patch: 9, has_short_name: true };
        assert_eq!(found(&official), Ok(wanted.clone()));
        let header =
            ("usr/local/include/python3.12/patchlevel.h", "#define PY_VERSION  \"3.12.11\"\n");
        let said = found(&[&official[..], &[header]].concat());
        assert_eq!(said, Ok(Found { patch: 11, ..wanted }));

        let python = PythonVersion::three(13);
        let debian = [
            ("usr/bin/python3.13", ""),
            ("usr/bin/python3", "->python3.13"),
            ("usr/lib/python3.13/os.py", ""),
            ("usr/lib/python3/dist-packages/apt.py", ""),
            (
                "var/lib/dpkg/status",
                "Package: a\nVersion: 1\n\nPackage: python3.13\nVersion: 3.13.5-2\n",
            ),
        ];
        let wanted = Found { scheme: Scheme::debian(python), patch: 5, has_short_name: false };
        assert_eq!(found(&debian), Ok(wanted));
    }

    #[test]
    fn others_are_refused_with_what_is_there() {
        let missing = PythonPlace::Missing { path: PATH.to_owned() };
        assert_eq!(found(&[("usr/bin/perl", "")]), Err(missing));
        let conda = [
            ("opt/conda/bin/python3.12", ""),
            ("opt/conda/lib/python3.12/os.py", ""),
            ("usr/bin/python3", "->/opt/conda/bin/python3.12"),
        ];
        let program = "opt/conda/bin/python3.12".to_owned();
        assert_eq!(found(&conda), Err(PythonPlace::Elsewhere { program }));
        let bare = [("usr/local/bin/python3", "")];
        let program = "usr/local/bin/python3".to_owned();
        assert_eq!(found(&bare), Err(PythonPlace::Unknown { program }));
        let environment =
            [("usr/local/bin/python3", ""), ("usr/local/pyvenv.cfg", "home = /usr\n")];
        let folder = "usr/local".to_owned();
        assert_eq!(found(&environment), Err(PythonPlace::Environment { folder }));
    }
}
