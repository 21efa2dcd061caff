//! A `pylock.toml` of the project itself: what PEP 751 asks an installer to check first.

use super::{PylockError, Reading, markers};
use crate::wheels::hashes::Hashes;
use crate::wheels::resolution::Resolution;
use crate::wheels::target::Target;
use pep440_rs::{Version, VersionSpecifiers};
use pep508_rs::MarkerTree;
use serde::Deserialize;
use std::path::Path;
use std::str::FromStr;
use windlass_model::Selection;

/// A lock, and for what it is read.
#[derive(Debug, Clone, Copy)]
pub(in crate::wheels) struct OwnLock<'a> {
    pub(in crate::wheels) text: &'a str,
    /// The folder of the lock, absolute: its relative paths start there.
    pub(in crate::wheels) folder: &'a Path,
    pub(in crate::wheels) target: Target,
    pub(in crate::wheels) selection: &'a Selection,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Head {
    lock_version: String,
    #[serde(default)]
    environments: Vec<String>,
    requires_python: Option<String>,
    #[serde(default)]
    default_groups: Vec<String>,
}

/// Reads it.
pub(in crate::wheels) fn read_own(lock: OwnLock<'_>) -> Result<Resolution, PylockError> {
    let head: Head = toml::from_str(lock.text).map_err(|source| PylockError::Invalid { source })?;
    if head.lock_version.split('.').next() != Some("1") {
        return Err(PylockError::Version { version: head.lock_version });
    }
    if let Some(written) = &head.requires_python {
        let specifiers = VersionSpecifiers::from_str(written)
            .map_err(|_| PylockError::RequiresPython { written: written.clone() })?;
        let python = Version::from_str(&lock.target.full_version()).ok();
        if !python.is_some_and(|python| specifiers.contains(&python)) {
            let written = written.clone();
            return Err(PylockError::OtherPython { written, target: lock.target });
        }
    }
    check_environment(&head.environments, lock.target)?;
    let Selection { extras, groups, .. } = lock.selection;
    let wanted = extras.iter().map(|name| markers::extra(name));
    let groups = groups.iter().chain(&head.default_groups).map(|name| markers::group(name));
    let extras: Vec<String> = wanted.chain(groups).collect();
    let reading = Reading {
        target: lock.target,
        base: lock.folder,
        preferred: &super::Preferred::new(),
        hashes: &Hashes::new(),
        extras: &extras,
    };
    super::read(lock.text, reading)
}

/// One of the environments that the lock is for must be the image's.
fn check_environment(environments: &[String], target: Target) -> Result<(), PylockError> {
    let mut fits = environments.is_empty();
    for text in environments {
        let marker: MarkerTree = text.parse().map_err(|_| PylockError::Marker {
            package: "environments".to_owned(),
            marker: text.clone(),
        })?;
        fits = fits || target.accepts(&marker);
    }
    if fits { Ok(()) } else { Err(PylockError::OtherEnvironment { listed: environments.to_vec() }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use windlass_model::{Machine, PythonVersion};

    fn read(text: &str, extras: &[&str], groups: &[&str]) -> Result<Vec<String>, PylockError> {
        let python = PythonVersion::three(13);
        let target = Target { python, patch: 5, glibc: (2, 41), machine: Machine::X86_64 };
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let selection =
            Selection { extras: owned(extras), groups: owned(groups), ..Selection::default() };
        let folder = Path::new("/project");
        let found = read_own(OwnLock { text, folder, target, selection: &selection })?;
        Ok(found.packages.into_iter().map(|package| package.name).collect())
    }

    fn entry(name: &str, marker: &str) -> String {
        let hash = "ab".repeat(32);
        let marker =
            if marker.is_empty() { String::new() } else { format!("marker = \"{marker}\"\n") };
        format!(
            "[[packages]]\nname = '{name}'\nversion = '1'\n{marker}wheels = [{{ url = \
             'https://example.org/{name}-1-py3-none-any.whl', hashes = {{ sha256 = '{hash}' }} }}]\n"
        )
    }

    #[test]
    fn extras_groups_and_environments_decide() {
        let head = "lock-version = '1.0'\nrequires-python = '>=3.12'\ndefault-groups = ['main']\n\
                    environments = [\"sys_platform == 'win32'\", \"sys_platform == 'linux'\"]\n";
        let own = "[[packages]]\nname = 'shop'\ndirectory = { path = '.', editable = true }\n";
        let text = [
            head.to_owned(),
            entry("a", ""),
            entry("b", "'cli' in extras"),
            entry("c", "'dev' in dependency_groups"),
            entry("d", "'main' in dependency_groups"),
            entry("e", "python_version < '3.13'"),
            own.to_owned(),
        ]
        .concat();
        assert_eq!(read(&text, &[], &[]).expect("read"), ["a", "d"]);
        assert_eq!(read(&text, &["cli"], &["dev"]).expect("read"), ["a", "b", "c", "d"]);
    }

    #[test]
    fn what_is_for_others_is_refused() {
        for (text, part) in [
            ("lock-version = '2.0'\n", "form 2.0"),
            ("lock-version = '1.0'\nrequires-python = '<3.12'\n", "<3.12"),
            ("lock-version = '1.0'\nrequires-python = 'new'\n", "new"),
            ("lock-version = '1.0'\nenvironments = [\"os_name == 'nt'\"]\n", "os_name"),
            ("lock-version = '1.0'\nenvironments = ['?']\n", "?"),
            ("packages = []\n", "valid"),
            ("lock-version = \n", "valid"),
        ] {
            let error = read(text, &[], &[]).expect_err(text).to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
        let repository = "lock-version = '1.0'\n[[packages]]\nname = 'r'\nvcs = { type = 'git', \
            url = 'https://example.org/r.git', commit-id = 'abc' }\n";
        let error = read(repository, &[], &[]).expect_err("a repository");
        assert!(matches!(error, PylockError::Repository { .. }), "{error:?}");
    }
}
