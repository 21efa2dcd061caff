//! An app's volume: what outlives its releases.
//!
//! Invariant: nothing outside the volume is made or given away, whatever links the app plants in
//! it, and whenever.

use super::{back_end, on_disk};
use crate::back_end::StepResult;
use rustix::fs::{Gid, Mode, OFlags, Uid};
use rustix::io::Errno;
use std::ffi::OsStr;
use std::fs;
use std::os::fd::OwnedFd;
use std::path::{Component, Path, PathBuf};
use windlass_model::rollout::StepFailure;
use windlass_model::{PersistPath, Problem};

/// For the app's user, and readable by its group.
const PRIVATE: Mode = Mode::RWXU.union(Mode::RGRP).union(Mode::XGRP);

/// Has the volume with its folders there, owned by whom the app runs as. What is in it is not
/// touched: an app's data are its own.
pub(super) fn ensure(volume: &Path, persist: &[PersistPath], user: u32) -> StepResult {
    let above = volume.parent().unwrap_or(Path::new("/"));
    fs::create_dir_all(above).map_err(|error| on_disk("make", above, &error))?;
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let above = rustix::fs::open(above, flags, Mode::empty())
        .map_err(|errno| on_disk("open", above, &errno.into()))?;
    let volume = Folder { descriptor: above, path: volume.parent().unwrap_or(volume).to_owned() }
        .child(volume.file_name().unwrap_or_default(), user)?;
    for path in persist {
        let relative = Path::new(&path.path);
        if !relative.components().all(|part| matches!(part, Component::Normal(_))) {
            let message = format!("`{}` cannot be kept: it leads out of the project", path.path);
            return Err(back_end(Problem::user("persist-outside", message)));
        }
        let folder = if path.directory { Some(relative) } else { relative.parent() };
        let mut parts = folder.into_iter().flat_map(Path::components);
        let Some(first) = parts.next() else { continue };
        let mut place = volume.child(first.as_os_str(), user)?;
        for part in parts {
            place = place.child(part.as_os_str(), user)?;
        }
    }
    Ok(())
}

/// Removes a folder with all that is in it, whatever an app made of it; one that is not there is
/// removed already.
pub(super) fn remove(folder: &Path) -> StepResult {
    windlass_engine::remove_folder(folder).map_err(|error| on_disk("remove", folder, &error))
}

/// An open folder. The app writes below it at the same time, so everything goes by descriptors:
/// a path that was looked at a moment ago may lead through a link by now.
struct Folder {
    descriptor: OwnedFd,
    /// For errors only.
    path: PathBuf,
}

impl Folder {
    /// The folder of this name, made where it is missing and then given to `user`.
    fn child(&self, name: &OsStr, user: u32) -> Result<Self, StepFailure> {
        let path = self.path.join(name);
        let made = match rustix::fs::mkdirat(&self.descriptor, name, PRIVATE) {
            Ok(()) => true,
            Err(Errno::EXIST) => false,
            Err(errno) => return Err(on_disk("make", &path, &errno.into())),
        };
        // What is there already need not be readable, only passable.
        let access = if made { OFlags::RDONLY } else { OFlags::PATH };
        let flags = access | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let opened = rustix::fs::openat(&self.descriptor, name, flags, Mode::empty());
        let descriptor = match opened {
            Ok(descriptor) => descriptor,
            Err(Errno::NOTDIR | Errno::LOOP) => return Err(no_folder(&path)),
            Err(errno) => return Err(on_disk("open", &path, &errno.into())),
        };
        if made {
            let given = give(&descriptor, user);
            given.map_err(|errno| on_disk("give away", &path, &errno.into()))?;
        }
        Ok(Self { descriptor, path })
    }
}

fn give(folder: &OwnedFd, user: u32) -> Result<(), Errno> {
    rustix::fs::fchmod(folder, PRIVATE)?;
    // As an ordinary user the app runs as that user, who owns the folder already.
    if rustix::fs::fstat(folder)?.st_uid == 0 {
        let (user, group) = (Uid::from_raw(user), Gid::from_raw(user));
        rustix::fs::fchown(folder, Some(user), Some(group))?;
    }
    Ok(())
}

fn no_folder(path: &Path) -> StepFailure {
    let problem = Problem::environment("volume", format!("{} is not a folder", path.display()));
    back_end(problem.hint("the app has put something else there: move it away, then deploy again"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
    use std::sync::atomic::{AtomicBool, Ordering};

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

    #[test]
    fn what_an_app_nested_deep_and_closed_is_removed() {
        let home = tempfile::tempdir().expect("a folder");
        let volume = home.path().join("shop");
        assert_eq!(ensure(&volume, &[], 65_532), Ok(()));
        let closed = volume.join("closed");
        fs::create_dir_all(closed.join("in")).expect("folders");
        fs::set_permissions(&closed, fs::Permissions::from_mode(0o0)).expect("ours");
        // Deeper than a path may be long, and than a process may hold descriptors.
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let mut deep = rustix::fs::open(&volume, flags, Mode::empty()).expect("opened");
        for _ in 0..3_000 {
            rustix::fs::mkdirat(&deep, "d", Mode::RWXU).expect("made");
            deep = rustix::fs::openat(&deep, "d", flags, Mode::empty()).expect("opened");
        }
        assert_eq!(remove(&volume), Ok(()));
        assert!(!volume.exists());
    }

    /// The app puts a link and takes it away again while its folders are made: nobody may be led
    /// out of the volume, whichever moment he meets.
    #[test]
    fn a_link_that_comes_and_goes_leads_nowhere() {
        let home = tempfile::tempdir().expect("a folder");
        let (volume, outside) = (home.path().join("shop"), home.path().join("outside"));
        fs::DirBuilder::new().mode(0o700).create(&outside).expect("made");
        fs::create_dir(&volume).expect("made");
        let keep = [PersistPath { path: "place/below".to_owned(), directory: true }];
        let place = volume.join("place");
        let over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    // Whoever was quicker has made a folder.
                    if std::os::unix::fs::symlink(&outside, &place).is_ok() {
                        fs::remove_file(&place).expect("our link");
                    } else {
                        let _ = fs::remove_dir_all(&place);
                    }
                }
            });
            for _ in 0..2_000 {
                // It succeeds or fails, as the race goes.
                let _ = ensure(&volume, &keep, 65_532);
            }
            over.store(true, Ordering::Relaxed);
        });
        let found = fs::metadata(&outside).expect("still there");
        assert_eq!(
            (found.mode() & 0o777, found.uid()),
            (0o700, rustix::process::getuid().as_raw())
        );
        assert_eq!(fs::read_dir(&outside).expect("readable").count(), 0);
    }
}
