//! Wheels that are small, and are much once they are unpacked.

use super::{Draft, refusal};
use windlass_build::wheels::WheelError;

/// Where the size of an entry's content stands in its two headers (APPNOTE, sections 4.3.7 and 4.3.12).
const HEADERS: [(&[u8], usize, usize); 2] = [(b"PK\x03\x04", 22, 30), (b"PK\x01\x02", 24, 46)];

/// Says in the headers of every entry whose name begins so that it has `size` bytes.
fn claim(bytes: &mut [u8], name: &str, size: u32) {
    for (mark, at, name_at) in HEADERS {
        for start in 0..bytes.len() - name_at {
            let header = &mut bytes[start..];
            if header.starts_with(mark) && header[name_at..].starts_with(name.as_bytes()) {
                header[at..at + 4].copy_from_slice(&size.to_le_bytes());
            }
        }
    }
}

#[test]
fn an_entry_that_says_less_than_it_is_ends_where_it_said() {
    let zeros = "\0".repeat(64 << 20);
    let mut bytes = Draft::new().file("p/bomb.bin", &zeros).bytes();
    assert!(bytes.len() < 200_000, "{} bytes", bytes.len());
    claim(&mut bytes, "p/bomb.bin", 10);
    let error = refusal(bytes);
    assert!(matches!(error, WheelError::Entry { .. } | WheelError::Altered { .. }), "{error:?}");
}

#[test]
fn more_than_any_wheel_holds_is_refused_before_it_is_unpacked() {
    let mut draft = Draft::new();
    for number in 0..9 {
        draft = draft.file(&format!("p/part{number}.bin"), "small");
    }
    let mut bytes = draft.bytes();
    claim(&mut bytes, "p/part", u32::MAX - 1);
    let error = refusal(bytes);
    assert!(matches!(error, WheelError::TooLarge { what: "bytes" }), "{error:?}");
}
