//! What other tools' files ask for, as PEP 508 texts.
//!
//! Pure, and shared by inspection (which shows it) and by the resolver (which compares locks with
//! it). Every requirement keeps the line that asks for it. What cannot be said in PEP 508 is an
//! error with its place, never left out.
//! What it does not do: choose among several declarations, or resolve anything.

mod constraint;
mod entry;
mod pipfile;
mod poetry;
mod script;
mod setup_cfg;

pub(crate) use constraint::allows;
#[cfg(fuzzing)]
pub(crate) use constraint::to_pep440;
pub(crate) use entry::markers;
pub(crate) use pipfile::pipfile;
pub(crate) use poetry::poetry;
pub(crate) use script::{Script, script};
pub(crate) use setup_cfg::setup_cfg;

/// One requirement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asked {
    /// PEP 508, or an option of a requirements file.
    pub(crate) text: String,
    /// The line that asks for it, counted from 1, where it can be told.
    pub(crate) line: Option<u32>,
}

/// Why an entry has no form in PEP 508.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unsayable {
    /// The package.
    pub(crate) name: String,
    /// The text that cannot be said.
    pub(crate) written: String,
    /// Its line.
    pub(crate) line: Option<u32>,
}

/// The line on which a key of a table is assigned, below a header that starts with `table`.
fn line_of(text: &str, table: &str, key: &str) -> Option<u32> {
    let mut inside = false;
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.starts_with('[') {
            let header = line.trim_matches(['[', ']', ' ']);
            // `[tool.poetry.dependencies.django]` is the entry itself.
            let own = header.strip_prefix(table).and_then(|rest| rest.strip_prefix('.'));
            if own.is_some_and(|own| own.trim_matches(['"', '\'']) == key) {
                return Some(at as u32 + 1);
            }
            inside = header == table;
        } else if inside
            && let Some((name, _)) = line.split_once('=')
            && name.trim().trim_matches(['"', '\'']) == key
        {
            return Some(at as u32 + 1);
        }
    }
    None
}
