//! What all platforms of one build share: the store, the caches, the project's lock.

use super::python::PythonOrder;
use super::{BuildRequest, locked};
use crate::base::Base;
use crate::debian::RootSpec;
use crate::download::Downloader;
use crate::image::{Shelf, SystemRequest};
use crate::libraries::ObjectNotes;
use crate::wheels::lock::WindlassLock;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::OnceLock;
use windlass_model::Machine;
use windlass_oci::ImageStore;

/// Where one build works.
pub(super) struct Workplace<'a> {
    pub(super) request: &'a BuildRequest<'a>,
    pub(super) store: &'a ImageStore,
    pub(super) shelf: Shelf<'a>,
    /// The project's lock, as it was before the build.
    pub(super) lock: Option<WindlassLock>,
    /// What the images stand on instead of Debian.
    pub(super) bases: BTreeMap<Machine, Base>,
    notes: ObjectNotes,
    downloader: Downloader,
    debian: PathBuf,
}

impl<'a> Workplace<'a> {
    /// What is needed is made when it is needed.
    pub(super) fn open(
        request: &'a BuildRequest<'a>,
        store: &'a ImageStore,
        (lock, bases): (Option<WindlassLock>, BTreeMap<Machine, Base>),
    ) -> Self {
        let cache = &request.dirs.cache;
        Self {
            request,
            store,
            shelf: Shelf::new(store, cache.join("layers"), request.spec.compression),
            lock,
            bases,
            notes: ObjectNotes { folder: cache.join("objects") },
            downloader: Downloader::new(request.settings.download.clone()),
            debian: cache.join("debian"),
        }
    }

    /// The lock as a machine sees it.
    pub(super) fn lock_for(&self, machine: Machine) -> Option<WindlassLock> {
        self.lock.clone().map(|lock| lock.seen_from(machine.as_str()))
    }

    /// Which Python is wanted for a machine.
    pub(super) fn python<'o>(
        &'o self,
        machine: Machine,
        lock: Option<&'o WindlassLock>,
    ) -> PythonOrder<'o> {
        PythonOrder {
            spec: self.request.spec,
            machine,
            tools: &self.request.settings.tools,
            cache: &self.request.dirs.cache,
            lock,
            like: None,
        }
    }

    /// What the layers of a root are made from.
    pub(super) fn system(&self, root: &RootSpec, lock: Option<&WindlassLock>) -> SystemRequest<'_> {
        SystemRequest {
            pins: locked::debian_pins(lock, root),
            spec: root.clone(),
            access: &self.request.settings.access,
            downloader: &self.downloader,
            cache: &self.debian,
            shelf: &self.shelf,
            notes: &self.notes,
            index: OnceLock::new(),
            twin: OnceLock::new(),
        }
    }
}
