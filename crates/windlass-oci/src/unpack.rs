//! Unpacking one layer into a folder of its own, as a lower folder of an overlay.
//!
//! Invariants: nothing outside the folder is touched, whatever the layer says: every path is
//! walked from the folder's descriptor without following links. The layer's digest and its
//! diff-id are checked over every byte. As root, owners and devices are kept; as another user,
//! everything belongs to that user and devices are left out. Whiteouts become overlayfs's own.

mod error;
mod folder;
mod whiteout;

pub use error::UnpackError;

use crate::hashing::Hashing;
use flate2::bufread::MultiGzDecoder;
use folder::Folder;
use rustix::fs::{FileType, Mode};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use tar::EntryType;
use windlass_model::Digest;

/// What a layer must turn out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expected {
    /// Digest of the blob.
    pub digest: Digest,
    /// Digest of the uncompressed tar.
    pub diff_id: Digest,
}

/// Unpacks the layer at `blob`, tar, gzip of any number of members or Zstandard of any of frames, into the empty folder `dir`.
///
/// # Errors
/// A layer that is damaged or unsafe, and what the disk meets. `dir` is then to be thrown away.
pub fn unpack_layer(blob: &Path, expected: Expected, dir: &Path) -> Result<(), UnpackError> {
    let read = |source| UnpackError::Read { blob: blob.to_owned(), source };
    let file = File::open(blob).map_err(read)?;
    let mut packed = BufReader::with_capacity(128 * 1024, Hashing::new(file));
    let start = packed.fill_buf().map_err(read)?;
    let is_gzip = start.starts_with(&[0x1f, 0x8b]);
    let is_zstd = start.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]);
    let (packed, diff_id) = if is_zstd {
        // Any number of frames; a window of more than 128 MiB is refused.
        let decoder = zstd::Decoder::with_buffer(packed).map_err(read)?;
        let (decoder, diff_id) = entries(decoder, blob, dir)?;
        (decoder.finish(), diff_id)
    } else if is_gzip {
        let (decoder, diff_id) = entries(MultiGzDecoder::new(packed), blob, dir)?;
        (decoder.into_inner(), diff_id)
    } else {
        entries(packed, blob, dir)?
    };
    let mut packed = packed;
    io::copy(&mut packed, &mut io::sink()).map_err(read)?;
    let (_, digest, _) = packed.into_inner().finish();
    let found = Expected { digest, diff_id };
    if found == expected {
        return Ok(());
    }
    let (expected, found) = (Box::new(expected), Box::new(found));
    Err(UnpackError::Damaged { blob: blob.to_owned(), expected, found })
}

/// Unpacks all entries; gives back the reader, read to its end, and the diff-id.
fn entries<R: Read>(reader: R, blob: &Path, dir: &Path) -> Result<(R, Digest), UnpackError> {
    let read = |source| UnpackError::Read { blob: blob.to_owned(), source };
    let mut archive = tar::Archive::new(Hashing::new(reader));
    let mut target = Target {
        folder: Folder::open(dir)?,
        privileged: rustix::process::geteuid().is_root(),
        folder_modes: BTreeMap::new(),
    };
    for entry in archive.entries().map_err(read)? {
        target.entry(&mut entry.map_err(read)?, blob)?;
    }
    target.finish()?;
    let mut rest = archive.into_inner();
    io::copy(&mut rest, &mut io::sink()).map_err(read)?;
    let (reader, diff_id, _) = rest.finish();
    Ok((reader, diff_id))
}

/// The folder being filled.
struct Target {
    folder: Folder,
    privileged: bool,
    /// Set last: a folder that may not be written could not be filled.
    folder_modes: BTreeMap<String, u32>,
}

impl Target {
    fn entry<R: Read>(
        &mut self,
        entry: &mut tar::Entry<'_, R>,
        blob: &Path,
    ) -> Result<(), UnpackError> {
        let read = |source| UnpackError::Read { blob: blob.to_owned(), source };
        let kind = entry.header().entry_type();
        let path = clean(&entry.path_bytes())?;
        if kind == EntryType::XGlobalHeader
            || path.is_empty()
            || whiteout::apply(&self.folder, &path, self.privileged)?
        {
            return Ok(());
        }
        let header = entry.header();
        let mode = header.mode().map_err(read)? & 0o7777;
        let owner = (header.uid().map_err(read)? as u32, header.gid().map_err(read)? as u32);
        let device = (header.device_major().ok().flatten(), header.device_minor().ok().flatten());
        let link = entry.link_name_bytes().map(std::borrow::Cow::into_owned);
        match kind {
            EntryType::Directory => {
                self.folder.make_dir(&path)?;
                self.folder_modes.insert(path.clone(), mode);
            }
            EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => {
                self.folder.make_file(&path, mode, entry, blob)?;
            }
            EntryType::Symlink => self.folder.make_symlink(&path, &link.unwrap_or_default())?,
            EntryType::Link => {
                // The mode and owner are those of the file that is linked to.
                return self.folder.make_hard_link(&path, &clean(&link.unwrap_or_default())?);
            }
            EntryType::Fifo => self.folder.make_node(&path, FileType::Fifo, mode, 0)?,
            EntryType::Char | EntryType::Block => {
                if !self.privileged {
                    return Ok(());
                }
                self.make_device(&path, kind, mode, device)?;
            }
            _ => return Err(UnpackError::Kind { path }),
        }
        if self.privileged && owner != (0, 0) {
            self.folder.set_owner(&path, owner)?;
            if kind == EntryType::Regular && mode & 0o6000 != 0 {
                // A change of owner clears these bits.
                self.folder.set_mode(&path, Mode::from_raw_mode(mode))?;
            }
        }
        Ok(())
    }

    /// A device node of the numbers in a header; what a header leaves out is 0.
    fn make_device(
        &self,
        path: &str,
        kind: EntryType,
        mode: u32,
        (major, minor): (Option<u32>, Option<u32>),
    ) -> Result<(), UnpackError> {
        let number = rustix::fs::makedev(major.unwrap_or(0), minor.unwrap_or(0));
        let kind = match kind {
            EntryType::Char => FileType::CharacterDevice,
            _ => FileType::BlockDevice,
        };
        self.folder.make_node(path, kind, mode, number)
    }

    fn finish(self) -> Result<(), UnpackError> {
        for (path, mode) in self.folder_modes.iter().rev() {
            // Without privilege the owner must still be able to clear the folder away.
            let mode = if self.privileged { *mode } else { *mode | 0o700 };
            self.folder.set_mode(path, Mode::from_raw_mode(mode))?;
        }
        Ok(())
    }
}

/// A relative path without `.` components; empty for the root itself.
///
/// An absolute path, a `..`, or bytes that are not UTF-8 are refused.
pub(crate) fn clean(raw: &[u8]) -> Result<String, UnpackError> {
    let text = std::str::from_utf8(raw)
        .map_err(|_| UnpackError::Path { path: String::from_utf8_lossy(raw).into_owned() })?;
    let refuse = || UnpackError::Path { path: text.to_owned() };
    if text.starts_with('/') || text.contains('\0') {
        return Err(refuse());
    }
    let mut parts = Vec::new();
    for part in text.split('/') {
        match part {
            "" | "." => {}
            ".." => return Err(refuse()),
            part => parts.push(part),
        }
    }
    Ok(parts.join("/"))
}
