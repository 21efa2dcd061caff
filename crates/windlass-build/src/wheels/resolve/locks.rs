//! Which part of a lock counts for a machine. Pure.

use super::ResolveRequest;
use crate::wheels::declaration::Declaration;
use crate::wheels::lock::WindlassLock;

/// What a `windlass.lock` says for a declaration, if the project has no lock of another tool.
pub(super) struct Locks<'a> {
    /// The machine's own, whether it holds or not.
    pub(super) own: Option<&'a WindlassLock>,
    /// The same, where it holds: it is obeyed.
    pub(super) pinned: Option<&'a WindlassLock>,
    /// What holds for another machine: the same versions are taken wherever they fit.
    pub(super) elsewhere: Option<&'a WindlassLock>,
    /// The best of all: its versions are kept.
    pub(super) any: Option<&'a WindlassLock>,
}

impl<'a> Locks<'a> {
    pub(super) fn of(request: &ResolveRequest<'a>, declaration: &Declaration) -> Self {
        let lock = request.lock.filter(|_| !declaration.is_locked);
        let holds = |lock: &&WindlassLock| {
            lock.declaration == declaration.digest && lock.python == request.spec.python
        };
        let own = lock.filter(|lock| lock.machine == request.target.machine.as_str());
        let pinned = own.filter(holds);
        let others = lock.filter(|_| pinned.is_none());
        let elsewhere =
            others.and_then(|lock| std::iter::once(lock).chain(&lock.others).find(holds));
        Self { own, pinned, elsewhere, any: pinned.or(elsewhere).or(lock) }
    }
}
