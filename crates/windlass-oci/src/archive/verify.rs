//! Whether the layers of an image are what its config says: every byte is decompressed and hashed.

use super::ArchiveError;
use super::stage::Staged;
use crate::hashing::Hashing;
use crate::{Descriptor, StoreError};
use flate2::bufread::MultiGzDecoder;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read};
use std::sync::atomic::{AtomicU64, Ordering};
use windlass_model::Digest;

/// A layer and what it must turn out to be once it is decompressed.
pub(super) struct Layer<'a> {
    pub(super) path: String,
    pub(super) staged: &'a Staged,
    pub(super) diff_id: Digest,
}

/// The type of a layer by its first bytes.
pub(super) fn media_type(staged: &Staged) -> Result<&'static str, ArchiveError> {
    let mut begin = [0; 4];
    let read = File::open(&staged.place).and_then(|mut file| file.read(&mut begin));
    let count = read.map_err(StoreError::disk(&staged.place))?;
    match &begin[..count] {
        [0x1f, 0x8b, ..] => Ok(Descriptor::LAYER_GZIP),
        [0x28, 0xb5, 0x2f, 0xfd] => Ok(Descriptor::LAYER_ZSTD),
        _ => Ok(Descriptor::LAYER_TAR),
    }
}

/// Checks every layer, several at a time; `limit` bounds what they decompress to, in bytes.
pub(super) fn layers(layers: &[Layer<'_>], limit: u64) -> Result<(), ArchiveError> {
    let left = AtomicU64::new(limit);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let next = std::sync::atomic::AtomicUsize::new(0);
    let work = || -> Result<(), ArchiveError> {
        while let Some(layer) = layers.get(next.fetch_add(1, Ordering::Relaxed)) {
            check(layer, &left, limit)?;
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads.min(layers.len())).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|w| w.join().expect("checking a layer does not panic"))
    })
}

fn check(layer: &Layer<'_>, left: &AtomicU64, limit: u64) -> Result<(), ArchiveError> {
    let staged = layer.staged;
    let file = File::open(&staged.place).map_err(StoreError::disk(&staged.place))?;
    let mut packed = BufReader::with_capacity(128 * 1024, file);
    let begin = packed.fill_buf().map_err(StoreError::disk(&staged.place))?;
    let actual = if begin.starts_with(&[0x1f, 0x8b]) {
        hash(MultiGzDecoder::new(packed), left)
    } else if begin.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        // A window of more than 128 MiB is refused.
        zstd::Decoder::with_buffer(packed).and_then(|decoder| hash(decoder, left))
    } else {
        hash(packed, left)
    };
    match actual.map_err(|source| ArchiveError::Read { source })? {
        None => Err(ArchiveError::TooLarge { limit, unit: "bytes in its layers" }),
        Some(actual) if actual == layer.diff_id => Ok(()),
        Some(actual) => {
            Err(ArchiveError::Damaged { path: layer.path.clone(), expected: layer.diff_id, actual })
        }
    }
}

/// The digest of all bytes; `None` once more were read than are left for all layers.
fn hash(reader: impl Read, left: &AtomicU64) -> io::Result<Option<Digest>> {
    let mut hashing = Hashing::new(reader);
    let mut buffer = vec![0; 128 * 1024];
    loop {
        match hashing.read(&mut buffer) {
            Ok(0) => return Ok(Some(hashing.finish().1)),
            Ok(count) => {
                let taken = |left: u64| left.checked_sub(count as u64);
                if left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, taken).is_err() {
                    return Ok(None);
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
