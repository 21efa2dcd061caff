//! What a layer holds: one entry per path, described by value.
//!
//! Whoever plans a layer makes entries; [`crate::LayerWriter`] puts them into an order and a form
//! that depend on nothing else. What is not said to be another's belongs to root: containers run
//! as another user, and their root file system is read-only.

use std::path::PathBuf;

/// One path of a layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerEntry {
    /// Path relative to the image's root, with `/`: no leading slash, no `.` or `..`.
    pub path: String,
    /// Permission bits, such as `0o644`.
    pub mode: u32,
    /// Number of the user and of the group that it belongs to; 0 is root.
    pub owner: u32,
    /// What is there.
    pub kind: EntryKind,
}

/// What is at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntryKind {
    /// A folder.
    Dir,
    /// A regular file.
    File(Content),
    /// A symbolic link, with its target as it will be written.
    Symlink(String),
}

/// Where a file's bytes come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// From memory.
    Bytes(Vec<u8>),
    /// From a file on this machine, read when the layer is written.
    Path(PathBuf),
}

impl LayerEntry {
    /// Something of root's.
    pub fn new(path: impl Into<String>, mode: u32, kind: EntryKind) -> Self {
        Self { path: path.into(), mode, owner: 0, kind }
    }

    /// The same, belonging to another user and the group of the same number.
    #[must_use]
    pub fn owned_by(mut self, owner: u32) -> Self {
        self.owner = owner;
        self
    }

    /// A folder that everybody may read.
    pub fn dir(path: impl Into<String>) -> Self {
        Self::new(path, 0o755, EntryKind::Dir)
    }

    /// A file with the given permission bits.
    pub fn file(path: impl Into<String>, mode: u32, content: Content) -> Self {
        Self::new(path, mode, EntryKind::File(content))
    }

    /// A text that everybody may read.
    pub fn text(path: impl Into<String>, text: impl Into<String>) -> Self {
        Self::file(path, 0o644, Content::Bytes(text.into().into_bytes()))
    }

    /// A symbolic link.
    pub fn symlink(path: impl Into<String>, target: impl Into<String>) -> Self {
        Self::new(path, 0o777, EntryKind::Symlink(target.into()))
    }
}
