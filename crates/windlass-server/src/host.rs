//! The back end of one Linux host: the engine's containers, the edge's routes, images on disk.
//!
//! It decides nothing about rollouts. Engine and builder block, so they are called off the
//! reactor, and what one container is told is told under that container's lock: a stop waits for
//! a start that was begun, even when nobody waits for that start any more.

mod address;
mod building;
mod container;
mod edge;
mod effects;
mod evidence;
mod healthy;
mod old_logs;
mod one_off;
mod prune;
mod release_command;
mod release_output;
mod routes;
mod routing;
mod sweep;
mod volume;

pub use edge::EdgeNote;
pub(crate) use prune::release_of;

use crate::explain::explain_store;
use crate::own_log::OwnLog;
use crate::store::{Store, StoreError};
use edge::EdgeKeeper;
use std::collections::HashMap;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use windlass_build::BuildSettings;
use windlass_engine::{Engine, EngineDirs, EngineError};
use windlass_model::rollout::StepFailure;
use windlass_model::{AppName, AppSpec, ContainerId, Digest, Layout, Problem, ReleaseNumber};
use windlass_oci::{ImageConfig, ImageStore, LayerCache};

/// What the host's back end is given.
#[derive(Debug, Clone)]
pub struct HostSettings {
    /// Where things are.
    pub layout: Layout,
    /// Addresses for the edge to listen on, best first.
    pub listen: Vec<SocketAddr>,
    /// The `windlass` binary, run again as edge and shims.
    pub exe: PathBuf,
    /// How images are built.
    pub build: BuildSettings,
}

/// The back end of this host.
pub struct HostBackEnd {
    settings: HostSettings,
    store: Store,
    engine: Arc<Engine>,
    edge: EdgeKeeper,
    log: OwnLog,
    locks: Mutex<HashMap<ContainerId, Arc<tokio::sync::Mutex<()>>>>,
    /// Held shared by whoever needs images, and alone by the sweep.
    images: Arc<tokio::sync::RwLock<()>>,
}

/// An image that is ready to run.
struct Unpacked {
    layers: Vec<PathBuf>,
    config: ImageConfig,
}

impl HostBackEnd {
    /// Opens the engine in the layout's folders. Starts nothing yet.
    pub fn open(settings: HostSettings, store: Store, log: OwnLog) -> Result<Self, EngineError> {
        let dirs = EngineDirs {
            containers: settings.layout.containers(),
            runs: settings.layout.container_runs(),
        };
        let shim: Vec<OsString> = vec![settings.exe.clone().into(), "shim".into()];
        let engine = Arc::new(Engine::open(dirs, shim)?);
        let edge = EdgeKeeper::new(&settings, store.clone(), log.clone());
        let (locks, images) = (Mutex::default(), Arc::default());
        Ok(Self { settings, store, engine, edge, log, locks, images })
    }

    /// The engine, for what the API shows of it.
    pub fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// What there is to say about the edge.
    pub async fn edge_note(&self) -> EdgeNote {
        self.edge.note().await
    }

    /// Where an app with this specification answers.
    pub fn url_of(&self, spec: &AppSpec) -> Option<String> {
        let serves = spec.processes.keys().any(windlass_model::ProcessType::is_web);
        let port = self.edge.remembered().filter(|_| serves)?.port();
        let host = spec.canonical_host();
        Some(if port == 80 { format!("http://{host}/") } else { format!("http://{host}:{port}/") })
    }

    /// Calls the engine off the reactor.
    async fn on_engine<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Engine) -> T + Send + 'static,
    ) -> Result<T, StepFailure> {
        let engine = Arc::clone(&self.engine);
        off_reactor(move || work(&engine)).await
    }

    /// Calls the engine about one container, after whatever was begun with it has ended.
    async fn with_container<T: Send + 'static>(
        &self,
        id: &ContainerId,
        work: impl FnOnce(&Engine, &ContainerId) -> T + Send + 'static,
    ) -> Result<T, StepFailure> {
        let lock = {
            let mut locks = self.locks.lock().unwrap_or_else(PoisonError::into_inner);
            locks.retain(|_, lock| Arc::strong_count(lock) > 1);
            Arc::clone(locks.entry(id.clone()).or_default())
        };
        let held = lock.lock_owned().await;
        let (engine, id) = (Arc::clone(&self.engine), id.clone());
        off_reactor(move || {
            let result = work(&engine, &id);
            // Held by the thread, not by the caller, who may be gone by now.
            drop(held);
            result
        })
        .await
    }

    /// The image's layers, unpacked where they were not, and its configuration.
    async fn unpacked(&self, image: Digest) -> Result<Unpacked, StepFailure> {
        let held = Arc::clone(&self.images).read_owned().await;
        let (images, layers) = (self.settings.layout.images(), self.settings.layout.layers());
        off_reactor(move || {
            let explain = |error| back_end(windlass_oci::explain::explain_store(&error));
            let store = ImageStore::open(images).map_err(explain)?;
            if !store.blob_path(&image).exists() {
                return Err(back_end(image_gone(&image)));
            }
            let manifest = store.read_manifest(&image).map_err(explain)?;
            let config = store.read_config(&manifest).map_err(explain)?;
            let unpacked = LayerCache::open(layers).and_then(|cache| cache.ensure(&store, &image));
            // Held by the thread, not by the caller, who may be gone by now.
            drop(held);
            let unpack = |error| back_end(windlass_oci::explain::explain_unpack(&error));
            Ok(Unpacked { layers: unpacked.map_err(unpack)?, config })
        })
        .await?
    }

    async fn unpacked_release(
        &self,
        app: &AppName,
        number: ReleaseNumber,
    ) -> Result<Unpacked, StepFailure> {
        let found = self.store.release(app, number).map_err(|error| in_store(&error))?;
        let missing =
            || in_store(&StoreError::Missing { what: format!("release {number} of `{app}`") });
        self.unpacked(found.ok_or_else(missing)?.image).await
    }
}

/// Runs what blocks on a thread of its own.
async fn off_reactor<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, StepFailure> {
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        let message = format!("a part of the server broke: {error}");
        back_end(Problem::bug("server-panicked", message))
    })
}

/// A release whose image was pruned cannot be gone back to.
fn image_gone(image: &Digest) -> Problem {
    let message = format!("the image {} is not in the store any more", image.short());
    Problem::user("release-image-gone", message)
        .cause("`windlass image prune --keep` removes the images of older releases")
        .hint("deploy the project again as it was at that release")
}

fn back_end(problem: Problem) -> StepFailure {
    StepFailure::BackEnd { problem }
}

fn in_store(error: &StoreError) -> StepFailure {
    back_end(explain_store(error))
}

fn on_disk(doing: &str, path: &std::path::Path, error: &std::io::Error) -> StepFailure {
    let message = format!("cannot {doing} {}", path.display());
    back_end(Problem::environment("disk", message).cause(error.to_string()))
}

impl std::fmt::Debug for HostBackEnd {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HostBackEnd").field("settings", &self.settings).finish_non_exhaustive()
    }
}
