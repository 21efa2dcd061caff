//! Raw DEFLATE streams: what the walk accepts, zlib inflates to as many bytes and ends at the same place.
#![no_main]

use flate2::{Decompress, FlushDecompress, Status};
use libfuzzer_sys::fuzz_target;
use windlass_oci::deflate::walk;

/// Longest that a stream may be when inflated, in bytes.
const LIMIT: u64 = 1 << 22;

fuzz_target!(|bytes: &[u8]| {
    let walked = walk(bytes, LIMIT);
    let mut out = Vec::with_capacity(LIMIT as usize + 1);
    let mut inflate = Decompress::new(false);
    let status = inflate.decompress_vec(bytes, &mut out, FlushDecompress::Finish);
    match walked {
        Ok(walked) => {
            assert_eq!(status.expect("zlib takes it"), Status::StreamEnd);
            assert_eq!(inflate.total_out(), walked.length);
            assert_eq!(inflate.total_in(), walked.end_bit.div_ceil(8));
        }
        // The other way round: a stream that zlib reads to its end is one that a wheel may hold.
        Err(error) => assert!(
            !matches!(status, Ok(Status::StreamEnd)) || out.len() as u64 > LIMIT,
            "zlib takes what the walk refuses: {error}"
        ),
    }
});
