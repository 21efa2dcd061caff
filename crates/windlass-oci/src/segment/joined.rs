//! A foreign DEFLATE stream as a piece: its last block is not the last, and it ends on a byte.

use crate::deflate::{EMPTY_STORED, Walked};
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt as _;

/// A part of a file; reading it moves no shared position.
#[derive(Debug, Clone)]
pub struct FileRange<'a> {
    file: &'a File,
    at: u64,
    left: u64,
}

impl<'a> FileRange<'a> {
    /// `length` bytes from `at` on.
    pub fn new(file: &'a File, at: u64, length: u64) -> Self {
        Self { file, at, left: length }
    }

    /// Fills the buffer from `at` on, counted from where the range stands, without moving it.
    ///
    /// # Errors
    /// A place that is not inside the range, and what reading meets.
    pub fn read_exact_at(&self, buffer: &mut [u8], at: u64) -> io::Result<()> {
        if at.checked_add(buffer.len() as u64).is_none_or(|end| end > self.left) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.file.read_exact_at(buffer, self.at.saturating_add(at))
    }

    /// How many bytes are left to read.
    pub fn left(&self) -> u64 {
        self.left
    }
}

impl Read for FileRange<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let wanted = self.left.min(buffer.len() as u64) as usize;
        let count = self.file.read_at(&mut buffer[..wanted], self.at)?;
        self.at += count as u64;
        self.left -= count as u64;
        Ok(count)
    }
}

/// The stream with its last block's mark cleared, and an empty stored block after it.
pub(super) struct Joined<R> {
    stream: io::Take<R>,
    position: u64,
    mark: (u64, u8),
    /// Number and used bits of the byte that the stream ends within, if it does.
    end: Option<(u64, u8)>,
    joint: Vec<u8>,
}

impl<R: Read> Joined<R> {
    /// `stream` must be the one that was walked.
    pub(super) fn new(stream: R, walked: &Walked) -> Self {
        let used = walked.end_bit % 8;
        // The block's first three bits fit into the last byte, or need one more.
        let mut joint = if used == 0 || used > 5 { vec![0] } else { Vec::new() };
        joint.extend(EMPTY_STORED);
        // Read from its end.
        joint.reverse();
        Self {
            stream: stream.take(walked.end_bit.div_ceil(8)),
            position: 0,
            mark: (walked.last_block_bit / 8, !(1 << (walked.last_block_bit % 8))),
            end: (used > 0).then(|| (walked.end_bit / 8, (1 << used) - 1)),
            joint,
        }
    }
}

impl<R: Read> Read for Joined<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let count = self.stream.read(buffer)?;
        if count == 0 {
            let Some(byte) = self.joint.pop() else { return Ok(0) };
            buffer[0] = byte;
            return Ok(1);
        }
        for (at, mask) in std::iter::once(self.mark).chain(self.end) {
            let inside = at.checked_sub(self.position).filter(|at| *at < count as u64);
            if let Some(at) = inside {
                buffer[at as usize] &= mask;
            }
        }
        self.position += count as u64;
        Ok(count)
    }
}
