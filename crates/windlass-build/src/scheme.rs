//! Where an image's Python is, and where it looks for what is installed for it. Pure.
//!
//! Two shapes exist. Debian's Python lies in `/usr`, leaves that to Debian's packages, and looks in
//! `/usr/local` for everybody else's. Any other build (a standalone one, or that of an image from
//! a registry) lies in `/usr/local` itself. In both, what is installed goes below `/usr/local`, so
//! that no environment has to be activated and commands are on the usual `PATH`.

use serde::{Deserialize, Serialize};
use windlass_model::PythonVersion;

/// Whose build of Python an image has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PythonBuild {
    /// Debian's own package, in `/usr`.
    Debian,
    /// A build of its own, in `/usr/local`.
    Local,
}

/// The places of one image's Python (the install schemes of Python's `sysconfig`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Scheme {
    /// Its feature release.
    pub python: PythonVersion,
    /// Whose build it is.
    pub build: PythonBuild,
}

impl Scheme {
    /// Below it are commands (`bin`), data (`share` and others) and headers (`include`).
    pub const PREFIX: &str = "usr/local";

    /// The scheme of Debian's Python.
    pub const fn debian(python: PythonVersion) -> Self {
        Self { python, build: PythonBuild::Debian }
    }

    /// The scheme of a Python in `/usr/local`.
    pub const fn local(python: PythonVersion) -> Self {
        Self { python, build: PythonBuild::Local }
    }

    /// The folder of importable packages, without a leading slash.
    pub fn packages(self) -> String {
        let folder = match self.build {
            PythonBuild::Debian => "dist-packages",
            PythonBuild::Local => "site-packages",
        };
        format!("{}/lib/python{}/{folder}", Self::PREFIX, self.python)
    }

    /// The interpreter that commands name: an absolute path.
    pub fn interpreter(self) -> String {
        format!("/{}/bin/python{}", self.home(), self.python)
    }

    /// What `PYTHONHOME` would say, without a leading slash.
    pub fn home(self) -> &'static str {
        match self.build {
            PythonBuild::Debian => "usr",
            PythonBuild::Local => Self::PREFIX,
        }
    }

    /// The folder of the standard library, without a leading slash.
    pub fn library(self) -> String {
        format!("{}/lib/python{}", self.home(), self.python)
    }

    /// A folder whose `.pth` files every start of the interpreter reads.
    pub fn hooks(self) -> String {
        match self.build {
            PythonBuild::Debian => "usr/lib/python3/dist-packages".to_owned(),
            PythonBuild::Local => self.packages(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_build_has_its_places() {
        let python = PythonVersion::three(13);
        let debian = Scheme::debian(python);
        assert_eq!(debian.packages(), "usr/local/lib/python3.13/dist-packages");
        assert_eq!(debian.interpreter(), "/usr/bin/python3.13");
        assert_eq!(debian.library(), "usr/lib/python3.13");
        let local = Scheme::local(python);
        assert_eq!(local.packages(), "usr/local/lib/python3.13/site-packages");
        assert_eq!(local.interpreter(), "/usr/local/bin/python3.13");
        assert_eq!(local.hooks(), local.packages());
    }
}
