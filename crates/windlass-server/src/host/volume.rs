//! An app's volume: what outlives its releases.

use super::{back_end, on_disk};
use crate::back_end::StepResult;
use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Component, Path};
use windlass_model::{PersistPath, Problem};

/// Has the volume with its folders there, owned by whom the app runs as. What is in it is not
/// touched: an app's data are its own.
pub(super) fn ensure(volume: &Path, persist: &[PersistPath], user: u32) -> StepResult {
    make(volume, user)?;
    for path in persist {
        let relative = Path::new(&path.path);
        if !relative.components().all(|part| matches!(part, Component::Normal(_))) {
            let message = format!("`{}` cannot be kept: it leads out of the project", path.path);
            return Err(back_end(Problem::user("persist-outside", message)));
        }
        let folder = if path.directory { Some(relative) } else { relative.parent() };
        let mut place = volume.to_owned();
        for part in folder.into_iter().flat_map(Path::components) {
            place.push(part);
            make(&place, user)?;
        }
    }
    Ok(())
}

/// Removes a folder with all that is in it; one that is not there is removed already.
pub(super) fn remove(folder: &Path) -> StepResult {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(on_disk("remove", folder, &error))
        }
        _ => Ok(()),
    }
}

fn make(folder: &Path, user: u32) -> StepResult {
    match fs::symlink_metadata(folder) {
        // The app may write here, so it may have put a link here: that is not followed.
        Ok(found) if found.is_dir() => return Ok(()),
        Ok(_) => {
            let message = format!("{} is not a folder", folder.display());
            return Err(back_end(
                Problem::environment("volume", message)
                    .hint("the app has put something else there: move it away, then deploy again"),
            ));
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(on_disk("read", folder, &error)),
    }
    fs::create_dir_all(folder).map_err(|error| on_disk("make", folder, &error))?;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o750))
        .map_err(|error| on_disk("protect", folder, &error))?;
    let owner = fs::metadata(folder).map_err(|error| on_disk("read", folder, &error))?.uid();
    // As an ordinary user the app runs as that user, who owns the folder already.
    if owner == 0 {
        std::os::unix::fs::chown(folder, Some(user), Some(user))
            .map_err(|error| on_disk("give away", folder, &error))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_made_and_links_are_not_followed() {
        let home = tempfile::tempdir().expect("a folder");
        let volume = home.path().join("shop");
        let keep = |path: &str, directory| PersistPath { path: path.to_owned(), directory };
        let persist = [keep("instance", true), keep("data/db.sqlite3", false)];
        for _ in 0..2 {
            assert_eq!(ensure(&volume, &persist, 65_532), Ok(()));
        }
        assert!(volume.join("instance").is_dir() && volume.join("data").is_dir());
        assert!(!volume.join("data/db.sqlite3").exists());
        for outside in ["../x", "/etc", "a/../../b"] {
            assert!(ensure(&volume, &[keep(outside, true)], 65_532).is_err(), "{outside}");
        }
        std::os::unix::fs::symlink("/etc", volume.join("linked")).expect("a link");
        assert!(ensure(&volume, &[keep("linked/x", true)], 65_532).is_err());
        assert_eq!(remove(&volume), Ok(()));
        assert_eq!(remove(&volume), Ok(()));
    }
}
