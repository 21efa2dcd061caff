//! Looking through a layer without unpacking it.
//!
//! Invariants: the blob's digest and its diff-id are checked over every byte, so whoever was told
//! of an entry may believe it once the walk has ended well, and not before. Whiteouts
//! (image-spec, `layer.md`) are told as what they mean. Nothing is written, and no content is
//! kept in memory here: whoever looks decides how much of a file to read.

use crate::hashing::Hashing;
use crate::unpack::clean;
use crate::{Expected, UnpackError};
use flate2::bufread::MultiGzDecoder;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use tar::EntryType;

/// Largest layer that is looked through, in uncompressed bytes: 64 GiB.
const LAYER_LIMIT: u64 = 64 << 30;

/// One entry of a layer.
pub enum Item<'a> {
    /// A file, with its content to be read or not.
    File(&'a mut dyn Read),
    /// Another name of a file of the same layer: that file's path.
    HardLink(String),
    /// A symbolic link.
    Symlink,
    /// A folder.
    Dir,
    /// A device, a pipe.
    Node,
    /// What lower layers have at this path, and below it, is gone.
    Whiteout,
    /// What lower layers have below this folder is gone.
    Opaque,
}

/// Tells `visit` the path and the meaning of every entry of the layer at `blob` (tar, gzip of any
/// number of members, Zstandard of any number of frames), in the layer's order.
///
/// # Errors
/// A layer that is damaged, unsafe or too large, and what `visit` answers (as a failure to read).
pub fn walk_layer(
    blob: &Path,
    expected: Expected,
    visit: &mut dyn FnMut(&str, Item<'_>) -> io::Result<()>,
) -> Result<(), UnpackError> {
    let read = |source| UnpackError::Read { blob: blob.to_owned(), source };
    let file = File::open(blob).map_err(read)?;
    let mut packed = BufReader::with_capacity(128 * 1024, Hashing::new(file));
    let start = packed.fill_buf().map_err(read)?;
    let is_gzip = start.starts_with(&[0x1f, 0x8b]);
    let is_zstd = start.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]);
    let plain: Box<dyn Read + '_> = if is_zstd {
        // A window of more than 128 MiB is refused.
        Box::new(zstd::Decoder::with_buffer(&mut packed).map_err(read)?)
    } else if is_gzip {
        Box::new(MultiGzDecoder::new(&mut packed))
    } else {
        Box::new(&mut packed)
    };
    let mut plain = Hashing::new(plain.take(LAYER_LIMIT + 1));
    entries(&mut plain, blob, visit)?;
    io::copy(&mut plain, &mut io::sink()).map_err(read)?;
    let (rest, diff_id, length) = plain.finish();
    drop(rest);
    if length > LAYER_LIMIT {
        return Err(read(io::Error::new(io::ErrorKind::FileTooLarge, "more than 64 GiB")));
    }
    io::copy(&mut packed, &mut io::sink()).map_err(read)?;
    let (_, digest, _) = packed.into_inner().finish();
    let found = Expected { digest, diff_id };
    if found == expected {
        return Ok(());
    }
    let (expected, found) = (Box::new(expected), Box::new(found));
    Err(UnpackError::Damaged { blob: blob.to_owned(), expected, found })
}

fn entries(
    plain: &mut dyn Read,
    blob: &Path,
    visit: &mut dyn FnMut(&str, Item<'_>) -> io::Result<()>,
) -> Result<(), UnpackError> {
    let read = |source| UnpackError::Read { blob: blob.to_owned(), source };
    let mut archive = tar::Archive::new(plain);
    for entry in archive.entries().map_err(read)? {
        let mut entry = entry.map_err(read)?;
        let kind = entry.header().entry_type();
        let path = clean(&entry.path_bytes())?;
        if kind == EntryType::XGlobalHeader || path.is_empty() {
            continue;
        }
        if let Some((path, item)) = whiteout(&path)? {
            visit(&path, item).map_err(read)?;
            continue;
        }
        let item = match kind {
            EntryType::Directory => Item::Dir,
            EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => {
                Item::File(&mut entry)
            }
            EntryType::Symlink => Item::Symlink,
            EntryType::Link => Item::HardLink(clean(&entry.link_name_bytes().unwrap_or_default())?),
            EntryType::Fifo | EntryType::Char | EntryType::Block => Item::Node,
            _ => return Err(UnpackError::Kind { path }),
        };
        visit(&path, item).map_err(read)?;
    }
    Ok(())
}

/// What a whiteout takes away; `None` for other entries.
fn whiteout(path: &str) -> Result<Option<(String, Item<'static>)>, UnpackError> {
    let (above, name) = path.rsplit_once('/').unwrap_or(("", path));
    if name == ".wh..wh..opq" {
        return Ok(Some((above.to_owned(), Item::Opaque)));
    }
    let Some(hidden) = name.strip_prefix(".wh.") else { return Ok(None) };
    if matches!(hidden, "" | "." | "..") {
        return Err(UnpackError::Path { path: path.to_owned() });
    }
    let hidden = if above.is_empty() { hidden.to_owned() } else { format!("{above}/{hidden}") };
    Ok(Some((hidden, Item::Whiteout)))
}
