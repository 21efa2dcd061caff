//! Compressing what a layer holds beside contents: tar headers and padding.
//!
//! Short, full of runs, the same for ever: the fixed codes of RFC 1951 (section 3.2.6) with copies
//! of the byte before are about as short as what a general compressor gives, for a hundredth of
//! its time. A piece ends on a byte, is not the last, and copies nothing from outside.

/// An empty stored block without its first three bits and the fill after them.
pub(crate) const EMPTY_STORED: [u8; 4] = [0, 0, 0xff, 0xff];
/// A last block of fixed codes with nothing in it.
pub(crate) const FINAL_EMPTY: [u8; 2] = [0x03, 0x00];

const LONGEST_COPY: usize = 258;
const SHORTEST_COPY: usize = 3;

/// One piece for these bytes.
pub(crate) fn pack_fixed(bytes: &[u8]) -> Vec<u8> {
    let mut out = Packer { bytes: Vec::with_capacity(160), hold: 0, count: 0 };
    out.put(0b010, 3);
    let mut at = 0;
    while at < bytes.len() {
        let run = match at.checked_sub(1) {
            Some(before) => {
                let alike = |byte: &&u8| **byte == bytes[before];
                bytes[at..].iter().take(LONGEST_COPY).take_while(alike).count()
            }
            None => 0,
        };
        if run >= SHORTEST_COPY {
            out.copy_of_last(run as u32);
            at += run;
        } else {
            out.literal(u32::from(bytes[at]));
            at += 1;
        }
    }
    out.symbol(256);
    // An empty stored block: three bits, and on to the next byte.
    out.put(0, 3);
    out.finish()
}

struct Packer {
    bytes: Vec<u8>,
    hold: u32,
    count: u32,
}

impl Packer {
    /// Bits, least significant first.
    fn put(&mut self, bits: u32, count: u32) {
        self.hold |= bits << self.count;
        self.count += count;
        while self.count >= 8 {
            self.bytes.push(self.hold as u8);
            self.hold >>= 8;
            self.count -= 8;
        }
    }

    /// A code, which stands with its most significant bit first.
    fn code(&mut self, code: u32, count: u32) {
        self.put(code.reverse_bits() >> (32 - count), count);
    }

    fn literal(&mut self, byte: u32) {
        match byte {
            0..144 => self.code(0x30 + byte, 8),
            _ => self.code(0x190 + byte - 144, 9),
        }
    }

    /// A symbol from 256 on.
    fn symbol(&mut self, symbol: u32) {
        match symbol {
            ..280 => self.code(symbol - 256, 7),
            _ => self.code(0xc0 + symbol - 280, 8),
        }
    }

    fn copy_of_last(&mut self, length: u32) {
        match length {
            258 => self.symbol(285),
            ..11 => self.symbol(254 + length),
            _ => {
                // Four symbols for each number of extra bits: 11 to 18 have one, 19 to 34 two.
                let over = length - 3;
                let extra = over.ilog2() - 2;
                self.symbol(257 + 4 * extra + (over >> extra));
                self.put(over & ((1 << extra) - 1), extra);
            }
        }
        self.code(0, 5);
    }

    fn finish(mut self) -> Vec<u8> {
        if self.count > 0 {
            self.bytes.push(self.hold as u8);
        }
        self.bytes.extend(EMPTY_STORED);
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read as _;

    #[test]
    fn every_length_of_run_comes_back() {
        let mut joined = Vec::new();
        let mut wanted = Vec::new();
        for length in 0..1200 {
            let mut bytes = vec![b'a'; 3];
            bytes.resize(3 + length, 0xf0);
            bytes.push(200);
            joined.extend(pack_fixed(&bytes));
            wanted.extend(bytes);
        }
        joined.extend(FINAL_EMPTY);
        let mut out = Vec::new();
        flate2::read::DeflateDecoder::new(joined.as_slice()).read_to_end(&mut out).expect("valid");
        assert!(out == wanted);
    }

    #[test]
    fn every_byte_comes_back_and_zeros_are_short() {
        let bytes: Vec<u8> = (0..=255).collect();
        let mut joined = pack_fixed(&bytes);
        joined.extend(FINAL_EMPTY);
        let mut out = Vec::new();
        flate2::read::DeflateDecoder::new(joined.as_slice()).read_to_end(&mut out).expect("valid");
        assert_eq!(out, bytes);
        assert!(pack_fixed(&[0; 511]).len() < 12);
    }
}
