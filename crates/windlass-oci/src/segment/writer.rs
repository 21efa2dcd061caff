//! Writing a segment, file by file.

use super::joined::{FileRange, Joined};
use super::tracked::{Tee, Tracked};
use super::{SegmentError, Slice};
use crate::deflate::{FINAL_EMPTY, pack_fixed, walk};
use crate::layer::{file_head, is_layer_path};
use flate2::{Compress, Compression, FlushCompress};
use std::io::{self, BufRead as _, BufReader, Read, Write};

/// What a file's header says.
#[derive(Debug, Clone, Copy)]
pub struct FileHead<'a> {
    /// Path relative to the image's root, as in [`crate::LayerEntry`].
    pub path: &'a str,
    /// Permission bits.
    pub mode: u32,
    /// Size in bytes; the content must have it.
    pub size: u64,
}

/// Where a file's content comes from.
pub enum PieceSource<'a> {
    /// A raw DEFLATE stream, which is taken over as it is.
    Deflated(FileRange<'a>),
    /// Bytes to compress.
    Plain(&'a mut dyn Read),
}

/// Writes the two forms of a segment side by side.
pub struct SegmentWriter<T: Write, P: Write> {
    tar: Tracked<T>,
    packed: Tracked<P>,
    compress: Compress,
}

/// Compression of what comes as plain bytes: done once, kept for ever.
const LEVEL: u32 = 6;
const BUFFER: usize = 64 * 1024;

impl<T: Write, P: Write> SegmentWriter<T, P> {
    /// A writer of an empty segment; both should be buffered.
    pub fn new(tar: T, packed: P) -> Self {
        let compress = Compress::new(Compression::new(LEVEL), false);
        Self { tar: Tracked::new(tar), packed: Tracked::new(packed), compress }
    }

    /// Adds a file. `seen` is given its content, in parts, as it will be in the layer.
    ///
    /// # Errors
    /// A path that no layer can hold, a content that is malformed, unreadable or of another size,
    /// and what writing meets; the segment is then to be thrown away.
    pub fn append(
        &mut self,
        head: FileHead<'_>,
        content: PieceSource<'_>,
        seen: &mut dyn FnMut(&[u8]),
    ) -> Result<Slice, SegmentError> {
        if !is_layer_path(head.path) {
            return Err(SegmentError::Path { path: head.path.to_owned() });
        }
        let block = file_head(head.path, head.mode, head.size);
        self.tar.put(&block)?;
        let padding = &[0; 512][..((512 - head.size % 512) % 512) as usize];
        let found = match content {
            PieceSource::Deflated(range) => {
                self.packed.put(&pack_fixed(&block))?;
                let found = self.deflated(range, head.size, seen)?;
                if !padding.is_empty() {
                    self.packed.put(&pack_fixed(padding))?;
                }
                found
            }
            PieceSource::Plain(reader) => {
                self.compress.reset();
                self.pack(&block, FlushCompress::None)?;
                let found = self.plain(reader, head.size, seen)?;
                self.pack(padding, FlushCompress::Full)?;
                found
            }
        };
        if found != head.size {
            return Err(SegmentError::Length { expected: head.size, found });
        }
        self.tar.put(padding)?;
        let (tar, packed) = (self.tar.cut(), self.packed.cut());
        Ok(Slice { tar, packed, head: block.len() as u32, size: head.size })
    }

    /// Gives back both, with everything written to them.
    ///
    /// # Errors
    /// What writing meets.
    pub fn finish(self) -> Result<(T, P), SegmentError> {
        let write = |source| SegmentError::Write { source };
        let (mut tar, mut packed) = (self.tar.into_inner(), self.packed.into_inner());
        tar.flush().map_err(write)?;
        packed.flush().map_err(write)?;
        Ok((tar, packed))
    }

    /// Takes a stream over; what is inflated is the piece, not the stream that it was.
    fn deflated(
        &mut self,
        range: FileRange<'_>,
        size: u64,
        seen: &mut dyn FnMut(&[u8]),
    ) -> Result<u64, SegmentError> {
        let room = range.left().clamp(64, BUFFER as u64) as usize;
        let walked = walk(BufReader::with_capacity(room, range.clone()), size)?;
        let mut failure = None;
        let joined = Joined::new(BufReader::with_capacity(room, range), &walked);
        let piece = Tee { inner: joined, out: &mut self.packed, failure: &mut failure };
        let piece = BufReader::with_capacity(room, piece.chain(&FINAL_EMPTY[..]));
        let mut inflated = flate2::bufread::DeflateDecoder::new(piece);
        let copied = copy(&mut inflated, &mut self.tar, size, seen);
        let rest = inflated.into_inner().fill_buf().map(<[u8]>::len);
        if let Some(source) = failure {
            return Err(SegmentError::Write { source });
        }
        let copied = copied?;
        // Nothing of the piece may be left: an end within it would cut the layer short.
        match rest {
            Ok(0) => Ok(copied),
            Ok(_) => Err(SegmentError::Length { expected: walked.length, found: copied }),
            Err(source) => Err(SegmentError::Content { source }),
        }
    }

    fn plain(
        &mut self,
        reader: &mut dyn Read,
        size: u64,
        seen: &mut dyn FnMut(&[u8]),
    ) -> Result<u64, SegmentError> {
        let mut buffer = vec![0; size.clamp(64, BUFFER as u64) as usize];
        let mut total = 0;
        loop {
            // Always whole buffers: what compressing gives must not depend on how reads fall.
            let count = read_full(reader, &mut buffer)
                .map_err(|source| SegmentError::Content { source })?;
            total += count as u64;
            if count == 0 || total > size {
                return Ok(total);
            }
            let bytes = &buffer[..count];
            seen(bytes);
            self.tar.put(bytes)?;
            self.pack(bytes, FlushCompress::None)?;
        }
    }

    fn pack(&mut self, mut bytes: &[u8], flush: FlushCompress) -> Result<(), SegmentError> {
        let mut out = [0; 8192];
        loop {
            let before = (self.compress.total_in(), self.compress.total_out());
            self.compress.compress(bytes, &mut out, flush).map_err(|error| {
                let source = io::Error::other(error);
                SegmentError::Write { source }
            })?;
            let taken = (self.compress.total_in() - before.0) as usize;
            let given = (self.compress.total_out() - before.1) as usize;
            self.packed.put(&out[..given])?;
            bytes = &bytes[taken..];
            if bytes.is_empty() && given < out.len() {
                return Ok(());
            }
        }
    }
}

/// Copies, but not far past the size that is expected.
fn copy<T: Write>(
    from: &mut dyn Read,
    to: &mut Tracked<T>,
    size: u64,
    seen: &mut dyn FnMut(&[u8]),
) -> Result<u64, SegmentError> {
    let mut buffer = vec![0; size.clamp(64, BUFFER as u64) as usize];
    let mut total = 0;
    loop {
        let count =
            read_full(from, &mut buffer).map_err(|source| SegmentError::Content { source })?;
        total += count as u64;
        if count == 0 || total > size {
            return Ok(total);
        }
        seen(&buffer[..count]);
        to.put(&buffer[..count])?;
    }
}

fn read_full(from: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match from.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
