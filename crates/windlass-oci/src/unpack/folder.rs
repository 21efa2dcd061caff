//! File operations below one folder that no link can lead out of.
//!
//! Each path is walked from the folder's descriptor with `O_NOFOLLOW`, one component at a time.
//! The last parent is remembered: the entries of a folder follow each other in a layer.

use super::UnpackError;
use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{AtFlags, FileType, Gid, Mode, OFlags, Uid};
use rustix::io::Errno;
use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::rc::Rc;

const DIR_FLAGS: OFlags =
    OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// A folder to write into.
pub(super) struct Folder {
    root: Rc<OwnedFd>,
    last: RefCell<(String, Rc<OwnedFd>)>,
}

impl Folder {
    pub(super) fn open(dir: &Path) -> Result<Self, UnpackError> {
        let root = rustix::fs::open(dir, DIR_FLAGS, Mode::empty())
            .map_err(|e| UnpackError::Disk { path: dir.to_owned(), source: e.into() })?;
        let root = Rc::new(root);
        Ok(Self { last: RefCell::new((String::new(), Rc::clone(&root))), root })
    }

    /// The descriptor of the folder that `path` is in, made if missing, and the last component.
    pub(super) fn parent<'p>(&self, path: &'p str) -> Result<(Rc<OwnedFd>, &'p str), UnpackError> {
        let (above, name) = path.rsplit_once('/').unwrap_or(("", path));
        if self.last.borrow().0 == above {
            return Ok((Rc::clone(&self.last.borrow().1), name));
        }
        let mut at = Rc::clone(&self.root);
        for part in above.split('/').filter(|part| !part.is_empty()) {
            at = Rc::new(enter(&at, part, path)?);
        }
        *self.last.borrow_mut() = (above.to_owned(), Rc::clone(&at));
        Ok((at, name))
    }

    pub(super) fn make_dir(&self, path: &str) -> Result<(), UnpackError> {
        let (parent, name) = self.parent(path)?;
        match rustix::fs::mkdirat(&parent, name, Mode::from_raw_mode(0o755)) {
            Ok(()) => Ok(()),
            Err(Errno::EXIST) => enter(&parent, name, path).map(drop),
            Err(errno) => Err(UnpackError::write(path)(errno)),
        }
    }

    pub(super) fn make_file(
        &self,
        path: &str,
        mode: u32,
        content: &mut dyn Read,
        blob: &Path,
    ) -> Result<(), UnpackError> {
        let (parent, name) = self.parent(path)?;
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let file = rustix::fs::openat(&parent, name, flags, Mode::from_raw_mode(0o600))
            .map_err(UnpackError::write(path))?;
        let mut file = File::from(file);
        copy(content, &mut file, path, blob)?;
        rustix::fs::fchmod(&file, Mode::from_raw_mode(mode)).map_err(UnpackError::write(path))
    }

    pub(super) fn make_symlink(&self, path: &str, target: &[u8]) -> Result<(), UnpackError> {
        let (parent, name) = self.parent(path)?;
        rustix::fs::symlinkat(target, &parent, name).map_err(UnpackError::write(path))
    }

    pub(super) fn make_hard_link(&self, path: &str, target: &str) -> Result<(), UnpackError> {
        let (from, from_name) = self.parent(target)?;
        let (to, to_name) = self.parent(path)?;
        rustix::fs::linkat(&from, from_name, &to, to_name, AtFlags::empty())
            .map_err(UnpackError::write(path))
    }

    pub(super) fn make_node(
        &self,
        path: &str,
        kind: FileType,
        mode: u32,
        device: u64,
    ) -> Result<(), UnpackError> {
        let (parent, name) = self.parent(path)?;
        rustix::fs::mknodat(&parent, name, kind, Mode::from_raw_mode(mode), device)
            .map_err(UnpackError::write(path))
    }

    pub(super) fn set_owner(&self, path: &str, owner: (u32, u32)) -> Result<(), UnpackError> {
        let (parent, name) = self.parent(path)?;
        let (uid, gid) = (Uid::from_raw(owner.0), Gid::from_raw(owner.1));
        rustix::fs::chownat(&parent, name, Some(uid), Some(gid), AtFlags::SYMLINK_NOFOLLOW)
            .map_err(UnpackError::write(path))
    }

    /// Sets the mode of what this unpacking made itself: a folder or a file, never a link.
    pub(super) fn set_mode(&self, path: &str, mode: Mode) -> Result<(), UnpackError> {
        let (parent, name) = self.parent(path)?;
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let there = rustix::fs::openat(&parent, name, flags, Mode::empty())
            .map_err(UnpackError::write(path))?;
        rustix::fs::fchmod(there, mode).map_err(UnpackError::write(path))
    }
}

/// Opens the folder `name` below `at`, making it if it is missing; a link is refused.
fn enter(at: &impl AsFd, name: &str, path: &str) -> Result<OwnedFd, UnpackError> {
    let open = || rustix::fs::openat(at, name, DIR_FLAGS, Mode::empty());
    let opened = match open() {
        Err(Errno::NOENT) => {
            rustix::fs::mkdirat(at, name, Mode::from_raw_mode(0o755))
                .map_err(UnpackError::write(path))?;
            open()
        }
        other => other,
    };
    opened.map_err(|errno| match errno {
        Errno::LOOP | Errno::NOTDIR => UnpackError::Through { path: path.to_owned() },
        other => UnpackError::write(path)(other),
    })
}

/// Copies with the two sides' failures kept apart.
fn copy(from: &mut dyn Read, to: &mut File, path: &str, blob: &Path) -> Result<(), UnpackError> {
    let mut buffer = vec![0_u8; 32 * 1024];
    loop {
        let n = match from.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(n) => n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(source) => return Err(UnpackError::Read { blob: blob.to_owned(), source }),
        };
        to.write_all(&buffer[..n])
            .map_err(|source| UnpackError::Write { path: path.to_owned(), source })?;
    }
}
