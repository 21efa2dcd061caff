//! Writing layers: the same entries give the same bytes, on any machine.
//!
//! Invariants: entries are sorted, every folder is written before what it holds, no path comes
//! twice, times and owners are 0, the gzip header carries neither name nor time. The digest and
//! the diff-id are computed in the one pass that writes. Gzip unless Zstandard is asked for.

mod arrange;
pub(crate) mod header;
mod packer;
mod spliced;

pub(crate) use arrange::is_layer_path;
pub(crate) use header::file_head;
pub use spliced::{SplicedFile, SplicedLayer};

use crate::hashing::Hashing;
use crate::{Content, Descriptor, EntryKind, LayerEntry};
use packer::Packer;
use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;
use windlass_model::Digest;

/// Writes one layer to `out` as a compressed tar.
pub struct LayerWriter<W: Write> {
    tar: Hashing<Packer<Hashing<W>>>,
}

/// What a written layer is.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct LayerInfo {
    /// The compressed blob.
    pub descriptor: Descriptor,
    /// Digest of the uncompressed tar.
    pub diff_id: Digest,
}

/// Why a layer was not written.
#[derive(Debug, thiserror::Error)]
pub enum LayerError {
    /// A path that must not be in a layer: absolute, empty, or with `.` or `..`.
    #[error("`{path}` is not a path that a layer can hold")]
    Path {
        /// The path.
        path: String,
    },
    /// Two different things at one path.
    #[error("two entries want the path `{path}`")]
    Duplicate {
        /// The path.
        path: String,
    },
    /// Something lies below what is not a folder.
    #[error("`{path}` lies below `{parent}`, which is not a folder")]
    Parent {
        /// The entry.
        path: String,
        /// What it lies below.
        parent: String,
    },
    /// A file that belongs to the layer cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file changed its size while it was read.
    #[error("{} changed while it was read", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// A segment is not what was written: it must be made again.
    #[error("{} is damaged", path.display())]
    Damaged {
        /// The segment's file.
        path: PathBuf,
    },
    /// The layer cannot be written.
    #[error("cannot write the layer")]
    Write {
        /// Why.
        source: io::Error,
    },
}

impl<W: Write> LayerWriter<W> {
    /// A writer of gzip at the given level (0 to 9).
    pub fn new(out: W, level: u32) -> Self {
        Self { tar: Hashing::new(Packer::gzip(Hashing::new(out), level)) }
    }

    /// A writer of Zstandard.
    ///
    /// # Errors
    /// A compressor that cannot be set up.
    pub fn zstd(out: W) -> Result<Self, LayerError> {
        let packer =
            Packer::zstd(Hashing::new(out)).map_err(|source| LayerError::Write { source })?;
        Ok(Self { tar: Hashing::new(packer) })
    }

    /// Arranges and writes all entries, ends the layer, and gives back `out`.
    ///
    /// Folders that entries lie in are added with mode 755 when they are not entries themselves.
    ///
    /// # Errors
    /// Paths that cannot be in a layer, files that cannot be read, and what writing meets.
    pub fn write(mut self, entries: Vec<LayerEntry>) -> Result<(W, LayerInfo), LayerError> {
        for entry in arrange::arranged(entries)? {
            self.entry(&entry)?;
        }
        let write = |source| LayerError::Write { source };
        self.tar.write_all(&[0; 1024]).map_err(write)?;
        let (packer, diff_id, _) = self.tar.finish();
        let media_type = packer.media_type();
        let (out, digest, size) = packer.finish().map_err(write)?.finish();
        let descriptor = Descriptor::new(media_type, digest, size);
        Ok((out, LayerInfo { descriptor, diff_id }))
    }

    fn entry(&mut self, entry: &LayerEntry) -> Result<(), LayerError> {
        match &entry.kind {
            EntryKind::Dir => self.head(entry, 0, b'5', ""),
            EntryKind::Symlink(target) => self.head(entry, 0, b'2', target),
            EntryKind::File(Content::Bytes(bytes)) => {
                self.head(entry, bytes.len() as u64, b'0', "")?;
                self.body(bytes)
            }
            EntryKind::File(Content::Path(path)) => {
                let read = |source| LayerError::Read { path: path.clone(), source };
                let mut file = File::open(path).map_err(read)?;
                let size = file.metadata().map_err(read)?.len();
                self.head(entry, size, b'0', "")?;
                let copied = copy(&mut file, &mut self.tar, path)?;
                if copied != size {
                    return Err(LayerError::Changed { path: path.clone() });
                }
                self.pad(size)
            }
        }
    }

    fn head(
        &mut self,
        entry: &LayerEntry,
        size: u64,
        kind: u8,
        target: &str,
    ) -> Result<(), LayerError> {
        let head = header::head(entry, size, kind, target);
        self.tar.write_all(&head).map_err(|source| LayerError::Write { source })
    }

    fn body(&mut self, bytes: &[u8]) -> Result<(), LayerError> {
        self.tar.write_all(bytes).map_err(|source| LayerError::Write { source })?;
        self.pad(bytes.len() as u64)
    }

    fn pad(&mut self, size: u64) -> Result<(), LayerError> {
        let rest = (512 - size % 512) % 512;
        self.tar
            .write_all(&[0; 512][..rest as usize])
            .map_err(|source| LayerError::Write { source })
    }
}

/// Copies with read and write failures kept apart: one names a file, the other is a full disk.
fn copy(from: &mut File, to: &mut impl Write, path: &std::path::Path) -> Result<u64, LayerError> {
    use std::io::Read;
    let mut buffer = vec![0_u8; 64 * 1024];
    let mut total = 0;
    loop {
        let n = from
            .read(&mut buffer)
            .map_err(|source| LayerError::Read { path: path.to_owned(), source })?;
        if n == 0 {
            return Ok(total);
        }
        to.write_all(&buffer[..n]).map_err(|source| LayerError::Write { source })?;
        total += n as u64;
    }
}
