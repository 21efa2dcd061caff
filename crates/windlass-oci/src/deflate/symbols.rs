//! The prefix codes of a block and what their symbols mean (RFC 1951, sections 3.2.5 to 3.2.7).

use super::DeflateError;
use super::bits::Bits;
use std::io::BufRead;
use std::sync::OnceLock;

/// Codes up to this length are found by one look; longer ones are rare.
const FAST_BITS: u32 = 10;
const MAX_BITS: usize = 15;

/// The two codes of a compressed block.
pub(super) struct Codes {
    pub(super) literals: Code,
    pub(super) distances: Code,
}

/// A canonical prefix code.
pub(super) struct Code {
    /// By the next [`FAST_BITS`] bits: symbol times 16 plus length; 0 where the code is longer.
    fast: Vec<u16>,
    /// How many codes of each length there are.
    counts: [u16; MAX_BITS + 1],
    /// Symbols in the order of their codes.
    symbols: Vec<u16>,
}

/// Bits after the symbols 257 to 285, and the lengths that they start from.
const LENGTH_BITS: [u8; 29] =
    [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
const LENGTHS: [u16; 29] = [
    3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131,
    163, 195, 227, 258,
];
/// Order in which the lengths of the code length code come.
const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/// How long the copy is that a symbol above 256 asks for.
#[inline]
pub(super) fn copy_length<R: BufRead>(
    symbol: u16,
    bits: &mut Bits<R>,
) -> Result<u64, DeflateError> {
    let at = usize::from(symbol) - 257;
    let (Some(base), Some(extra)) = (LENGTHS.get(at), LENGTH_BITS.get(at)) else {
        return Err(DeflateError::Symbol);
    };
    Ok(u64::from(*base) + bits.held(u32::from(*extra))?)
}

/// How far back a copy starts.
#[inline]
pub(super) fn copy_distance<R: BufRead>(
    symbol: u16,
    bits: &mut Bits<R>,
) -> Result<u64, DeflateError> {
    let symbol = u32::from(symbol);
    match symbol {
        0..4 => Ok(u64::from(symbol) + 1),
        4..30 => {
            let extra = symbol / 2 - 1;
            let base = u64::from(2 + symbol % 2) << extra;
            Ok(base + 1 + bits.held(extra)?)
        }
        _ => Err(DeflateError::Symbol),
    }
}

impl Codes {
    /// The codes of blocks that bring none (section 3.2.6).
    pub(super) fn fixed() -> &'static Self {
        static FIXED: OnceLock<Codes> = OnceLock::new();
        FIXED.get_or_init(|| {
            let mut lengths = [8; 288];
            lengths[144..256].fill(9);
            lengths[256..280].fill(7);
            let literals = Code::new(&lengths).unwrap_or_else(|_| unreachable!("a full code"));
            let distances = Code::new(&[5; 32]).unwrap_or_else(|_| unreachable!("a full code"));
            Self { literals, distances }
        })
    }

    /// Reads the codes at the start of a block (section 3.2.7).
    pub(super) fn read<R: BufRead>(bits: &mut Bits<R>) -> Result<Self, DeflateError> {
        let literals = bits.take(5)? as usize + 257;
        let distances = bits.take(5)? as usize + 1;
        let count = bits.take(4)? as usize + 4;
        if literals > 286 || distances > 30 {
            return Err(DeflateError::Codes);
        }
        let mut of_lengths = [0; 19];
        for place in &ORDER[..count] {
            of_lengths[*place] = bits.take(3)? as u8;
        }
        let code = Code::new(&of_lengths)?;
        if code.is_incomplete() {
            return Err(DeflateError::Codes);
        }
        let mut lengths = [0_u8; 286 + 30];
        let wanted = literals + distances;
        let mut at = 0;
        while at < wanted {
            bits.fill()?;
            let (value, times) = match code.decode(bits)? {
                16 if at == 0 => return Err(DeflateError::Codes),
                16 => (lengths[at - 1], bits.held(2)? as usize + 3),
                17 => (0, bits.held(3)? as usize + 3),
                18 => (0, bits.held(7)? as usize + 11),
                length => (length as u8, 1),
            };
            if at + times > wanted {
                return Err(DeflateError::Codes);
            }
            lengths[at..at + times].fill(value);
            at += times;
        }
        // A block without an end is refused before it is read.
        if lengths[256] == 0 {
            return Err(DeflateError::Codes);
        }
        let (first, second) = lengths[..wanted].split_at(literals);
        let codes = Self { literals: Code::new(first)?, distances: Code::new(second)? };
        // A single code of one bit, or no distance at all, is all that may be incomplete.
        let is_bad = |code: &Code| code.is_incomplete() && code.counts[2..].iter().any(|n| *n > 0);
        if is_bad(&codes.literals) || is_bad(&codes.distances) {
            return Err(DeflateError::Codes);
        }
        Ok(codes)
    }
}

impl Code {
    /// The code in which each symbol has the given length, 0 for none; one with more codes than
    /// there is room for is refused.
    fn new(lengths: &[u8]) -> Result<Self, DeflateError> {
        let mut counts = [0_u16; MAX_BITS + 1];
        for length in lengths {
            counts[usize::from(*length)] += 1;
        }
        counts[0] = 0;
        let mut next = [0_u32; MAX_BITS + 2];
        let mut places = [0_usize; MAX_BITS + 2];
        for length in 1..=MAX_BITS {
            let end = next[length] + u32::from(counts[length]);
            if end > 1 << length {
                return Err(DeflateError::Codes);
            }
            next[length + 1] = end << 1;
            places[length + 1] = places[length] + usize::from(counts[length]);
        }
        let mut symbols = vec![0; places[MAX_BITS + 1]];
        let mut fast = vec![0_u16; 1 << FAST_BITS];
        for (symbol, length) in lengths.iter().enumerate().filter(|(_, length)| **length > 0) {
            let bits = usize::from(*length);
            symbols[places[bits]] = symbol as u16;
            places[bits] += 1;
            let code = next[bits];
            next[bits] += 1;
            if u32::from(*length) <= FAST_BITS {
                let first = (code.reverse_bits() >> (32 - bits)) as usize;
                for place in fast[first..].iter_mut().step_by(1 << bits) {
                    *place = (symbol as u16) << 4 | u16::from(*length);
                }
            }
        }
        Ok(Self { fast, counts, symbols })
    }

    /// Whether there are bits that start no code.
    fn is_incomplete(&self) -> bool {
        let room = |(length, count): (usize, &u16)| u32::from(*count) << (MAX_BITS - length);
        self.counts.iter().enumerate().map(room).sum::<u32>() < 1 << MAX_BITS
    }

    /// The next symbol.
    #[inline]
    pub(super) fn decode<R: BufRead>(&self, bits: &mut Bits<R>) -> Result<u16, DeflateError> {
        let next = bits.peek();
        let found = self.fast[next & ((1 << FAST_BITS) - 1)];
        if found != 0 {
            bits.drop(u32::from(found & 15))?;
            return Ok(found >> 4);
        }
        let (symbol, length) = self.decode_long(next)?;
        bits.drop(length)?;
        Ok(symbol)
    }

    /// Bit by bit: codes of a length are consecutive numbers.
    fn decode_long(&self, mut next: usize) -> Result<(u16, u32), DeflateError> {
        let (mut code, mut first, mut place) = (0_usize, 0_usize, 0_usize);
        for length in 1..=MAX_BITS {
            code |= next & 1;
            next >>= 1;
            let count = usize::from(self.counts[length]);
            if code < first + count {
                return Ok((self.symbols[place + code - first], length as u32));
            }
            place += count;
            first = (first + count) << 1;
            code <<= 1;
        }
        Err(DeflateError::Symbol)
    }
}
