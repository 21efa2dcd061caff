//! Reading bits, least significant first (RFC 1951, section 3.1.1).

use super::DeflateError;
use std::io::{BufRead, ErrorKind};

/// Bits of a stream. `hold` has `count` of them; above these it is 0.
pub(super) struct Bits<R> {
    input: R,
    hold: u64,
    count: u32,
    bytes_taken: u64,
}

impl<R: BufRead> Bits<R> {
    pub(super) fn new(input: R) -> Self {
        Self { input, hold: 0, count: 0, bytes_taken: 0 }
    }

    /// How many bits were used up.
    pub(super) fn position(&self) -> u64 {
        self.bytes_taken * 8 - u64::from(self.count)
    }

    /// Holds at least 48 bits afterwards, or all that are left.
    #[inline]
    pub(super) fn fill(&mut self) -> Result<(), DeflateError> {
        if self.count >= 48 {
            return Ok(());
        }
        let buffer = match self.input.fill_buf() {
            Ok(buffer) => buffer,
            Err(error) if error.kind() == ErrorKind::Interrupted => return self.fill(),
            Err(source) => return Err(DeflateError::Read { source }),
        };
        if let Some(word) = buffer.first_chunk::<8>() {
            let bytes = (63 - self.count) / 8;
            // A shift by 64 - 8 * bytes keeps only the bytes that are taken.
            let word = u64::from_le_bytes(*word) & (u64::MAX >> (64 - 8 * bytes));
            self.hold |= word << self.count;
            self.count += 8 * bytes;
            self.bytes_taken += u64::from(bytes);
            self.input.consume(bytes as usize);
            return Ok(());
        }
        let Some(byte) = buffer.first() else { return Ok(()) };
        self.hold |= u64::from(*byte) << self.count;
        self.count += 8;
        self.bytes_taken += 1;
        self.input.consume(1);
        self.fill()
    }

    /// The next 16 bits, 0 where the stream has ended.
    #[inline]
    pub(super) fn peek(&self) -> usize {
        (self.hold & 0xffff) as usize
    }

    /// Uses up bits that were peeked at.
    #[inline]
    pub(super) fn drop(&mut self, count: u32) -> Result<(), DeflateError> {
        if count > self.count {
            return Err(DeflateError::Truncated);
        }
        self.hold >>= count;
        self.count -= count;
        Ok(())
    }

    /// Bits that are held already: at most 16.
    #[inline]
    pub(super) fn held(&mut self, count: u32) -> Result<u64, DeflateError> {
        let bits = self.hold & ((1 << count) - 1);
        self.drop(count)?;
        Ok(bits)
    }

    /// The next bits: at most 16.
    pub(super) fn take(&mut self, count: u32) -> Result<u64, DeflateError> {
        self.fill()?;
        self.held(count)
    }

    /// Goes on at the next whole byte.
    pub(super) fn align(&mut self) {
        let rest = self.count % 8;
        self.hold >>= rest;
        self.count -= rest;
    }

    /// Passes over whole bytes.
    pub(super) fn skip_bytes(&mut self, mut bytes: u64) -> Result<(), DeflateError> {
        while bytes > 0 && self.count >= 8 {
            self.drop(8)?;
            bytes -= 1;
        }
        while bytes > 0 {
            let there = match self.input.fill_buf() {
                Ok(buffer) => buffer.len() as u64,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(source) => return Err(DeflateError::Read { source }),
            };
            if there == 0 {
                return Err(DeflateError::Truncated);
            }
            let taken = bytes.min(there);
            self.input.consume(taken as usize);
            self.bytes_taken += taken;
            bytes -= taken;
        }
        Ok(())
    }
}
