//! Why bytecode could not be made.

use std::path::PathBuf;

/// Why bytecode could not be made.
#[derive(Debug, thiserror::Error)]
pub enum BytecodeError {
    /// The image's interpreter does not start.
    #[error("the image's Python does not start on this machine")]
    Start {
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The interpreter failed at something else than a source's syntax.
    #[error("the image's Python failed while it compiled modules")]
    Failed {
        /// What it wrote.
        output: String,
    },
    /// The cache could not be used.
    #[error("{} cannot be used", path.display())]
    Io {
        /// The path.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A segment is not what was written: it must be made again.
    #[error("{} is damaged", path.display())]
    Damaged {
        /// One of its files.
        path: PathBuf,
    },
}
