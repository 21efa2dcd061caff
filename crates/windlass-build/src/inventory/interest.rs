//! Which files of an image say what it holds. Pure.

/// What a file is read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Interest {
    /// `os-release` of the distribution (os-release(5)).
    OsRelease,
    /// Stanzas of installed Debian packages.
    Dpkg,
    /// Core metadata of a Python distribution.
    Metadata,
    /// A C header of CPython's with its version.
    Interpreter,
    /// A package database that is not understood.
    Foreign,
}

/// Databases of other package managers: Alpine's, the RPM family's, Arch's.
const FOREIGN: [&str; 7] = [
    "lib/apk/db/installed",
    "usr/lib/apk/db/installed",
    "usr/lib/sysimage/rpm/rpmdb.sqlite",
    "var/lib/pacman/local/ALPM_DB_VERSION",
    "var/lib/rpm/Packages",
    "var/lib/rpm/Packages.db",
    "var/lib/rpm/rpmdb.sqlite",
];

/// What the file at `path` of an image is read as; `None` for nearly all.
pub(super) fn of(path: &str) -> Option<Interest> {
    if matches!(path, "etc/os-release" | "usr/lib/os-release") {
        return Some(Interest::OsRelease);
    }
    if path == "var/lib/dpkg/status" {
        return Some(Interest::Dpkg);
    }
    if let Some(name) = path.strip_prefix("var/lib/dpkg/status.d/") {
        // A package's name has no dot that a suffix could follow but those of versions.
        let record = !name.contains('/') && !name.ends_with(".md5sums");
        return record.then_some(Interest::Dpkg);
    }
    if FOREIGN.contains(&path) {
        return Some(Interest::Foreign);
    }
    let (folder, name) = path.rsplit_once('/')?;
    let metadata = match name {
        "METADATA" => folder.ends_with(".dist-info"),
        "PKG-INFO" => folder.ends_with(".egg-info") || folder.ends_with(".egg/EGG-INFO"),
        _ => name.ends_with(".egg-info"),
    };
    if metadata {
        return Some(Interest::Metadata);
    }
    // Debian's own header belongs to a package that is listed already.
    let header = name == "patchlevel.h"
        && !folder.starts_with("usr/include/")
        && folder
            .rsplit_once('/')
            .is_some_and(|(above, last)| above.ends_with("include") && last.starts_with("python3"));
    header.then_some(Interest::Interpreter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_files_matter() {
        use Interest::{Dpkg, Foreign, Interpreter, Metadata, OsRelease};
        for (path, wanted) in [
            ("etc/os-release", Some(OsRelease)),
            ("var/lib/dpkg/status", Some(Dpkg)),
            ("var/lib/dpkg/status-old", None),
            ("var/lib/dpkg/status.d/libpython3.13-stdlib", Some(Dpkg)),
            ("var/lib/dpkg/status.d/libc6.md5sums", None),
            ("usr/lib/python3/dist-packages/six-1.16.0.egg-info", Some(Metadata)),
            ("app/x.egg-info/PKG-INFO", Some(Metadata)),
            ("app/x.egg/EGG-INFO/PKG-INFO", Some(Metadata)),
            ("venv/flask-3.1.0.dist-info/METADATA", Some(Metadata)),
            ("venv/flask-3.1.0.dist-info/RECORD", None),
            ("docs/METADATA", None),
            ("lib/apk/db/installed", Some(Foreign)),
            ("usr/local/include/python3.12/patchlevel.h", Some(Interpreter)),
            ("usr/include/python3.13/patchlevel.h", None),
            ("METADATA", None),
        ] {
            assert_eq!(of(path), wanted, "{path}");
        }
    }
}
