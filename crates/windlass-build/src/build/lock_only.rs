//! The lock that a build would write, without building.

use super::based::{self, Wanted};
use super::python::{Python, PythonOrder};
use super::{BuildError, BuildSettings, locked};
use crate::base::Base;
use crate::download::Downloader;
use crate::image::{Shelf, SystemRequest};
use crate::libraries::ObjectNotes;
use crate::meter::Meter;
use crate::wheels::lock::{LockedDebian, WindlassLock};
use crate::wheels::{self, Moved, ResolveRequest, Resolved};
use std::path::Path;
use std::sync::OnceLock;
use windlass_model::{BuildSpec, Machine};
use windlass_oci::ImageStore;

/// What to lock.
#[derive(Clone, Copy)]
pub(crate) struct LockOrder<'a> {
    pub(crate) spec: &'a BuildSpec,
    pub(crate) machine: Machine,
    pub(crate) project: &'a Path,
    pub(crate) cache: &'a Path,
    pub(crate) images: &'a Path,
    pub(crate) settings: &'a BuildSettings,
}

impl LockOrder<'_> {
    /// The project's base. Its layers are unpacked where nobody knows it yet, and not kept so.
    fn base(
        &self,
        store: (&ImageStore, Option<&WindlassLock>),
        meter: &Meter<'_>,
    ) -> Result<Option<Base>, BuildError> {
        if self.spec.base.image.is_none() {
            return Ok(None);
        }
        let disk = |source| BuildError::Note { path: self.cache.to_owned(), source };
        std::fs::create_dir_all(self.cache).map_err(disk)?;
        let layers = tempfile::tempdir_in(self.cache).map_err(disk)?;
        let Self { spec, settings, cache, .. } = *self;
        let _held = store.0.hold()?;
        let wanted = Wanted { spec, settings, cache, layers: layers.path() };
        let locked = store.1.and_then(|lock| lock.base.as_ref());
        based::find(&wanted, self.machine, (store.0, locked), meter)
    }
}

/// Plans the image's system and resolves its packages; `kept` is the lock that shall hold.
pub(crate) fn lock_only(
    order: &LockOrder<'_>,
    kept: Option<&WindlassLock>,
) -> Result<(WindlassLock, Resolved), BuildError> {
    let quiet = |_| {};
    let meter = Meter::new(&quiet);
    let store = ImageStore::open(order.images)?;
    let shelf = Shelf::new(&store, order.cache.join("layers"), order.spec.compression);
    let downloader = Downloader::new(order.settings.download.clone());
    let notes = ObjectNotes { folder: order.cache.join("objects") };
    let base = order.base((&store, kept), &meter)?;
    let (spec, tools) = (based::spec(base.as_ref(), order.spec), &order.settings.tools);
    let (machine, cache) = (order.machine, order.cache);
    let wanted = PythonOrder { spec: &spec, machine, tools, cache, lock: kept, like: None };
    let python = Python::find(&wanted, &meter)?;
    let root = &python.root;
    let wanted = SystemRequest {
        pins: locked::debian_pins(kept, root),
        spec: root.clone(),
        access: &order.settings.access,
        downloader: &downloader,
        cache: &order.cache.join("debian"),
        shelf: &shelf,
        notes: &notes,
        index: OnceLock::new(),
        twin: OnceLock::new(),
    };
    let plan = wanted.plan(&[], &meter)?;
    let target = based::target(base.as_ref(), (root, &plan), machine)?;
    let resolved = wheels::resolve(&ResolveRequest {
        spec: &spec,
        project: order.project,
        target,
        tools: &order.settings.tools,
        cache: order.cache,
        lock: kept,
    })?;
    let made_from = (root, python.standalone.as_ref(), base.map(|base| base.locked));
    let mut lock = locked::lock_of(made_from, machine, &plan, &resolved);
    keep_found(&mut lock, kept);
    Ok((lock, resolved))
}

/// What wheels need of the system is known once they are installed: what a build found stays.
fn keep_found(lock: &mut WindlassLock, kept: Option<&WindlassLock>) {
    let same = |kept: &&WindlassLock| kept.suite == lock.suite && kept.machine == lock.machine;
    if let Some(kept) = kept.filter(same) {
        let is_new = |old: &&LockedDebian| !lock.debian.iter().any(|new| new.name == old.name);
        let found: Vec<LockedDebian> = kept.debian.iter().filter(is_new).cloned().collect();
        lock.debian.extend(found);
        lock.debian.sort();
    }
}

/// The Debian packages that moved between two locks.
pub(crate) fn locked_root(before: &WindlassLock, after: &WindlassLock) -> Vec<Moved> {
    let moved = before.debian.iter().filter_map(|old| {
        let new = after.debian.iter().find(|new| new.name == old.name)?;
        let (name, from, to) = (old.name.clone(), old.version.clone(), new.version.clone());
        (from != to).then_some(Moved::Changed { name, from, to })
    });
    moved.collect()
}
