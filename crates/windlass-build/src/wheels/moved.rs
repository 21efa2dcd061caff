//! What a new resolution changed against the lock that was there.

use super::lock::WindlassLock;
use super::resolution::Resolution;
use std::collections::BTreeMap;
use std::fmt;

/// One difference between a lock and a resolution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Moved {
    /// A package that was not there.
    Added {
        /// Its name.
        name: String,
        /// Its version.
        version: String,
    },
    /// A package that is not there any more.
    Removed {
        /// Its name.
        name: String,
        /// The version that it had.
        version: String,
    },
    /// Another version.
    Changed {
        /// The package.
        name: String,
        /// Version before.
        from: String,
        /// Version now.
        to: String,
    },
}

impl Moved {
    /// The differences, sorted by name; none when there was no lock.
    pub(crate) fn between(lock: Option<&WindlassLock>, now: &Resolution) -> Vec<Self> {
        let Some(lock) = lock else { return Vec::new() };
        let before = lock.packages.iter().map(|p| (p.name.clone(), p.version.clone())).collect();
        let after =
            WindlassLock::packages_of(now).into_iter().map(|p| (p.name, p.version)).collect();
        Self::of_versions(&before, &after)
    }

    /// The differences between versions by name, sorted by name.
    pub(crate) fn of_versions(
        before: &BTreeMap<String, String>,
        after: &BTreeMap<String, String>,
    ) -> Vec<Self> {
        let mut moved = Vec::new();
        for (name, to) in after {
            match before.get(name) {
                None => moved.push(Moved::Added { name: name.clone(), version: to.clone() }),
                Some(from) if from != to => moved.push(Moved::Changed {
                    name: name.clone(),
                    from: from.clone(),
                    to: to.clone(),
                }),
                Some(_) => {}
            }
        }
        let gone = before.iter().filter(|(name, _)| !after.contains_key(*name));
        moved.extend(gone.map(|(name, version)| Moved::Removed {
            name: name.clone(),
            version: version.clone(),
        }));
        moved.sort_by(|a, b| a.name().cmp(b.name()));
        moved
    }

    fn name(&self) -> &str {
        match self {
            Moved::Added { name, .. }
            | Moved::Removed { name, .. }
            | Moved::Changed { name, .. } => name,
        }
    }
}

impl fmt::Display for Moved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Moved::Added { name, version } => write!(f, "{name} {version} is new"),
            Moved::Removed { name, version } => write!(f, "{name} {version} is gone"),
            Moved::Changed { name, from, to } => write!(f, "{name} {from} -> {to}"),
        }
    }
}
