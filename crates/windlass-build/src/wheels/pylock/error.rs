//! Why the files that a lock offers are refused.

use crate::wheels::target::Target;

/// Why a `pylock.toml` gives no resolution.
#[derive(Debug, thiserror::Error)]
pub enum PylockError {
    /// Not TOML, or not of the standard's form.
    #[error("this is not a valid pylock.toml")]
    Invalid {
        /// What the parser says, with the place.
        #[source]
        source: toml::de::Error,
    },
    /// A form that this Windlass does not read.
    #[error("the lock has the form {version}, and this Windlass reads 1")]
    Version {
        /// The form.
        version: String,
    },
    /// `requires-python` is no version specifier.
    #[error("`requires-python = \"{written}\"` is not a version specifier")]
    RequiresPython {
        /// As written.
        written: String,
    },
    /// The lock is for other Pythons.
    #[error("the lock is for Python {written}, and the image has {}", target.full_version())]
    OtherPython {
        /// As written.
        written: String,
        /// For what it was read.
        target: Target,
    },
    /// The lock is for other systems.
    #[error("the lock is for {}, and not for the image", listed.join(" or "))]
    OtherEnvironment {
        /// The markers of the environments that it is for.
        listed: Vec<String>,
    },
    /// A marker that is none.
    #[error("package `{package}` has the marker `{marker}`, which is not a valid one")]
    Marker {
        /// The package.
        package: String,
        /// The marker as written.
        marker: String,
    },
    /// Neither a wheel that fits nor a source archive.
    #[error("`{package}` has no wheel for Python {} on {}, and no source archive", target.python, target.machine.as_str())]
    NoFile {
        /// The package with its version.
        package: String,
        /// For what a file was wanted.
        target: Target,
        /// The wheels that there are.
        offered: Vec<String>,
    },
    /// A file without a SHA-256.
    #[error("`{file}` of `{package}` comes without a SHA-256 hash")]
    NoHash {
        /// The package.
        package: String,
        /// The file.
        file: String,
    },
    /// The project lists hashes for the package, and none is that of a file that fits.
    #[error("no file of `{package}` has a hash that the requirements list for it")]
    NotListed {
        /// The package with its version.
        package: String,
        /// The files that there are, each with its SHA-256.
        offered: Vec<String>,
    },
    /// The package is a version-control checkout.
    #[error("`{package}` comes from the repository {url}")]
    Repository {
        /// The package.
        package: String,
        /// Address of the repository.
        url: String,
    },
    /// Two entries for one package are true at once.
    #[error("`{package}` occurs more than once for this target")]
    Twice {
        /// The package.
        package: String,
    },
}
