//! The image's own Python, run on this machine.
//!
//! Its root is unpacked in the cache, and it starts through its own loader with its own
//! libraries: a machine with Python 3.11, or with none, makes bytecode for 3.13. Where the image's
//! processor is not the machine's, its twin runs: the same version for this processor. Bytecode is
//! the same for all (CPython's `marshal` writes one byte order and no sizes of the machine's).

use crate::scheme::{PythonBuild, Scheme};
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;
use windlass_model::PythonVersion;

/// The first Python that can be told not to look for modules in the folder that it starts in;
/// scripts for older ones see to it themselves.
const SAFE_PATH: PythonVersion = PythonVersion::three(11);

/// An unpacked root with a Python in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interpreter {
    /// The unpacked root.
    pub root: PathBuf,
    /// Its Python.
    pub python: PythonVersion,
    /// Whose build that is.
    pub build: PythonBuild,
    /// Debian's name of the processor: `amd64`.
    pub architecture: String,
    /// The Python of this machine that runs in its place.
    pub twin: Option<Box<Interpreter>>,
}

impl Interpreter {
    /// Its places in the image.
    pub fn scheme(&self) -> Scheme {
        Scheme { python: self.python, build: self.build }
    }

    /// A command that runs the interpreter, ready for arguments: isolated from the user's
    /// environment, without `site`.
    ///
    /// `-I` would also make Python ignore `PYTHONHOME`, which is how it finds its own library
    /// when a loader starts it; the empty environment isolates it as well.
    pub fn command(&self) -> Command {
        if let Some(twin) = &self.twin {
            return twin.command();
        }
        let (usr, home) = (self.root.join("usr"), self.root.join(self.scheme().home()));
        let (loader, triplet) = match self.architecture.as_str() {
            "arm64" => ("lib/ld-linux-aarch64.so.1", "aarch64-linux-gnu"),
            _ => ("lib64/ld-linux-x86-64.so.2", "x86_64-linux-gnu"),
        };
        let mut libraries = OsString::from(usr.join("lib").join(triplet));
        libraries.push(":");
        libraries.push(usr.join("lib"));
        libraries.push(":");
        libraries.push(home.join("lib"));
        let mut command = Command::new(usr.join(loader));
        command
            .arg("--library-path")
            .arg(libraries)
            .args(["--argv0", "python3"])
            .arg(home.join("bin").join(format!("python{}", self.python)))
            .args(["-s", "-S", "-B"])
            .env_clear()
            .env("PYTHONHOME", &home)
            .env("PYTHONHASHSEED", "0")
            .env("LC_ALL", "C.UTF-8")
            .env("TZ", "UTC");
        if self.python >= SAFE_PATH {
            command.arg("-P");
        }
        command
    }
}
