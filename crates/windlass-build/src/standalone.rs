//! A standalone build of Python as entries of a layer.
//!
//! The archive is of the form `install_only`: a folder `python` with `bin` and `lib`. It goes to
//! `/usr/local`, which is where such a Python is at home in other images too; it finds its library
//! from its own place. What only compilers, people at a terminal and installers use is left out.
//! What it remembers of the machine that it was built on is replaced, so that the entries depend on
//! the archive alone. What this does not do: fetch, or trust; the archive's digest is checked.

mod headers;
mod settings;

pub(crate) use headers::headers;

use crate::debian::{DebError, tar_entries};
use crate::scheme::Scheme;
use flate2::read::MultiGzDecoder;
use settings::{is_settings, settled};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Read as _};
use std::path::{Path, PathBuf};
use windlass_oci::{Content, EntryKind, LayerEntry};

/// Largest build, unpacked, in bytes: a real one has 150 MB.
const UNPACKED_LIMIT: u64 = 2 << 30;

/// Why an archive is no Python that an image can have.
#[derive(Debug, thiserror::Error)]
pub enum StandaloneFormError {
    /// The archive cannot be opened.
    #[error("cannot read {}", path.display())]
    Read {
        /// The archive.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The archive cannot be unpacked.
    #[error(transparent)]
    Archive(#[from] DebError),
    /// It lacks what every build has.
    #[error("{} is no standalone Python {python}: `{missing}` is not in it", path.display())]
    Form {
        /// The archive.
        path: PathBuf,
        /// The wanted version.
        python: windlass_model::PythonVersion,
        /// What is missing.
        missing: String,
    },
}

/// Reads a build into the entries of a layer, sorted by path, without the folders above
/// `/usr/local`'s.
pub(crate) fn entries(
    archive: &Path,
    scheme: Scheme,
) -> Result<Vec<LayerEntry>, StandaloneFormError> {
    let all = unpacked(archive)?;
    let mut entries: BTreeMap<String, LayerEntry> = BTreeMap::new();
    let linked = needs_library(&all, scheme);
    for entry in all {
        let Some(inside) = entry.path.strip_prefix("python/") else { continue };
        if !is_kept(inside, scheme, linked) {
            continue;
        }
        let path = format!("{}/{inside}", Scheme::PREFIX);
        let kept = match entry.kind {
            EntryKind::Dir => LayerEntry::dir(path.clone()),
            EntryKind::Symlink(target) => LayerEntry::symlink(path.clone(), target),
            EntryKind::File(Content::Bytes(bytes)) => {
                let bytes = if is_settings(inside) { settled(bytes) } else { bytes };
                // Repacked archives differ in everything but this.
                let mode = if entry.mode & 0o100 == 0 { 0o644 } else { 0o755 };
                LayerEntry::file(path.clone(), mode, Content::Bytes(bytes))
            }
            EntryKind::File(Content::Path(_)) => continue,
        };
        entries.insert(path, kept);
    }
    for missing in [scheme.interpreter()[1..].to_owned(), format!("{}/os.py", scheme.library())] {
        if !entries.contains_key(&missing) {
            let (path, python) = (archive.to_owned(), scheme.python);
            return Err(StandaloneFormError::Form { path, python, missing });
        }
    }
    add_folders(&mut entries);
    Ok(entries.into_values().collect())
}

fn unpacked(archive: &Path) -> Result<Vec<LayerEntry>, StandaloneFormError> {
    let read = |source| StandaloneFormError::Read { path: archive.to_owned(), source };
    let file = BufReader::new(File::open(archive).map_err(read)?);
    let unpacked = MultiGzDecoder::new(file).take(UNPACKED_LIMIT);
    Ok(tar_entries(Box::new(unpacked), archive)?)
}

/// Archives need not name the folders of their files.
fn add_folders(entries: &mut BTreeMap<String, LayerEntry>) {
    let paths: Vec<String> = entries.keys().cloned().collect();
    for path in paths {
        let folders = path.match_indices('/').map(|(end, _)| &path[..end]);
        for folder in folders.filter(|folder| folder.len() > Scheme::PREFIX.len()) {
            if !entries.contains_key(folder) {
                entries.insert(folder.to_owned(), LayerEntry::dir(folder));
            }
        }
    }
}

/// Whether the interpreter is a small program that lives in its shared library. Newer builds have
/// everything in the program itself; the library is then for programs that embed Python.
fn needs_library(entries: &[LayerEntry], scheme: Scheme) -> bool {
    const SMALL: usize = 1 << 20;
    let program = format!("python/bin/python{}", scheme.python);
    entries.iter().any(|entry| {
        entry.path == program
            && matches!(&entry.kind, EntryKind::File(Content::Bytes(bytes)) if bytes.len() < SMALL)
    })
}

/// Folders of the library that no server has a use for; Debian packs them apart as well.
const LEFT_OUT: [&str; 7] =
    ["ensurepip", "idlelib", "site-packages", "test", "tests", "tkinter", "turtledemo"];

fn is_kept(path: &str, scheme: Scheme, linked: bool) -> bool {
    let python = scheme.python;
    // The header names the version, for those who list what an image holds.
    if path == format!("bin/python{python}")
        || path == format!("include/python{python}/patchlevel.h")
    {
        return true;
    }
    if let Some(library) = path.strip_prefix("lib/lib").filter(|name| !name.contains('/')) {
        let graphical = ["tcl", "tk", "itcl"].iter().any(|name| library.starts_with(name));
        let own = library.starts_with("python");
        return library.contains(".so.") && !graphical && (linked || !own);
    }
    let Some(inside) = path.strip_prefix(&format!("lib/python{python}/")) else {
        return false;
    };
    let first = inside.split('/').next().unwrap_or(inside);
    let own_test = ["_test", "_ctypes_test", "_tkinter", "xx", "_xx"];
    let is_test_module = inside
        .strip_prefix("lib-dynload/")
        .is_some_and(|name| own_test.iter().any(|prefix| name.starts_with(prefix)));
    let needed = is_subinterpreters(inside);
    let bytecode = inside.split('/').any(|part| part == "__pycache__");
    let others = ["exe", "a", "o"].map(|end| Path::new(inside).extension() == Some(end.as_ref()));
    !(LEFT_OUT.contains(&first)
        || first.starts_with("config-")
        || first == "EXTERNALLY-MANAGED"
        || is_test_module && !needed
        || bytecode
        || others.contains(&true))
}

/// `concurrent.interpreters` and its pools stand on modules that are called like tests.
fn is_subinterpreters(path: &str) -> bool {
    ["_xxsubinterpreters", "_xxinterpchannels", "_xxinterpqueues"]
        .iter()
        .any(|module| path.starts_with(&format!("lib-dynload/{module}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use windlass_model::PythonVersion;

    const SCHEME: Scheme = Scheme::local(PythonVersion::three(12));

    #[test]
    fn what_a_server_runs_is_kept() {
        for (path, kept) in [
            ("bin/python3.12", true),
            ("bin/pip", false),
            ("bin/python3", false),
            ("lib/libpython3.12.so.1.0", false),
            ("lib/libtcl9.0.so.1", false),
            ("lib/libexpat.so.1", true),
            ("lib/pkgconfig/python3.pc", false),
            ("lib/python3.12/os.py", true),
            ("lib/python3.12/__pycache__/os.cpython-312.pyc", false),
            ("lib/python3.12/lib-dynload/_crypt.cpython-312-x86_64-linux-gnu.so", true),
            ("lib/python3.12/lib-dynload/_testcapi.cpython-312-x86_64-linux-gnu.so", false),
            ("lib/python3.12/lib-dynload/_xxsubinterpreters.cpython-312.so", true),
            ("lib/python3.12/site-packages/pip/__init__.py", false),
            ("lib/python3.12/EXTERNALLY-MANAGED", false),
            ("lib/python3.12/config-3.12-x86_64-linux-gnu/Makefile", false),
            ("lib/python3.12/unittest/case.py", true),
            ("include/python3.12/Python.h", false),
            ("include/python3.12/patchlevel.h", true),
        ] {
            assert_eq!(is_kept(path, SCHEME, false), kept, "{path}");
        }
        assert!(is_kept("lib/libpython3.12.so.1.0", SCHEME, true));
        assert!(!is_kept("lib/libpython3.12.so", SCHEME, true));
    }
}
