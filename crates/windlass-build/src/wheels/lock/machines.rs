//! The parts of a lock, one for each machine: seen from one of them, and put together again. Pure.

use super::WindlassLock;
use windlass_model::Digest;

impl WindlassLock {
    /// The lock of a machine, with those of all others beside it. Where it has none, another's:
    /// its versions are the best guess, and the files are not.
    #[must_use]
    pub fn seen_from(self, machine: &str) -> Self {
        let mut all = self.into_machines();
        let own = all.iter().position(|lock| lock.machine == machine).unwrap_or(0);
        let lock = all.remove(own);
        Self { others: all, ..lock }
    }

    /// This lock in the place of what `before` has for its machine. Where its versions moved away
    /// from a lock that held, those of other machines hold no more, lest they stay behind.
    #[must_use]
    pub fn beside(self, before: Option<Self>) -> Self {
        let mut others = before.map(Self::into_machines).unwrap_or_default();
        let own = others.iter().position(|lock| lock.machine == self.machine);
        let own = own.map(|at| others.remove(at));
        let held = own.filter(|own| own.declaration == self.declaration);
        if held.is_some_and(|held| held.packages != self.packages) {
            for other in &mut others {
                other.declaration = Self::NO_DECLARATION;
            }
        }
        Self { others, ..self }.in_order()
    }

    /// Not the digest of any declaration: what has it is preferred, and not obeyed.
    pub(crate) const NO_DECLARATION: Digest = Digest::from_bytes([0; 32]);

    /// The same however it came about: machines sorted as Debian names them (amd64, arm64).
    fn in_order(self) -> Self {
        let mut all = self.into_machines();
        all.sort_by(|a, b| b.machine.cmp(&a.machine));
        let first = all.remove(0);
        let version = if all.is_empty() { 1 } else { Self::VERSION };
        Self { version, others: all, ..first }
    }

    /// One lock for each machine, this one's first.
    fn into_machines(mut self) -> Vec<Self> {
        let others = std::mem::take(&mut self.others);
        let all = std::iter::once(self).chain(others);
        // Written so in each part of the file, whatever the whole file's form is.
        all.map(|lock| Self { version: 1, others: Vec::new(), ..lock }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::lock;
    use super::super::{read, write};
    use super::*;

    #[test]
    fn machines_lie_beside_each_other_and_none_is_left_behind() {
        let amd64 = lock();
        let arm64 = WindlassLock { machine: "aarch64".to_owned(), debian: vec![], ..lock() };
        let both = amd64.clone().beside(Some(arm64.clone()));
        assert_eq!(both, arm64.clone().beside(Some(amd64.clone())), "in whatever order");
        assert_eq!((both.version, both.machine.as_str(), both.others.len()), (2, "x86_64", 1));
        let folder = tempfile::tempdir().expect("a folder");
        write(folder.path(), &both).expect("written");
        assert_eq!(read(folder.path()).expect("readable"), Some(both.clone()));

        for machine in ["aarch64", "x86_64"] {
            let seen = both.clone().seen_from(machine);
            assert_eq!((seen.machine.as_str(), seen.others.len()), (machine, 1));
            assert_eq!(seen.clone().beside(Some(both.clone())), both, "nothing moved");
        }
        assert_eq!(amd64.clone().seen_from("aarch64"), amd64, "no other is known");

        // Moved by an upgrade: the same declaration, other versions.
        let mut newer = amd64.clone();
        newer.packages[0].version = "3.2.0".to_owned();
        let moved = newer.beside(Some(both.clone()));
        assert_eq!(moved.others[0].declaration, WindlassLock::NO_DECLARATION);
        assert_eq!(moved.others[0].packages, arm64.packages);
        // A declaration that changed shows by itself.
        let changed = WindlassLock { declaration: Digest::from_bytes([9; 32]), ..amd64 };
        assert_eq!(changed.beside(Some(both)).others[0].declaration, arm64.declaration);
    }
}
