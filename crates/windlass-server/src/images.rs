//! Freeing the disk of what no name, release or running container needs: images, unpacked layers,
//! the build cache.
//!
//! A running server does it itself, since it alone knows what it is about to use; without one,
//! whoever asks takes the server's own lock for as long. Invariant: what is needed is computed from
//! the roots while nothing can be built, loaded or unpacked, and where a root cannot be read nothing
//! is removed at all.

mod offline;

pub use offline::{Offline, OfflineError};

use crate::executor::planning;
use crate::explain::explain_store;
use crate::store::Store;
use crate::wire::{PruneReport, PruneRequest, Pruned};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, UNIX_EPOCH};
use windlass_build::cache::{self, CACHE_BYTES, CacheSweep, CacheSwept};
use windlass_model::{AppName, Digest, Layout, Problem, Release, ReleaseNumber};
use windlass_oci::explain::explain_store as explain_images;
use windlass_oci::{Freed, ImageStore, Reachable, sweep_blobs, sweep_layers};

/// What a sweep must leave, besides names.
#[derive(Debug, Clone, Default)]
pub(crate) struct Roots {
    /// Images of releases.
    pub(crate) images: BTreeSet<Digest>,
    /// Every app.
    pub(crate) apps: BTreeSet<String>,
}

impl Roots {
    /// The releases that each app can go back to (`keep` of them that served), and those that
    /// containers run.
    pub(crate) fn read(
        store: &Store,
        keep: Option<u32>,
        running: &[(AppName, ReleaseNumber)],
    ) -> Result<Self, Problem> {
        let failed = |error| explain_store(&error);
        if let Some(row) = store.unfinished_jobs().map_err(failed)?.rows.first() {
            let message = format!("job {} of {} is still running", row.job.id, row.job.app);
            return Err(
                busy(message).hint(format!("watch it: windlass status --app {}", row.job.app))
            );
        }
        let apps = store.apps().map_err(failed)?;
        if let Some(row) = apps.set_aside.first() {
            return Err(unreadable(&row.to_string()));
        }
        let keep = keep.map_or(planning::KEPT_RELEASES, |keep| keep as usize);
        let mut roots = Self::default();
        for app in apps.rows {
            let rows = store.releases(&app.name).map_err(failed)?;
            if let Some(row) = rows.set_aside.first() {
                return Err(unreadable(&row.to_string()));
            }
            let releases: Vec<(Release, bool)> =
                rows.rows.into_iter().map(|row| (row.release, row.served)).collect();
            let kept = planning::newest_releases(&app, &releases, keep);
            roots.images.extend(kept.map(|release| release.image));
            let runs = |release: &Release| {
                running.iter().any(|(name, number)| *name == app.name && *number == release.number)
            };
            let running = releases.iter().map(|(release, _)| release).filter(|r| runs(r));
            roots.images.extend(running.map(|release| release.image));
            roots.apps.insert(app.name.to_string());
        }
        Ok(roots)
    }
}

/// Removes what nothing needs, or counts it.
pub(crate) fn prune(
    layout: &Layout,
    roots: &Roots,
    request: &PruneRequest,
    now_ms: u64,
) -> Result<PruneReport, Problem> {
    let failed = |error| explain_images(&error);
    let images = ImageStore::open(layout.images()).map_err(failed)?;
    let Some(_alone) = images.hold_alone().map_err(failed)? else {
        return Err(busy("an image is being built, loaded or pulled".to_owned()));
    };
    let mut kept = Reachable::default();
    for image in &roots.images {
        kept.add(&images, image).map_err(failed)?;
    }
    // Names need no unpacked layers: those are for what runs.
    let unpacked = kept.diff_ids.clone();
    let gone = kept.add_named(&images).map_err(failed)?;
    let dry_run = request.dry_run;
    if !dry_run {
        images.forget(&gone).map_err(failed)?;
    }
    let remove = |path: &std::path::Path| windlass_engine::remove_folder(path);
    let blobs = sweep_blobs(&images, &kept, dry_run).map_err(failed)?;
    let layers = sweep_layers(&layout.layers(), &unpacked, (dry_run, &remove)).map_err(failed)?;
    let mut report = PruneReport {
        dry_run,
        pruned: vec![pruned("images", blobs), pruned("unpacked layers", layers)],
        cache_bytes: None,
    };
    let swept = sweep_cache((layout, &images), &roots.apps, request, now_ms)?;
    if let Some(swept) = swept {
        let freed: BTreeMap<String, Freed> = swept.freed;
        let kinds = freed.into_iter().map(|(kind, freed)| pruned(&format!("cache: {kind}"), freed));
        report.pruned.extend(kinds);
        report.cache_bytes = Some(swept.left_bytes);
    }
    Ok(report)
}

/// Sweeps the build cache; `None` when a build uses it.
fn sweep_cache(
    (layout, images): (&Layout, &ImageStore),
    apps: &BTreeSet<String>,
    request: &PruneRequest,
    now_ms: u64,
) -> Result<Option<CacheSwept>, Problem> {
    let names = images.tags().map_err(|error| explain_images(&error))?;
    let swept = cache::sweep(&CacheSweep {
        cache: &layout.cache,
        store: images,
        limit_bytes: request.cache_bytes.unwrap_or(CACHE_BYTES),
        known: &|app| apps.contains(app) || names.contains_key(app),
        now_ms,
        dry_run: request.dry_run,
        remove: &|path| windlass_engine::remove_folder(path),
    });
    swept.map_err(|error| {
        let message = format!("cannot sweep the cache {}", layout.cache.display());
        Problem::environment("disk", message).cause(error.to_string())
    })
}

/// How often the server looks at the size of the build cache: to add it up takes a walk over it.
const CACHE_PACE: Duration = Duration::from_hours(24);

/// Keeps the build cache below its size, when nobody has looked for a day.
pub(crate) fn limit_cache(
    layout: &Layout,
    images: &ImageStore,
    apps: &BTreeSet<String>,
    now_ms: u64,
) -> Result<(), Problem> {
    let stamp = layout.cache.join(".swept");
    let looked = stamp.metadata().and_then(|found| found.modified()).ok();
    let since = looked.and_then(|at| at.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
    if Duration::from_millis(now_ms).saturating_sub(since) < CACHE_PACE {
        return Ok(());
    }
    if sweep_cache((layout, images), apps, &PruneRequest::default(), now_ms)?.is_some() {
        let written = std::fs::write(&stamp, "");
        written.map_err(|error| {
            let message = format!("cannot write {}", stamp.display());
            Problem::environment("disk", message).cause(error.to_string())
        })?;
    }
    Ok(())
}

fn pruned(what: &str, freed: Freed) -> Pruned {
    Pruned { what: what.to_owned(), count: freed.count, bytes: freed.bytes }
}

/// What is in use cannot be told from what is not.
pub(crate) fn busy(message: String) -> Problem {
    Problem::environment("images-in-use", message).hint("try again when it is done")
}

fn unreadable(row: &str) -> Problem {
    Problem::bug("store-row-unreadable", row.to_owned())
        .hint("it is left as it is, and nothing that it may need is removed")
}
