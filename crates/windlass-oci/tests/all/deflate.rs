//! The walker against streams of another hand: what it says must be what inflating shows.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};
use windlass_oci::deflate::{DeflateError, Walked, walk};

/// Numbers that look random and are the same every time.
pub(super) struct Numbers(pub(super) u64);

impl Numbers {
    pub(super) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }
}

/// Contents of very different kinds: nothing, runs, text, noise, and mixtures of them.
pub(super) fn corpora() -> Vec<Vec<u8>> {
    let mut numbers = Numbers(0x5eed);
    let text = include_str!("deflate.rs").as_bytes();
    let noise: Vec<u8> = (0..200_000).map(|_| numbers.next() as u8).collect();
    let few: Vec<u8> = (0..100_000).map(|_| b"abcd"[numbers.below(4) as usize]).collect();
    let skewed: Vec<u8> =
        (0..300_000).map(|_| (numbers.next().leading_zeros() * 5) as u8).collect();
    let mixed = [&noise[..9_000], text, &vec![0; 70_000], text, &skewed[..50_000]].concat();
    vec![
        Vec::new(),
        b"x".to_vec(),
        vec![0; 1_000_000],
        text.to_vec(),
        text.repeat(40),
        noise,
        few,
        skewed,
        mixed,
    ]
}

/// A raw stream; with a number of bytes after which the block is ended, and how.
fn deflate(bytes: &[u8], level: u32, blocks: Option<(usize, FlushCompress)>) -> Vec<u8> {
    let mut compress = Compress::new(Compression::new(level), false);
    let mut out = Vec::with_capacity(bytes.len() * 2 + 4_096);
    if let Some((every, flush)) = blocks {
        for chunk in bytes.chunks(every) {
            out.reserve(chunk.len() * 2 + 64);
            compress.compress_vec(chunk, &mut out, flush).expect("room");
        }
        out.reserve(1_024);
        compress.compress_vec(&[], &mut out, FlushCompress::Finish).expect("room");
    } else {
        let status = compress.compress_vec(bytes, &mut out, FlushCompress::Finish).expect("room");
        assert_eq!(status, Status::StreamEnd);
    }
    out
}

pub(super) fn inflate(stream: &[u8]) -> Option<(Vec<u8>, u64)> {
    let mut inflate = Decompress::new(false);
    let mut out = Vec::with_capacity(64);
    loop {
        let at = inflate.total_in() as usize;
        match inflate.decompress_vec(&stream[at..], &mut out, FlushDecompress::Finish) {
            Ok(Status::StreamEnd) => return Some((out, inflate.total_in())),
            Ok(_) if out.len() == out.capacity() => out.reserve(out.len()),
            Ok(_) | Err(_) => return None,
        }
    }
}

/// What a walk says must hold: with the mark cleared the stream has no end any more.
fn check(stream: &[u8], wanted: &[u8]) {
    let walked = walk(stream, u64::MAX).expect("valid");
    let (found, used) = inflate(stream).expect("valid");
    assert!(found == wanted);
    assert_eq!((walked.length, walked.end_bit.div_ceil(8)), (found.len() as u64, used));
    let mut open = stream.to_vec();
    open[(walked.last_block_bit / 8) as usize] ^= 1 << (walked.last_block_bit % 8);
    assert!(inflate(&open[..used as usize]).is_none(), "the mark was the last block's");
}

#[test]
fn streams_of_every_level_and_block_type_are_walked() {
    for bytes in corpora() {
        for level in 0..=9 {
            check(&deflate(&bytes, level, None), &bytes);
        }
        for flush in [FlushCompress::Sync, FlushCompress::Full, FlushCompress::Partial] {
            check(&deflate(&bytes, 6, Some((7_001, flush))), &bytes);
        }
    }
}

#[test]
fn empty_streams_of_each_type_and_every_end_are_walked() {
    // A last fixed block with nothing in it, and a last stored one.
    check(&[0x03, 0x00], b"");
    check(&[0x01, 0x00, 0x00, 0xff, 0xff], b"");
    let mut ends = [false; 8];
    for length in 0..200_u8 {
        let bytes: Vec<u8> = (0..length).map(|n| n.wrapping_mul(97)).collect();
        let stream = deflate(&bytes, 9, None);
        check(&stream, &bytes);
        ends[(walk(stream.as_slice(), 999).expect("valid").end_bit % 8) as usize] = true;
    }
    assert_eq!(ends, [true; 8], "every place in a byte was an end");
}

#[test]
fn what_follows_the_end_is_not_looked_at() {
    let mut stream = deflate(b"hello hello hello", 9, None);
    let before = walk(stream.as_slice(), 99).expect("valid");
    stream.extend([0xff; 40]);
    assert_eq!(walk(stream.as_slice(), 99).expect("valid"), before);
}

#[test]
fn a_stream_that_is_cut_off_is_refused_at_every_byte() {
    for bytes in corpora() {
        for level in [0, 1, 9] {
            let stream = deflate(&bytes, level, None);
            let step = (stream.len() / 300).max(1);
            for length in (0..stream.len()).step_by(step) {
                let cut = walk(&stream[..length], u64::MAX);
                assert!(matches!(cut, Err(DeflateError::Truncated)), "{length}: {cut:?}");
            }
        }
    }
}

#[test]
fn a_limit_is_kept() {
    let stream = deflate(&vec![0; 1_000_000], 9, None);
    assert_eq!(walk(stream.as_slice(), 1_000_000).expect("fits").length, 1_000_000);
    let long = walk(stream.as_slice(), 999_999);
    assert!(matches!(long, Err(DeflateError::TooLong { limit: 999_999 })), "{long:?}");
}

#[test]
fn altered_streams_are_walked_as_they_are_inflated_or_refused() {
    let mut numbers = Numbers(0xa17e);
    let (mut same, mut refused) = (0, 0);
    for bytes in corpora() {
        let bytes = &bytes[..bytes.len().min(30_000)];
        for level in [0, 1, 6, 9] {
            let stream = deflate(bytes, level, None);
            for _ in 0..300 {
                let mut altered = stream.clone();
                let bit = numbers.below(altered.len() as u64 * 8);
                altered[(bit / 8) as usize] ^= 1 << (bit % 8);
                match (walk(altered.as_slice(), 1 << 30), inflate(&altered)) {
                    (Ok(Walked { length, end_bit, .. }), Some((out, used))) => {
                        assert_eq!((length, end_bit.div_ceil(8)), (out.len() as u64, used));
                        same += 1;
                    }
                    (Err(_), None) => refused += 1,
                    (walked, other) => panic!("{walked:?}, inflated: {}", other.is_some()),
                }
            }
        }
    }
    assert!(same > 1_000 && refused > 1_000, "{same} {refused}");
}

#[test]
fn noise_is_walked_as_it_is_inflated_or_refused() {
    let mut numbers = Numbers(0x9015e);
    for _ in 0..20_000 {
        let noise: Vec<u8> = (0..64).flat_map(|_| numbers.next().to_le_bytes()).collect();
        match (walk(noise.as_slice(), 1 << 30), inflate(&noise)) {
            (Ok(walked), Some((out, used))) => {
                let found = (walked.length, walked.end_bit.div_ceil(8));
                assert_eq!(found, (out.len() as u64, used));
            }
            (Err(_), None) => {}
            (walked, other) => panic!("{noise:?}: {walked:?}, inflated: {}", other.is_some()),
        }
    }
}

#[test]
fn invalid_codes_are_refused_for_what_they_are() {
    // The reserved block type; a stored block whose lengths differ; a copy from before the start.
    assert!(matches!(walk(&[0x07_u8, 0][..], 9), Err(DeflateError::BlockType)));
    let stored = walk(&[0x01_u8, 5, 0, 0xff, 0xff, 1][..], 9);
    assert!(matches!(stored, Err(DeflateError::StoredLength)), "{stored:?}");
    let copy = walk(&[0x03_u8, 0x02, 0, 0][..], 9);
    assert!(matches!(copy, Err(DeflateError::Distance)), "{copy:?}");
    // 287 literal codes.
    assert!(matches!(walk(&[0xf5_u8, 0, 0, 0][..], 9), Err(DeflateError::Codes)));
}
