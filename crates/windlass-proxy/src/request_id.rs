//! Request ids: kept from the client where they are harmless, otherwise made here.

use http::HeaderValue;
use std::cell::Cell;
use std::hash::{BuildHasher, Hasher, RandomState};

/// Makes ids for one worker. They are unique, not secret.
#[derive(Debug)]
pub(crate) struct RequestIds {
    state: Cell<u64>,
    stream: u64,
}

impl RequestIds {
    /// A generator with a random start of its own.
    pub(crate) fn new() -> Self {
        let random = || RandomState::new().build_hasher().finish();
        Self { state: Cell::new(random()), stream: random() | 1 }
    }

    /// The client's id if it is 8 to 64 letters, digits, `-`, `_` or `.`, otherwise a new one of
    /// 24 hexadecimal digits.
    pub(crate) fn keep_or_make(&self, given: Option<&HeaderValue>) -> HeaderValue {
        match given {
            Some(value) if is_sane(value.as_bytes()) => value.clone(),
            _ => self.make(),
        }
    }

    fn make(&self) -> HeaderValue {
        let state = self.state.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
        self.state.set(state);
        let mixed = u128::from(mix(state)) << 32 | u128::from(mix(state ^ self.stream) >> 32);
        let mut text = [0u8; 24];
        for (at, digit) in text.iter_mut().enumerate() {
            *digit = b"0123456789abcdef"[(mixed >> (4 * (23 - at)) & 15) as usize];
        }
        HeaderValue::from_bytes(&text)
            .unwrap_or_else(|error| unreachable!("hexadecimal digits are a value: {error}"))
    }
}

/// The finishing steps of the SplitMix64 generator: a bijection that spreads every bit.
fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn is_sane(id: &[u8]) -> bool {
    let plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    (8..=64).contains(&id.len()) && id.iter().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn a_sane_id_is_kept_and_others_are_replaced() {
        let ids = RequestIds::new();
        let sane = HeaderValue::from_static("4bf92f35-77b3.a_1");
        assert_eq!(ids.keep_or_make(Some(&sane)), sane);
        for bad in ["short", "has space in it", "quote\"quote\"", &"x".repeat(65)] {
            let bad = HeaderValue::from_str(bad).unwrap();
            assert!(is_sane(ids.keep_or_make(Some(&bad)).as_bytes()));
            assert_ne!(ids.keep_or_make(Some(&bad)), bad);
        }
        let made: HashSet<_> = (0..10_000).map(|_| ids.keep_or_make(None)).collect();
        assert_eq!(made.len(), 10_000);
    }
}
