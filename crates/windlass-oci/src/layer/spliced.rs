//! Layers joined from segments: nothing is compressed again but a few folders.
//!
//! Invariants: the same selection gives the same bytes; folders come first, sorted, each once;
//! files follow in the order given; no path comes twice and every file's folder is there. The
//! whole is one gzip member: decoders that start anew for each member take several times as long.
//! Every slice is compared with its check sums while it is copied, so a damaged segment ends in an
//! error and never in a layer. The tar is hashed in a thread of its own: hashing is all that is
//! left to do. A run of slices is read in one sweep, and no layer is ever held in memory.

use super::packer::Packer;
use super::{LayerError, LayerInfo, arrange, header};
use crate::Descriptor;
use crate::deflate::{FINAL_EMPTY, pack, pack_fixed};
use crate::hashing::Hashing;
use crate::segment::{SegmentFiles, Slice, Span};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Seek as _, SeekFrom, Write};
use std::path::Path;
use windlass_model::{Compression, Digest};

/// What a layer is joined from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SplicedLayer<'a> {
    /// Folders, relative to the image's root; those above a file must be among them.
    pub folders: BTreeSet<&'a str>,
    /// Files, in their order.
    pub files: Vec<SplicedFile<'a>>,
}

/// One file of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SplicedFile<'a> {
    /// Its path, which its header in the segment has too.
    pub path: &'a str,
    /// Its segment.
    pub segment: &'a SegmentFiles,
    /// Where it lies there.
    pub slice: &'a Slice,
}

/// RFC 1952: DEFLATE, no name, no time, an unknown system. The same as [`super::LayerWriter`]'s.
const GZIP_HEAD: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
/// Two empty blocks end a tar.
const TAR_END: [u8; 1024] = [0; 1024];
const BUFFER: usize = 256 * 1024;

impl SplicedLayer<'_> {
    /// Writes the layer to `out` as a compressed tar, and gives `out` back. Only gzip is joined from
    /// the segments' pieces; Zstandard is compressed as a whole, from the segments' tar.
    ///
    /// # Errors
    /// Paths that cannot be in a layer, damaged segments, and what reading and writing meet.
    pub fn write<W: Write>(
        &self,
        out: W,
        compression: Compression,
    ) -> Result<(W, LayerInfo), LayerError> {
        self.check()?;
        let folders: Vec<u8> =
            self.folders.iter().flat_map(|path| header::folder_head(path)).collect();
        std::thread::scope(|scope| {
            let hashing = scope.spawn(|| self.hash_tar(&folders));
            let packed = match compression {
                Compression::Gzip => self.write_packed(out, &folders),
                Compression::Zstd => self.write_zstd(out, &folders),
            };
            let (diff_id, crc32, length) = hashing.join().expect("hashing does not panic")?;
            let mut out = packed?;
            if compression == Compression::Gzip {
                // RFC 1952: the length counts modulo 2^32.
                let trailer = [crc32.to_le_bytes(), (length as u32).to_le_bytes()].concat();
                out.write_all(&trailer).map_err(|source| LayerError::Write { source })?;
            }
            let (out, digest, size) = out.finish();
            let media_type = match compression {
                Compression::Gzip => Descriptor::LAYER_GZIP,
                Compression::Zstd => Descriptor::LAYER_ZSTD,
            };
            let descriptor = Descriptor::new(media_type, digest, size);
            Ok((out, LayerInfo { descriptor, diff_id }))
        })
    }

    fn check(&self) -> Result<(), LayerError> {
        let mut seen = BTreeSet::new();
        for folder in &self.folders {
            self.check_path(folder)?;
        }
        for file in &self.files {
            let path = file.path;
            self.check_path(path)?;
            if self.folders.contains(path) || !seen.insert(path) {
                return Err(LayerError::Duplicate { path: path.to_owned() });
            }
        }
        Ok(())
    }

    fn check_path(&self, path: &str) -> Result<(), LayerError> {
        if !arrange::is_layer_path(path) {
            return Err(LayerError::Path { path: path.to_owned() });
        }
        match path.rsplit_once('/') {
            Some((parent, _)) if !self.folders.contains(parent) => {
                Err(LayerError::Parent { path: path.to_owned(), parent: parent.to_owned() })
            }
            _ => Ok(()),
        }
    }

    /// Digest, CRC-32 and length of the tar.
    fn hash_tar(&self, folders: &[u8]) -> Result<(Digest, u32, u64), LayerError> {
        let (mut sha256, mut crc32, mut length) = (Sha256::new(), crc32fast::Hasher::new(), 0);
        let mut take = |bytes: &[u8]| {
            sha256.update(bytes);
            crc32.update(bytes);
            length += bytes.len() as u64;
            Ok(())
        };
        take(folders).map_err(|source| LayerError::Write { source })?;
        self.sweep(|segment| &segment.tar, |slice| slice.tar, &mut take)?;
        take(&TAR_END).map_err(|source| LayerError::Write { source })?;
        Ok((Digest::from_bytes(sha256.finalize().into()), crc32.finalize(), length))
    }

    fn write_packed<W: Write>(&self, out: W, folders: &[u8]) -> Result<Hashing<W>, LayerError> {
        let write = |source| LayerError::Write { source };
        let mut out = Hashing::new(out);
        out.write_all(&GZIP_HEAD).map_err(write)?;
        out.write_all(&pack(folders).map_err(write)?).map_err(write)?;
        let mut put = |bytes: &[u8]| out.write_all(bytes);
        self.sweep(|segment| &segment.packed, |slice| slice.packed, &mut put)?;
        out.write_all(&pack_fixed(&TAR_END)).map_err(write)?;
        out.write_all(&FINAL_EMPTY).map_err(write)?;
        Ok(out)
    }

    fn write_zstd<W: Write>(&self, out: W, folders: &[u8]) -> Result<Hashing<W>, LayerError> {
        let write = |source| LayerError::Write { source };
        let mut packer = Packer::zstd(Hashing::new(out)).map_err(write)?;
        packer.write_all(folders).map_err(write)?;
        let mut put = |bytes: &[u8]| packer.write_all(bytes);
        self.sweep(|segment| &segment.tar, |slice| slice.tar, &mut put)?;
        packer.write_all(&TAR_END).map_err(write)?;
        packer.finish().map_err(write)
    }

    /// Reads one form of all files, in order; slices that follow each other without a seek.
    fn sweep(
        &self,
        path: impl Fn(&SegmentFiles) -> &Path,
        span: impl Fn(&Slice) -> Span,
        put: &mut dyn FnMut(&[u8]) -> io::Result<()>,
    ) -> Result<(), LayerError> {
        let mut open: Option<(&SegmentFiles, BufReader<File>, u64)> = None;
        for file in &self.files {
            let (path, span) = (path(file.segment), span(file.slice));
            let read = |source| LayerError::Read { path: path.to_owned(), source };
            let (mut reader, at) = match open.take() {
                Some((segment, reader, at)) if segment == file.segment => (reader, at),
                _ => (BufReader::with_capacity(BUFFER, File::open(path).map_err(read)?), 0),
            };
            if at != span.at {
                reader.seek(SeekFrom::Start(span.at)).map_err(read)?;
            }
            copy_slice(&mut reader, span, path, put)?;
            open = Some((file.segment, reader, span.end()));
        }
        Ok(())
    }
}

/// Copies one slice, and compares it with its check sum.
fn copy_slice(
    reader: &mut BufReader<File>,
    span: Span,
    path: &Path,
    put: &mut dyn FnMut(&[u8]) -> io::Result<()>,
) -> Result<(), LayerError> {
    let damaged = || LayerError::Damaged { path: path.to_owned() };
    let mut crc32 = crc32fast::Hasher::new();
    let mut left = span.length;
    while left > 0 {
        let bytes = match reader.fill_buf() {
            Ok([]) => return Err(damaged()),
            Ok(bytes) => &bytes[..left.min(bytes.len() as u64) as usize],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(source) => return Err(LayerError::Read { path: path.to_owned(), source }),
        };
        crc32.update(bytes);
        put(bytes).map_err(|source| LayerError::Write { source })?;
        let count = bytes.len();
        left -= count as u64;
        reader.consume(count);
    }
    if crc32.finalize() == span.crc32 { Ok(()) } else { Err(damaged()) }
}
