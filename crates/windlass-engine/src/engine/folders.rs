//! Removing the folders of a container that has ended, whatever its programs made of them.
//!
//! They may have nested folders by the ten thousands, and closed them against their own user. So
//! nothing here recurses or walks a path of theirs: each folder is emptied through a descriptor of
//! its own, opened through no link, and the folders in it are moved up first.

use rustix::fs::{AtFlags, CWD, Dir, Mode, OFlags};
use rustix::io::Errno;
use std::ffi::CString;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

/// Removes a folder with all that is in it; one that is not there is removed already.
///
/// # Errors
/// A path that is no folder (a link to one is none), and what the disk meets.
pub fn remove(path: &Path) -> io::Result<()> {
    let name = CString::new(path.as_os_str().as_bytes())?;
    let top = match open(CWD, &name) {
        Err(Errno::NOENT) => return Ok(()),
        opened => opened?,
    };
    let mut moved = 0;
    loop {
        let folders = unlink_files(&top)?;
        if folders.is_empty() {
            break;
        }
        for folder in folders {
            empty(&top, &folder, &mut moved)?;
        }
    }
    Ok(rustix::fs::unlinkat(CWD, &name, AtFlags::REMOVEDIR)?)
}

/// Removes one folder of `top`; the folders in it become folders of `top`.
fn empty(top: &OwnedFd, name: &CString, moved: &mut u64) -> Result<(), Errno> {
    let folder = open(top.as_fd(), name)?;
    for inner in unlink_files(&folder)? {
        // To move a folder is to change it, so it must be open for that too.
        drop(open(folder.as_fd(), &inner)?);
        loop {
            *moved += 1;
            match rustix::fs::renameat(&folder, &inner, top, format!(".{moved}")) {
                // What an earlier attempt left there.
                Err(Errno::EXIST | Errno::NOTEMPTY | Errno::NOTDIR) => {}
                other => break other?,
            }
        }
    }
    rustix::fs::unlinkat(top, name, AtFlags::REMOVEDIR)
}

/// Unlinks all that is no folder; returns the folders.
fn unlink_files(folder: &OwnedFd) -> Result<Vec<CString>, Errno> {
    let mut folders = Vec::new();
    for entry in Dir::read_from(folder)? {
        let name = entry?.file_name().to_owned();
        if matches!(name.to_bytes(), b"." | b"..") {
            continue;
        }
        match rustix::fs::unlinkat(folder, &name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(Errno::ISDIR) => folders.push(name),
            Err(errno) => return Err(errno),
        }
    }
    Ok(folders)
}

/// Opens a folder, whatever its mode, and makes it ours to change.
fn open(parent: BorrowedFd<'_>, name: &CString) -> Result<OwnedFd, Errno> {
    let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let place = rustix::fs::openat(parent, name, flags | OFlags::PATH, Mode::empty())?;
    let itself = format!("/proc/self/fd/{}", place.as_raw_fd());
    rustix::fs::chmodat(CWD, itself, Mode::RWXU, AtFlags::empty())?;
    rustix::fs::openat(&place, c".", flags | OFlags::RDONLY, Mode::empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    #[test]
    fn what_is_nested_deep_closed_or_linked_goes_and_nothing_beside_it() {
        let world = tempfile::tempdir().expect("a folder");
        let (outside, folder) = (world.path().join("outside"), world.path().join("run"));
        fs::create_dir(&outside).expect("a folder");
        fs::write(outside.join("kept"), "").expect("a file");
        fs::create_dir_all(folder.join("s/closed/in")).expect("folders");
        fs::create_dir(folder.join(".1")).expect("a folder");
        fs::write(folder.join(".1/x"), "").expect("a file");
        symlink(&outside, folder.join("s/link")).expect("a link");
        fs::set_permissions(folder.join("s/closed"), fs::Permissions::from_mode(0o0))
            .expect("a mode");
        // Deeper than most processes may have descriptors.
        let mut deep = open(CWD, &CString::new(folder.as_os_str().as_bytes()).expect("a name"))
            .expect("a folder");
        for _ in 0..1_500 {
            rustix::fs::mkdirat(&deep, c"d", Mode::RWXU).expect("a folder");
            deep = open(deep.as_fd(), &c"d".to_owned()).expect("a folder");
        }
        remove(&folder).expect("removed");
        remove(&folder).expect("nothing to do");
        assert!(!folder.exists());
        assert!(outside.join("kept").exists());
    }
}
