//! What passes through on its way into a segment's files, counted and summed up.

use super::{SegmentError, Span};
use std::io::{self, Read, Write};

/// What is written, counted and summed up.
pub(super) struct Tracked<W> {
    out: W,
    start: u64,
    length: u64,
    crc: crc32fast::Hasher,
}

impl<W: Write> Tracked<W> {
    pub(super) fn new(out: W) -> Self {
        Self { out, start: 0, length: 0, crc: crc32fast::Hasher::new() }
    }

    pub(super) fn put(&mut self, bytes: &[u8]) -> Result<(), SegmentError> {
        self.crc.update(bytes);
        self.length += bytes.len() as u64;
        self.out.write_all(bytes).map_err(|source| SegmentError::Write { source })
    }

    /// What is below, not flushed.
    pub(super) fn into_inner(self) -> W {
        self.out
    }

    /// What was put since the last cut.
    pub(super) fn cut(&mut self) -> Span {
        let crc32 = std::mem::take(&mut self.crc).finalize();
        let span = Span { at: self.start, length: self.length, crc32 };
        self.start = span.end();
        self.length = 0;
        span
    }
}

/// Passes bytes on and keeps them; a failure to keep them is told apart from one to read.
pub(super) struct Tee<'a, R, W> {
    pub(super) inner: R,
    pub(super) out: &'a mut Tracked<W>,
    pub(super) failure: &'a mut Option<io::Error>,
}

impl<R: Read, W: Write> Read for Tee<'_, R, W> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        match self.out.put(&buffer[..count]) {
            Ok(()) => Ok(count),
            Err(SegmentError::Write { source }) => {
                let kind = source.kind();
                *self.failure = Some(source);
                Err(kind.into())
            }
            Err(other) => Err(io::Error::other(other)),
        }
    }
}
