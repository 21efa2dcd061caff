//! What went wrong, for a person: the one form in which failures leave Windlass.
//!
//! Libraries keep typed errors that carry facts; one `explain` module per crate turns them into
//! a [`Problem`]. The binary renders it and exits with [`Kind::exit_code`].

use serde::{Deserialize, Serialize};

/// A failure explained: what happened, why, and how to cure it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Whose fault it is, which fixes the exit code.
    pub kind: Kind,
    /// A stable, documented, kebab-case code, such as `app-object-ambiguous`.
    pub code: String,
    /// One sentence: what is wrong, and where (file and line when there is one).
    pub message: String,
    /// The chain of reasons, outermost first. May hold several lines each (a log tail).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<String>,
    /// What the user can do about it, most likely cure first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hints: Vec<String>,
}

/// Whose fault a [`Problem`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The project, its configuration or the user's request. Exit code 1.
    User,
    /// The command line itself. Exit code 2.
    Usage,
    /// The machine: network, disk, kernel, permissions. Exit code 3.
    Environment,
    /// Windlass broke one of its own invariants. Exit code 70 (`EX_SOFTWARE`).
    Bug,
}

impl Kind {
    /// The process exit code that this kind of problem ends with.
    pub fn exit_code(self) -> u8 {
        match self {
            Kind::User => 1,
            Kind::Usage => 2,
            Kind::Environment => 3,
            Kind::Bug => 70,
        }
    }
}

impl Problem {
    /// A problem without causes or hints; add them with [`Problem::cause`] and [`Problem::hint`].
    pub fn new(kind: Kind, code: &str, message: impl Into<String>) -> Self {
        Self {
            kind,
            code: code.to_owned(),
            message: message.into(),
            causes: Vec::new(),
            hints: Vec::new(),
        }
    }

    /// The project's or the user's fault.
    pub fn user(code: &str, message: impl Into<String>) -> Self {
        Self::new(Kind::User, code, message)
    }

    /// The machine's fault.
    pub fn environment(code: &str, message: impl Into<String>) -> Self {
        Self::new(Kind::Environment, code, message)
    }

    /// Our fault.
    pub fn bug(code: &str, message: impl Into<String>) -> Self {
        Self::new(Kind::Bug, code, message)
    }

    /// Adds a reason below those already there.
    #[must_use]
    pub fn cause(mut self, cause: impl Into<String>) -> Self {
        self.causes.push(cause.into());
        self
    }

    /// Adds a cure after those already there.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Adds every error below `error` in its source chain as a cause.
    #[must_use]
    pub fn sources(mut self, error: &dyn std::error::Error) -> Self {
        let mut next = error.source();
        while let Some(source) = next {
            self.causes.push(source.to_string());
            next = source.source();
        }
        self
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Problem {}
