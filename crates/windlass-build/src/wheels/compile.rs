//! Building a source archive where a compiler is: what is asked for, and what comes of it.
//!
//! This module and its siblings plan what to build and keep what was built; where it is built is
//! somebody else's: [`crate::build`](fn@crate::build) has a container with the image's own Python and
//! Debian's compiler.

use std::collections::BTreeMap;
use std::path::Path;
use windlass_model::{Digest, Problem};

/// A wheel to build.
#[derive(Debug, Clone, Copy)]
pub struct WheelJob<'a> {
    /// Name and version, for messages.
    pub package: &'a str,
    /// The package's normalised name (PEP 503).
    pub name: &'a str,
    /// A source archive under its proper name, or a folder; only read.
    pub source: &'a Path,
    /// A folder of the caller's, for the wheel.
    pub out: &'a Path,
    /// The uv that builds.
    pub uv: &'a Path,
    /// uv's variables: where packages come from that the build itself needs.
    pub environment: &'a BTreeMap<String, String>,
    /// Folders and pages with files beside the indexes.
    pub find_links: &'a [String],
    /// Whether the indexes are not to be asked at all.
    pub no_index: bool,
}

/// Why no wheel was built.
#[derive(Debug, thiserror::Error)]
pub enum CompileWheelError {
    /// This machine runs no containers.
    #[error("no container runs on this machine")]
    NoContainer {
        /// Why, in words.
        problem: Box<Problem>,
    },
    /// The build ran, and failed.
    #[error("the build failed")]
    Failed {
        /// Its last lines.
        output: Vec<String>,
        /// Debian packages that were there for it, beside the compiler.
        added: Vec<String>,
        /// What it says is missing, and nobody knows a package for.
        unknown: Vec<String>,
    },
    /// What building needs could not be had.
    #[error("{}", problem.message)]
    Explained {
        /// Why, in words.
        problem: Box<Problem>,
    },
}

/// Builds wheels with a compiler.
#[derive(Clone, Copy)]
pub struct WheelCompiler<'a> {
    /// Stands for everything that a wheel depends on beside its sources.
    pub identity: Digest,
    /// Builds one.
    pub build: &'a dyn Fn(&WheelJob<'_>) -> Result<(), CompileWheelError>,
}
