//! Why a wheel is refused.

use std::path::PathBuf;

/// Why one wheel could not be unpacked. The wheel is named by whoever handles several.
#[derive(Debug, thiserror::Error)]
pub enum WheelError {
    /// The file is not a zip archive, or a broken one.
    #[error("it is not a valid zip archive")]
    Archive {
        /// What the reader says.
        #[source]
        source: zip::result::ZipError,
    },
    /// An entry could not be read: damaged data, a wrong check sum, encryption.
    #[error("its entry `{entry}` cannot be read")]
    Entry {
        /// The entry.
        entry: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// An entry whose path leaves the folder it is unpacked to, or is no usable path.
    #[error("its entry `{entry}` has an unsafe path")]
    UnsafePath {
        /// The entry, made printable.
        entry: String,
    },
    /// An entry that is a link or a device.
    #[error("its entry `{entry}` is not a regular file")]
    NotRegular {
        /// The entry.
        entry: String,
    },
    /// A path that occurs twice, or both as a file and as a folder.
    #[error("its entry `{entry}` occurs more than once")]
    Duplicate {
        /// The entry.
        entry: String,
    },
    /// More than any real wheel holds.
    #[error("it is larger than any real wheel: {what}")]
    TooLarge {
        /// What there is too much of.
        what: &'static str,
    },
    /// No `.dist-info` folder, or several.
    #[error("it has {count} `.dist-info` folders instead of one")]
    DistInfo {
        /// How many there are.
        count: usize,
    },
    /// A file that every wheel has is missing.
    #[error("`{file}` is missing")]
    Missing {
        /// The file.
        file: String,
    },
    /// A file of metadata that cannot be understood.
    #[error("`{file}` is not valid at line {line}")]
    Metadata {
        /// The file.
        file: String,
        /// The line, counted from 1.
        line: usize,
    },
    /// A wheel format later than the one that is known (PEP 427 asks to refuse it).
    #[error("it has the wheel format {version}, and only 1.x is known")]
    Format {
        /// The format.
        version: String,
    },
    /// A file that RECORD does not mention (PEP 427 asks to refuse it).
    #[error("its entry `{entry}` is not in RECORD")]
    Unrecorded {
        /// The entry.
        entry: String,
    },
    /// A file that differs from what RECORD says of it.
    #[error("its entry `{entry}` differs from its RECORD")]
    Altered {
        /// The entry.
        entry: String,
    },
    /// Writing to the cache failed.
    #[error("{} cannot be written", path.display())]
    Io {
        /// The path.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}
