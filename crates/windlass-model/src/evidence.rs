//! Why Windlass believes something about a project.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A place in the project, or a rule, that supports a conclusion.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Evidence {
    /// Path below the project's root, with `/`; empty when the evidence is a default rule.
    pub file: String,
    /// Line, counted from 1, when one line says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// What is written there, or the rule, in a few words.
    pub note: String,
}

/// A conclusion with its evidence, as `windlass plan` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// What the conclusion is about, such as `framework`, `python`, `web`, `dependencies`.
    pub subject: String,
    /// The conclusion, in a few words.
    pub value: String,
    /// Where it comes from, strongest first; never empty.
    pub evidence: Vec<Evidence>,
    /// The key of `[tool.windlass]` that overrides it, when one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub override_key: Option<String>,
}

impl Evidence {
    /// Evidence at a line of a file.
    pub fn at(file: impl Into<String>, line: u32, note: impl Into<String>) -> Self {
        Self { file: file.into(), line: Some(line), note: note.into() }
    }

    /// Evidence by a file as a whole.
    pub fn file(file: impl Into<String>, note: impl Into<String>) -> Self {
        Self { file: file.into(), line: None, note: note.into() }
    }

    /// A default rule: nothing in the project says otherwise.
    pub fn rule(note: impl Into<String>) -> Self {
        Self { file: String::new(), line: None, note: note.into() }
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.file.is_empty(), self.line) {
            (true, _) => f.write_str(&self.note),
            (false, Some(line)) => write!(f, "{}:{line}: {}", self.file, self.note),
            (false, None) => write!(f, "{}: {}", self.file, self.note),
        }
    }
}
