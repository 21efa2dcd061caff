//! Giving folders to the user that containers run as.
//!
//! As an ordinary user that is the user itself, so there is nothing to give. As root, what a
//! command is to write to must belong to its unprivileged user. No link is followed, and what
//! belongs to that user already is passed over with all that is in it: only its own commands ever
//! wrote there.

use rustix::fs::{AtFlags, CWD, Dir, FileType, Gid, Mode, OFlags, Uid};
use rustix::io::Errno;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

/// Gives a file, or a folder with all that is in it, to the user and the group of that number.
pub(super) fn give_tree(path: &Path, user: u32) -> io::Result<()> {
    if !rustix::process::geteuid().is_root() {
        return Ok(());
    }
    let there = rustix::fs::statat(CWD, path, AtFlags::SYMLINK_NOFOLLOW)?;
    if there.st_uid == user {
        return Ok(());
    }
    if FileType::from_raw_mode(there.st_mode) == FileType::Directory {
        let folder = open(CWD, path)?;
        give_inside(&folder, user)?;
    }
    // Last: a folder that has the user is whole.
    Ok(give(CWD, path, user)?)
}

fn give_inside(folder: &OwnedFd, user: u32) -> Result<(), Errno> {
    for entry in Dir::read_from(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        if matches!(name.to_bytes(), b"." | b"..") {
            continue;
        }
        let there = rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)?;
        if FileType::from_raw_mode(there.st_mode) == FileType::Directory {
            give_inside(&open(folder.as_fd(), name)?, user)?;
        }
        give(folder.as_fd(), name, user)?;
    }
    Ok(())
}

fn give<P: rustix::path::Arg>(at: BorrowedFd<'_>, name: P, user: u32) -> Result<(), Errno> {
    let (user, group) = (Uid::from_raw(user), Gid::from_raw(user));
    rustix::fs::chownat(at, name, Some(user), Some(group), AtFlags::SYMLINK_NOFOLLOW)
}

fn open<P: rustix::path::Arg>(at: BorrowedFd<'_>, name: P) -> Result<OwnedFd, Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    rustix::fs::openat(at, name, flags, Mode::empty())
}
