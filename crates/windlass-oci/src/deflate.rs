//! Walking a raw DEFLATE stream (RFC 1951) without keeping what it stands for.
//!
//! A layer can take over a stream that somebody else compressed, but only as a piece in the middle
//! of a longer one. For that two places must be known to the bit: the mark of the last block, which
//! is cleared, and the end, after which the piece is filled up to a whole byte. No library gives
//! both without `unsafe`, so the stream's blocks and symbols are walked here.
//!
//! Invariants: nothing is accepted that zlib refuses; a distance never leads before the stream's
//! own start, so that the piece means the same wherever it stands; memory is a few tables,
//! whatever the stream says. It does not inflate: who needs the bytes inflates them as well.

mod bits;
mod fixed;
mod symbols;

pub(crate) use fixed::{EMPTY_STORED, FINAL_EMPTY, pack_fixed};

use bits::Bits;
use flate2::{Compress, Compression, FlushCompress};
use std::io::{self, BufRead};
use symbols::Codes;

/// Where the parts of a stream lie; positions are counted in bits from its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Walked {
    /// Position of the bit that marks the last block as the last.
    pub last_block_bit: u64,
    /// Position after the last bit.
    pub end_bit: u64,
    /// How many bytes the stream stands for.
    pub length: u64,
}

/// Why a stream cannot be walked.
#[derive(Debug, thiserror::Error)]
pub enum DeflateError {
    /// It ends before its last block does.
    #[error("the compressed data ends too early")]
    Truncated,
    /// A block of the type that RFC 1951 reserves.
    #[error("a block has an unknown type")]
    BlockType,
    /// A stored block whose length and check differ.
    #[error("a stored block has a wrong length")]
    StoredLength,
    /// Code lengths that make no prefix code.
    #[error("a block has invalid codes")]
    Codes,
    /// A symbol that stands for nothing.
    #[error("a block has an invalid symbol")]
    Symbol,
    /// A distance that leads before the start.
    #[error("a copy starts before the data does")]
    Distance,
    /// It stands for more bytes than it may.
    #[error("the data is longer than {limit} bytes")]
    TooLong {
        /// The limit in bytes.
        limit: u64,
    },
    /// It cannot be read.
    #[error("the compressed data cannot be read")]
    Read {
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Walks one stream; what follows its end is not looked at.
///
/// # Errors
/// A stream that is malformed, cut off, or longer than `limit` bytes when inflated.
pub fn walk(input: impl BufRead, limit: u64) -> Result<Walked, DeflateError> {
    let mut walk = Walk { bits: Bits::new(input), length: 0, limit };
    loop {
        let last_block_bit = walk.bits.position();
        let is_last = walk.bits.take(1)? == 1;
        match walk.bits.take(2)? {
            0 => walk.stored()?,
            1 => walk.compressed(Codes::fixed())?,
            2 => {
                let codes = Codes::read(&mut walk.bits)?;
                walk.compressed(&codes)?;
            }
            _ => return Err(DeflateError::BlockType),
        }
        if is_last {
            let end_bit = walk.bits.position();
            return Ok(Walked { last_block_bit, end_bit, length: walk.length });
        }
    }
}

/// One piece of any length, for what has repetitions that [`pack_fixed`] does not see.
pub(crate) fn pack(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut compress = Compress::new(Compression::new(6), false);
    let mut out = Vec::with_capacity(bytes.len() / 8 + 64);
    loop {
        let left = &bytes[compress.total_in() as usize..];
        compress.compress_vec(left, &mut out, FlushCompress::Full).map_err(io::Error::other)?;
        if compress.total_in() == bytes.len() as u64 && out.len() < out.capacity() {
            return Ok(out);
        }
        out.reserve(out.len() + 64);
    }
}

struct Walk<R> {
    bits: Bits<R>,
    length: u64,
    limit: u64,
}

impl<R: BufRead> Walk<R> {
    fn stored(&mut self) -> Result<(), DeflateError> {
        self.bits.align();
        let length = self.bits.take(16)?;
        if self.bits.take(16)? != length ^ 0xffff {
            return Err(DeflateError::StoredLength);
        }
        self.grow(length)?;
        self.bits.skip_bytes(length)
    }

    fn compressed(&mut self, codes: &Codes) -> Result<(), DeflateError> {
        loop {
            // Enough for one symbol with all that follows it: 15 + 5 + 15 + 13 bits.
            self.bits.fill()?;
            match codes.literals.decode(&mut self.bits)? {
                0..256 => self.grow(1)?,
                256 => return Ok(()),
                symbol => {
                    let length = symbols::copy_length(symbol, &mut self.bits)?;
                    let symbol = codes.distances.decode(&mut self.bits)?;
                    if symbols::copy_distance(symbol, &mut self.bits)? > self.length {
                        return Err(DeflateError::Distance);
                    }
                    self.grow(length)?;
                }
            }
        }
    }

    fn grow(&mut self, by: u64) -> Result<(), DeflateError> {
        self.length += by;
        if self.length > self.limit {
            return Err(DeflateError::TooLong { limit: self.limit });
        }
        Ok(())
    }
}
