//! What a layer holds: one entry per path, described by value.
//!
//! Whoever plans a layer makes entries; [`crate::LayerWriter`] puts them into an order and a form
//! that depend on nothing else. Owners are always root: containers run as another user, and
//! their root file system is read-only.

use std::path::PathBuf;

/// One path of a layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerEntry {
    /// Path relative to the image's root, with `/`: no leading slash, no `.` or `..`.
    pub path: String,
    /// Permission bits, such as `0o644`.
    pub mode: u32,
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
    /// A folder that everybody may read.
    pub fn dir(path: impl Into<String>) -> Self {
        Self { path: path.into(), mode: 0o755, kind: EntryKind::Dir }
    }

    /// A file with the given permission bits.
    pub fn file(path: impl Into<String>, mode: u32, content: Content) -> Self {
        Self { path: path.into(), mode, kind: EntryKind::File(content) }
    }

    /// A text that everybody may read.
    pub fn text(path: impl Into<String>, text: impl Into<String>) -> Self {
        Self::file(path, 0o644, Content::Bytes(text.into().into_bytes()))
    }

    /// A symbolic link.
    pub fn symlink(path: impl Into<String>, target: impl Into<String>) -> Self {
        Self { path: path.into(), mode: 0o777, kind: EntryKind::Symlink(target.into()) }
    }
}
