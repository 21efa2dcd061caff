//! What can be wrong with `[tool.windlass]`, and how it is told.

use crate::app_name::InvalidAppName;
use crate::machine::InvalidPlatform;
use crate::process_type::InvalidProcessType;
use crate::python_version::InvalidPythonVersion;
use crate::quantity::QuantityError;
use crate::scan::{InvalidIgnored, InvalidSeverity};
use crate::{Kind, Problem};
use std::fmt;

/// Why the text of a `pyproject.toml` gives no configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// Not TOML.
    #[error("pyproject.toml:{place}: {message}")]
    Syntax {
        /// Where.
        place: Place,
        /// What the TOML parser says.
        message: String,
    },
    /// A key that nothing reads.
    #[error("pyproject.toml:{place}: `{key}` is not a key of `[{table}]`")]
    UnknownKey {
        /// Where.
        place: Place,
        /// The table that holds it.
        table: String,
        /// The key as written.
        key: String,
        /// The known key that is spelt most like it.
        nearest: Option<&'static str>,
        /// All keys of the table.
        known: &'static [&'static str],
    },
    /// A value of another type than the key takes.
    #[error("pyproject.toml:{place}: `{key}` must be {expected}, found {found}")]
    WrongType {
        /// Where.
        place: Place,
        /// The key, dotted from `[tool.windlass]`.
        key: String,
        /// What it takes, with its article.
        expected: &'static str,
        /// What is written, by TOML type.
        found: &'static str,
        /// A line that would be right.
        example: &'static str,
    },
    /// A value of the right type that makes no sense.
    #[error("pyproject.toml:{place}: `{key}`: {reason}")]
    Invalid {
        /// Where.
        place: Place,
        /// The key, dotted from `[tool.windlass]`.
        key: String,
        /// What is wrong with it.
        #[source]
        reason: ValueError,
        /// A line that would be right.
        example: &'static str,
    },
}

/// Why one value makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    /// Not an app name.
    #[error(transparent)]
    AppName(#[from] InvalidAppName),
    /// Not a process type.
    #[error(transparent)]
    ProcessType(#[from] InvalidProcessType),
    /// Not a Python version.
    #[error(transparent)]
    Python(#[from] InvalidPythonVersion),
    /// Not a platform that images are made for.
    #[error(transparent)]
    Platform(#[from] InvalidPlatform),
    /// Not a size or duration.
    #[error(transparent)]
    Quantity(#[from] QuantityError),
    /// Not a severity.
    #[error(transparent)]
    Severity(#[from] InvalidSeverity),
    /// Nothing that a scan could set aside.
    #[error(transparent)]
    Ignored(#[from] InvalidIgnored),
    /// Not `module:object`.
    #[error("`{text}` does not name an object: write `package.module:object`")]
    Reference {
        /// The text as given.
        text: String,
    },
    /// Not one of the values that the key takes.
    #[error("`{text}` is not one of {}", known.join(", "))]
    NotOneOf {
        /// The text as given.
        text: String,
        /// What would be right.
        known: &'static [&'static str],
    },
    /// A path that is absolute or leaves the project.
    #[error("`{text}` must be a path inside the project, without `..`")]
    OutsideProject {
        /// The text as given.
        text: String,
    },
    /// Not the name of an image.
    #[error("`{text}` is not the name of an image: write `registry.example.org/python:3.13-slim`")]
    Image {
        /// The text as given.
        text: String,
    },
    /// Not a host name.
    #[error("`{text}` is not a host name")]
    Host {
        /// The text as given.
        text: String,
    },
    /// A URL path that does not start with a slash, or with characters that a URL cannot hold.
    #[error("`{text}` is not a URL path: it must start with `/` and hold no spaces")]
    UrlPath {
        /// The text as given.
        text: String,
    },
    /// A number out of its range.
    #[error("{value} is out of range: use {least} to {most}")]
    Range {
        /// The number as written.
        value: String,
        /// Smallest allowed.
        least: u64,
        /// Largest allowed.
        most: u64,
    },
    /// Not the name of an environment variable.
    #[error("`{text}` cannot name an environment variable")]
    Variable {
        /// The text as given.
        text: String,
    },
    /// Not the name of an extra or a group.
    #[error("`{text}` cannot name an extra or a dependency group")]
    Group {
        /// The text as given.
        text: String,
    },
    /// Neither `now`, `commit`, a date nor a time with its zone.
    #[error("`{text}` is not a date: write `now`, `commit`, 2026-11-01 or 2026-11-01T12:00:00Z")]
    Date {
        /// The text as given.
        text: String,
    },
    /// Not the name of a Debian package.
    #[error("`{text}` cannot name a Debian package")]
    Package {
        /// The text as given.
        text: String,
    },
    /// A command without words, a text with a NUL, or quotes that never close.
    #[error("`{text}` is not a command")]
    Command {
        /// The text as given.
        text: String,
    },
}

/// A place in a text, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The line.
    pub line: u32,
    /// The column, in characters.
    pub column: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

impl ConfigError {
    /// The error for a person, with its cure.
    pub fn explain(&self) -> Problem {
        let problem = Problem::new(Kind::User, self.code(), self.to_string());
        match self {
            ConfigError::Syntax { .. } => problem.hint("correct the TOML at that place"),
            ConfigError::UnknownKey { nearest: Some(nearest), .. } => {
                problem.hint(format!("did you mean `{nearest}`?"))
            }
            ConfigError::UnknownKey { known, .. } => {
                problem.hint(format!("the keys are: {}", known.join(", ")))
            }
            ConfigError::WrongType { example, .. } | ConfigError::Invalid { example, .. } => {
                problem.hint(format!("write for example: {example}"))
            }
        }
    }

    fn code(&self) -> &'static str {
        match self {
            ConfigError::Syntax { .. } => "config-syntax",
            ConfigError::UnknownKey { .. } => "config-unknown-key",
            ConfigError::WrongType { .. } => "config-wrong-type",
            ConfigError::Invalid { .. } => "config-invalid-value",
        }
    }
}
