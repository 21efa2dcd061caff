//! Frees images and logs that nobody goes back to.

use super::{HostBackEnd, back_end, container, off_reactor};
use crate::back_end::StepResult;
use crate::building::clear_abandoned;
use crate::images::limit_cache;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use windlass_model::{AppName, Digest, Layout, Release, ReleaseNumber};
use windlass_oci::explain::explain_store;
use windlass_oci::{ImageStore, Reachable, sweep_blobs, sweep_layers};

/// How many releases keep their logs, counted back from the newest.
const LOGGED_RELEASES: u32 = 30;

impl HostBackEnd {
    /// Removes the blobs that neither a name nor a release reaches, and the unpacked layers that no
    /// release does.
    ///
    /// Nothing is removed while an image is being built or unpacked, by whomever, or while somebody
    /// works in a one-off container of a release that may not be among those kept.
    pub(super) async fn sweep_images(&self, keep: &[Release]) -> StepResult {
        let Ok(images) = std::sync::Arc::clone(&self.images).try_write_owned() else {
            return Ok(());
        };
        let seen = self.on_engine(windlass_engine::Engine::observe).await?;
        let one_off = |labels: &BTreeMap<String, String>| {
            labels.get(container::KIND).is_some_and(|kind| kind == container::ONE_OFF)
        };
        if !seen.is_ok_and(|seen| !seen.iter().any(|found| one_off(&found.labels))) {
            return Ok(());
        }
        let mut kept = BTreeMap::<AppName, BTreeSet<u32>>::new();
        for release in keep {
            kept.entry(release.app.clone()).or_default().insert(release.number.0);
        }
        let keep: Vec<Digest> = keep.iter().map(|release| release.image).collect();
        let (layout, exe) = (self.settings.layout.clone(), self.settings.exe.clone());
        let now_ms = self.store.now_ms();
        off_reactor(move || {
            let apps = kept.keys().map(ToString::to_string).collect();
            let swept = sweep(&layout, &keep, (&apps, now_ms));
            drop(images);
            swept?;
            clear_abandoned(&layout, &exe).map_err(back_end)?;
            kept.iter().try_for_each(|(app, kept)| sweep_logs(&layout, app, kept))
        })
        .await?
    }
}

/// Left alone while another process builds or loads an image.
fn sweep(layout: &Layout, keep: &[Digest], (apps, now_ms): (&BTreeSet<String>, u64)) -> StepResult {
    let explain = |error| back_end(explain_store(&error));
    let store = ImageStore::open(layout.images()).map_err(explain)?;
    let Some(_alone) = store.hold_alone().map_err(explain)? else { return Ok(()) };
    let mut kept = Reachable::default();
    for image in keep {
        // A release whose image is damaged: what it reaches is not known, so nothing is removed.
        kept.add(&store, image).map_err(explain)?;
    }
    // Names need no unpacked layers: those are for what runs.
    let unpacked = kept.diff_ids.clone();
    let gone = kept.add_named(&store).map_err(explain)?;
    store.forget(&gone).map_err(explain)?;
    sweep_blobs(&store, &kept, false).map_err(explain)?;
    let remove = |folder: &Path| windlass_engine::remove_folder(folder);
    sweep_layers(&layout.layers(), &unpacked, (false, &remove)).map_err(explain)?;
    limit_cache(layout, &store, apps, now_ms).map_err(back_end)
}

/// Removes the logs of releases that are long gone by. Those of the kept ones stay: one of them
/// serves, however many deploys have failed since.
fn sweep_logs(layout: &Layout, app: &AppName, kept: &BTreeSet<u32>) -> StepResult {
    let Some(newest) = kept.last() else { return Ok(()) };
    let folder = layout.logs(app, ReleaseNumber(*newest));
    let entries = folder.parent().and_then(|logs| std::fs::read_dir(logs).ok());
    for entry in entries.into_iter().flatten().flatten() {
        let number = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok());
        let old = |number: u32| number.saturating_add(LOGGED_RELEASES) < *newest;
        if number.is_some_and(|number| old(number) && !kept.contains(&number)) {
            super::volume::remove(&entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logs_of_a_release_that_serves_outlive_any_number_of_failed_ones() {
        let home = tempfile::tempdir().expect("a folder");
        let layout = Layout::under(home.path());
        let app: AppName = "shop".parse().expect("valid");
        let logs = |number| layout.logs(&app, ReleaseNumber(number));
        for number in 1..=50 {
            std::fs::create_dir_all(logs(number)).expect("made");
        }
        assert_eq!(sweep_logs(&layout, &app, &BTreeSet::from([3, 50])), Ok(()));
        let left: Vec<u32> = (1..=50).filter(|number| logs(*number).exists()).collect();
        assert_eq!(left, std::iter::once(3).chain(20..=50).collect::<Vec<_>>());
    }
}
