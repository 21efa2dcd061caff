//! One binary package as an archive's index describes it.

use super::deb822::Stanza;
use super::relation::{self, Relation};
use windlass_model::Digest;

/// A package of the archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    /// URL of the `.deb` file.
    pub(crate) url: String,
    /// Size of the `.deb` file in bytes.
    pub(crate) size: u64,
    pub(crate) sha256: Digest,
    /// Pre-Depends and Depends.
    pub(crate) depends: Vec<Vec<Relation>>,
    /// Conflicts and Breaks.
    pub(crate) conflicts: Vec<Relation>,
    /// What it stands in for, each with the version that it gives, if any.
    pub(crate) provides: Vec<Relation>,
}

impl Package {
    /// Reads a stanza of an index whose files are below `archive`; `None` when a field that every
    /// package has is missing or malformed.
    pub(crate) fn from_stanza(stanza: &Stanza<'_>, archive: &str) -> Option<Self> {
        let relations = |name| relation::parse(&stanza.field(name).unwrap_or_default());
        let flat = |name| relations(name).into_iter().flatten().collect::<Vec<_>>();
        let mut depends = relations("Pre-Depends");
        depends.extend(relations("Depends"));
        let mut conflicts = flat("Conflicts");
        conflicts.extend(flat("Breaks"));
        let file = stanza.field("Filename")?;
        Some(Self {
            name: stanza.field("Package")?,
            version: stanza.field("Version")?,
            url: format!("{}/{}", archive.trim_end_matches('/'), file.trim_start_matches("./")),
            size: stanza.field("Size")?.parse().ok()?,
            sha256: Digest::from_hex(&stanza.field("SHA256")?).ok()?,
            depends,
            conflicts,
            provides: flat("Provides"),
        })
    }
}
