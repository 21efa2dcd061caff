//! The project's own virtual environment: made when it is not there, asked what it has.

use super::PackagesError;
use crate::wheels::{Machine, Target, UvProject};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use windlass_model::PythonVersion;

/// A virtual environment.
pub(super) struct Environment {
    pub(super) folder: PathBuf,
    pub(super) python: PathBuf,
}

impl Environment {
    /// The one in a folder, whether it is there or not.
    pub(super) fn in_folder(folder: &Path) -> Self {
        let folder = folder.join(".venv");
        Self { python: folder.join("bin/python"), folder }
    }

    /// Makes it when it is not there; says whether it did. One with another Python is left alone.
    pub(super) fn ensure(
        &self,
        uv: &UvProject,
        wanted: PythonVersion,
    ) -> Result<bool, PackagesError> {
        if !self.folder.exists() {
            let python = uv.python(wanted).ok_or(PackagesError::NoPython { wanted })?;
            let folder = self.folder.display().to_string();
            let arguments = ["venv", "--quiet", "--no-project", "--python", &python, &folder];
            uv.run_plain(&arguments).map_err(PackagesError::Uv)?;
            return Ok(true);
        }
        let found = self.target()?.python;
        let folder = self.folder.clone();
        if found == wanted {
            return Ok(false);
        }
        Err(PackagesError::OtherPython { folder, found, wanted })
    }

    /// What its packages must run on.
    pub(super) fn target(&self) -> Result<Target, PackagesError> {
        let script = "import sys, platform\nprint('%d.%d' % sys.version_info[:2], \
            sys.version_info[2], platform.libc_ver()[1] or '2.17', platform.machine())";
        let none = || PackagesError::NoEnvironment { folder: self.folder.clone() };
        let output = Command::new(&self.python)
            .args(["-I", "-c", script])
            .env_clear()
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .output()
            .map_err(|_| none())?;
        let text = String::from_utf8_lossy(&output.stdout);
        let words: Vec<&str> = text.split_whitespace().collect();
        parse(&words).filter(|_| output.status.success()).ok_or_else(none)
    }

    /// The packages that it has, by name.
    pub(super) fn packages(
        &self,
        uv: &UvProject,
    ) -> Result<BTreeMap<String, String>, PackagesError> {
        if !self.python.exists() {
            return Ok(BTreeMap::new());
        }
        let python = self.python.display().to_string();
        let arguments = ["pip", "list", "--quiet", "--format", "json", "--python", &python];
        let text = uv.run_plain(&arguments).map_err(PackagesError::Uv)?;
        let listed: Vec<BTreeMap<String, serde_json::Value>> =
            serde_json::from_str(&text).unwrap_or_default();
        let of = |package: &BTreeMap<String, serde_json::Value>| {
            let text = |key: &str| package.get(key)?.as_str().map(str::to_owned);
            Some((crate::wheels::normalize_name(&text("name")?), text("version")?))
        };
        Ok(listed.iter().filter_map(of).collect())
    }
}

/// `3.13 5 2.41 x86_64`.
fn parse(words: &[&str]) -> Option<Target> {
    let [python, patch, glibc, machine] = words else { return None };
    let (major, minor) = glibc.split_once('.')?;
    let machine = match *machine {
        "x86_64" => Machine::X86_64,
        "aarch64" => Machine::Aarch64,
        _ => return None,
    };
    Some(Target {
        python: python.parse().ok()?,
        patch: patch.parse().ok()?,
        glibc: (major.parse().ok()?, minor.parse().ok()?),
        machine,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interpreters_answer_is_read() {
        let target = parse(&["3.13", "5", "2.41", "aarch64"]).expect("a target");
        assert_eq!((target.python, target.patch), (PythonVersion::three(13), 5));
        assert_eq!((target.glibc, target.machine), ((2, 41), Machine::Aarch64));
        assert_eq!(parse(&["3.13", "5", "2.41", "riscv64"]), None);
        assert_eq!(parse(&["3.13"]), None);
    }
}
