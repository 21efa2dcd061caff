//! Frees images and logs that nobody goes back to.

use super::{HostBackEnd, back_end, container, off_reactor, on_disk};
use crate::back_end::StepResult;
use crate::building::clear_abandoned;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use windlass_model::{AppName, Digest, Layout, Release, ReleaseNumber};
use windlass_oci::ImageStore;
use windlass_oci::explain::explain_store;

/// How many releases keep their logs, counted back from the newest.
const LOGGED_RELEASES: u32 = 30;

impl HostBackEnd {
    /// Removes the blobs that neither a release nor a name reaches, and the unpacked layers that no
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
        off_reactor(move || {
            let swept = sweep(&layout.images(), &layout.layers(), &keep);
            drop(images);
            swept?;
            clear_abandoned(&layout, &exe).map_err(back_end)?;
            kept.iter().try_for_each(|(app, kept)| sweep_logs(&layout, app, kept))
        })
        .await?
    }
}

fn sweep(images: &Path, layers: &Path, keep: &[Digest]) -> StepResult {
    let explain = |error| back_end(explain_store(&error));
    let store = ImageStore::open(images).map_err(explain)?;
    let Some(_alone) = store.hold_alone().map_err(explain)? else { return Ok(()) };
    let (mut blobs, mut folders) = (BTreeSet::new(), BTreeSet::new());
    for image in store.tags().map_err(explain)?.values() {
        // An image that is named without being a release may be damaged without harm to others.
        let reached = store.reached(image).unwrap_or_default();
        blobs.extend(reached.iter().map(Digest::hex));
    }
    for image in keep {
        // A release whose image is damaged: what it reaches is not known, so nothing is removed.
        let manifest = store.read_manifest(image).map_err(explain)?;
        let config = store.read_config(&manifest).map_err(explain)?;
        blobs.extend(store.reached(image).map_err(explain)?.iter().map(Digest::hex));
        folders.extend(config.diff_ids.iter().map(Digest::hex));
    }
    remove_others(&images.join("blobs/sha256"), &blobs)?;
    remove_others(layers, &folders)
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

/// Removes the entries that are named by a digest, alone or before a dot, and not by one kept.
fn remove_others(folder: &Path, kept: &BTreeSet<String>) -> StepResult {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(on_disk("read", folder, &error)),
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        let digest = name.split('.').next().unwrap_or(name);
        if kept.contains(digest) || Digest::from_hex(digest).is_err() {
            continue;
        }
        let path = entry.path();
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        let removed = if is_folder { remove_folder(&path) } else { std::fs::remove_file(&path) };
        removed.map_err(|error| on_disk("remove", &path, &error))?;
    }
    Ok(())
}

/// Renamed first, so that a crash in the middle leaves no layer that looks whole.
fn remove_folder(path: &Path) -> std::io::Result<()> {
    let doomed = path.with_extension("doomed");
    let path = if std::fs::rename(path, &doomed).is_ok() { doomed.as_path() } else { path };
    windlass_engine::remove_folder(path)
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

    #[test]
    fn only_what_is_named_by_a_digest_and_not_kept_goes() {
        let home = tempfile::tempdir().expect("a folder");
        let name = |byte: &str| byte.repeat(32);
        for folder in [name("aa"), name("bb"), format!("{}.unfinished", name("cc"))] {
            std::fs::create_dir_all(home.path().join(folder).join("x")).expect("made");
        }
        std::fs::write(home.path().join("notes"), "mine").expect("written");
        assert_eq!(remove_others(home.path(), &BTreeSet::from([name("aa")])), Ok(()));
        let mut left: Vec<_> = std::fs::read_dir(home.path())
            .expect("readable")
            .map(|entry| entry.expect("an entry").file_name().into_string().expect("text"))
            .collect();
        left.sort();
        assert_eq!(left, [name("aa"), "notes".to_owned()]);
    }
}
