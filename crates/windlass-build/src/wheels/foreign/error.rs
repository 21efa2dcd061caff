//! Why a lock of another tool is of no use.

use std::path::PathBuf;
use windlass_model::LockTool;

/// Why a lock of another tool gives no packages.
#[derive(Debug, thiserror::Error)]
pub enum ForeignLockError {
    /// It cannot be read, or its declaration cannot.
    #[error("{} cannot be read", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It is larger than any lock.
    #[error("{} is larger than {most} bytes", file.display())]
    TooLarge {
        /// The file.
        file: PathBuf,
        /// Bytes that are read at most.
        most: u64,
    },
    /// It is not TOML or JSON.
    #[error("{}:{line}: {message}", file.display())]
    Invalid {
        /// The file.
        file: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What the parser says.
        message: String,
    },
    /// Its form is not known.
    #[error("{} has the form {version}, which this Windlass does not read", file.display())]
    Version {
        /// The file.
        file: PathBuf,
        /// The form that it names.
        version: String,
    },
    /// A part is missing or of another type.
    #[error("{} has no valid {part}", file.display())]
    Shape {
        /// The file.
        file: PathBuf,
        /// The part.
        part: String,
    },
    /// The declaration asks for what the lock does not have.
    #[error("{} does not fit {}: {asked} is declared, {locked} is locked", file.display(), declaration.display())]
    Stale {
        /// The lock.
        file: PathBuf,
        /// The declaration.
        declaration: PathBuf,
        /// Its tool.
        tool: LockTool,
        /// What is declared.
        asked: String,
        /// What is locked, or `nothing`.
        locked: String,
    },
    /// A marker that is none.
    #[error("{}: `{package}` has the marker `{marker}`, which is not a valid one", file.display())]
    Marker {
        /// The lock.
        file: PathBuf,
        /// The package.
        package: String,
        /// The marker as written.
        marker: String,
    },
    /// A package from a repository.
    #[error("{}: `{package}` comes from the repository {url}", file.display())]
    Repository {
        /// The lock.
        file: PathBuf,
        /// The package.
        package: String,
        /// Address of the repository.
        url: String,
    },
    /// Two versions of one package are wanted at once.
    #[error("{}: {} and {} of `{package}` are both locked for this image", file.display(), versions.0, versions.1)]
    Twice {
        /// The lock.
        file: PathBuf,
        /// The package.
        package: String,
        /// The versions.
        versions: (String, String),
    },
}
