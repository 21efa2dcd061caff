//! The forms of declaration that are known.

use crate::inspect::tree::file_name;

/// A form of declaration; the order is that of preference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::inspect) enum Kind {
    UvLock,
    Pylock,
    PoetryLock,
    PdmLock,
    PipfileLock,
    Requirements,
    Project,
    Poetry,
    Pipfile,
    SetupCfg,
    SetupPy,
    Script,
}

impl Kind {
    pub(super) const ALL: [Self; 12] = [
        Kind::UvLock,
        Kind::Pylock,
        Kind::PoetryLock,
        Kind::PdmLock,
        Kind::PipfileLock,
        Kind::Requirements,
        Kind::Project,
        Kind::Poetry,
        Kind::Pipfile,
        Kind::SetupCfg,
        Kind::SetupPy,
        Kind::Script,
    ];

    pub(super) fn is_lock(self) -> bool {
        self <= Kind::PipfileLock
    }

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Kind::UvLock => "uv.lock",
            Kind::Pylock => "pylock.toml",
            Kind::PoetryLock => "poetry.lock",
            Kind::PdmLock => "pdm.lock",
            Kind::PipfileLock => "Pipfile.lock",
            Kind::Requirements => "requirements.txt",
            Kind::Project => "[project]",
            Kind::Poetry => "[tool.poetry.dependencies]",
            Kind::Pipfile => "Pipfile",
            Kind::SetupCfg => "setup.cfg",
            Kind::SetupPy => "setup.py",
            Kind::Script => "script metadata",
        }
    }

    /// The tool that a lock belongs to.
    pub(super) fn tool(self) -> &'static str {
        match self {
            Kind::UvLock => "uv",
            Kind::PoetryLock => "Poetry",
            Kind::PdmLock => "PDM",
            Kind::PipfileLock => "Pipenv",
            _ => "another tool",
        }
    }

    pub(super) fn of_lock(file: &str) -> Option<Self> {
        Self::ALL.into_iter().filter(|kind| kind.is_lock()).find(|k| k.as_str() == file_name(file))
    }
}
