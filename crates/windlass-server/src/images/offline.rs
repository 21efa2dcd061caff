//! An installation without a running server: its lock is held, so that none starts meanwhile.

use super::{Roots, prune};
use crate::serve;
use crate::store::{Store, StoreError};
use crate::wire::{PruneReport, PruneRequest, ReleaseEntry};
use std::fs::File;
use windlass_engine::{Engine, EngineDirs};
use windlass_model::{AppName, Layout, Problem, ReleaseNumber};

/// The state of an installation whose server does not run.
#[derive(Debug)]
pub struct Offline {
    layout: Layout,
    /// Held until this is dropped.
    _lock: File,
    /// `None` where no server ever ran.
    store: Option<Store>,
}

/// Why the state cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum OfflineError {
    /// The lock cannot be had: a server has started meanwhile, or the folder is another user's.
    #[error(transparent)]
    Lock(#[from] serve::ServerError),
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Offline {
    /// Takes the place of the server; `now` is the clock.
    ///
    /// # Errors
    /// A server that runs, a folder that cannot be written, a store that cannot be read.
    pub fn open(layout: &Layout, now: fn() -> u64) -> Result<Self, OfflineError> {
        serve::make_folders(layout)?;
        let lock = serve::lock(layout)?;
        let path = layout.store();
        let store = path.exists().then(|| Store::open(&path, now, None)).transpose()?;
        Ok(Self { layout: layout.clone(), _lock: lock, store })
    }

    /// Every release of every app, newest first.
    ///
    /// # Errors
    /// A store that cannot be read; rows that cannot be are left out.
    pub fn releases(&self) -> Result<Vec<ReleaseEntry>, OfflineError> {
        let Some(store) = &self.store else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        for app in store.apps()?.rows {
            let current = app.current.as_ref().map(|set| set.release);
            let rows = store.releases(&app.name)?.rows.into_iter();
            found.extend(rows.map(|row| ReleaseEntry {
                current: current == Some(row.release.number),
                served: row.served,
                release: row.release,
            }));
        }
        Ok(found)
    }

    /// Removes what nothing needs, or counts it.
    ///
    /// # Errors
    /// What is in use, what cannot be read, and what the disk meets.
    pub fn prune(&self, request: &PruneRequest, now_ms: u64) -> Result<PruneReport, Problem> {
        let roots = match &self.store {
            None => Roots::default(),
            Some(store) => Roots::read(store, request.keep, &self.running()?)?,
        };
        prune(&self.layout, &roots, request, now_ms)
    }

    /// The releases that containers run: they outlive the server.
    fn running(&self) -> Result<Vec<(AppName, ReleaseNumber)>, Problem> {
        if !self.layout.containers().exists() {
            return Ok(Vec::new());
        }
        let dirs =
            EngineDirs { containers: self.layout.containers(), runs: self.layout.container_runs() };
        let failed = |error| windlass_engine::explain::explain_engine(&error);
        // Nothing is started, so there is no program for it.
        let engine = Engine::open(dirs, Vec::new()).map_err(failed)?;
        let seen = engine.observe().map_err(failed)?;
        Ok(seen.iter().filter_map(|found| crate::host::release_of(&found.labels)).collect())
    }
}
