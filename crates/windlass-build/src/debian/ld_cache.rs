//! `/etc/ld.so.cache`, as `ldconfig` would write it: which file a library's name stands for.
//!
//! The form is glibc's "1.1" table (`dl-cache.h`): a header, entries sorted by name in descending
//! order, then the texts that they point to. Python's `ctypes.util.find_library` needs it.

use std::cmp::Ordering;

const MAGIC: &[u8; 20] = b"glibc-ld.so.cache1.1";
const HEADER: usize = 48;
const ENTRY: usize = 24;
const LITTLE_ENDIAN: u8 = 2;

/// The bytes of a cache of libraries, given as (name, absolute path); the first path of a name wins.
pub(crate) fn encode(libraries: &[(String, String)], architecture: &str) -> Vec<u8> {
    // "A library for the GNU C library 6", and the processor's 64-bit ABI.
    let flags: u32 = match architecture {
        "arm64" => 0x0a03,
        _ => 0x0303,
    };
    let mut sorted: Vec<&(String, String)> = Vec::new();
    for library in libraries {
        if !sorted.iter().any(|there| there.0 == library.0) {
            sorted.push(library);
        }
    }
    sorted.sort_by(|a, b| compare(b.0.as_bytes(), a.0.as_bytes()));
    let texts_at = HEADER + ENTRY * sorted.len();
    let mut entries = Vec::new();
    let mut texts = Vec::new();
    for (name, path) in sorted {
        let key = (texts_at + texts.len()) as u32;
        texts.extend(name.as_bytes());
        texts.push(0);
        let value = (texts_at + texts.len()) as u32;
        texts.extend(path.as_bytes());
        texts.push(0);
        for word in [flags, key, value, 0, 0, 0] {
            entries.extend(word.to_le_bytes());
        }
    }
    let mut cache = MAGIC.to_vec();
    cache.extend(((entries.len() / ENTRY) as u32).to_le_bytes());
    cache.extend((texts.len() as u32).to_le_bytes());
    cache.extend([LITTLE_ENDIAN, 0, 0, 0]);
    cache.resize(HEADER, 0);
    cache.extend(entries);
    cache.extend(texts);
    cache
}

/// The loader's order of names: runs of digits compare as numbers, and digits come after others.
fn compare(left: &[u8], right: &[u8]) -> Ordering {
    let (mut at, mut with) = (0, 0);
    loop {
        let pair = match (left.get(at), right.get(with)) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(mine), Some(theirs)) => (*mine, *theirs),
        };
        let order = match (pair.0.is_ascii_digit(), pair.1.is_ascii_digit()) {
            (true, true) => number(left, &mut at).cmp(&number(right, &mut with)),
            (false, false) => {
                at += 1;
                with += 1;
                pair.0.cmp(&pair.1)
            }
            (mine, theirs) => mine.cmp(&theirs),
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

fn number(text: &[u8], at: &mut usize) -> u64 {
    let mut value = 0_u64;
    while let Some(digit) = text.get(*at).filter(|c| c.is_ascii_digit()) {
        value = value.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'));
        *at += 1;
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_ordered_as_the_loader_searches() {
        for (a, b, order) in [
            ("libc.so.6", "libc.so.6", Ordering::Equal),
            ("libc.so.6", "libc.so.10", Ordering::Less),
            ("libc.so", "libc.so.6", Ordering::Less),
            ("libm.so.6", "libc.so.6", Ordering::Greater),
            ("lib1.so", "liba.so", Ordering::Greater),
        ] {
            assert_eq!(compare(a.as_bytes(), b.as_bytes()), order, "{a} {b}");
        }
    }

    #[test]
    fn entries_point_to_their_texts() {
        let library = |name: &str| (name.to_owned(), format!("/usr/lib/{name}"));
        let all = [library("liba.so.1"), library("libb.so.2"), library("liba.so.1")];
        let cache = encode(&all, "amd64");
        assert_eq!(&cache[20..24], 2_u32.to_le_bytes());
        let text = |at: usize| {
            let start = u32::from_le_bytes(cache[at..at + 4].try_into().expect("4")) as usize;
            let end = start + cache[start..].iter().position(|b| *b == 0).expect("an end");
            std::str::from_utf8(&cache[start..end]).expect("text").to_owned()
        };
        assert_eq!(text(HEADER + 4), "libb.so.2");
        assert_eq!(text(HEADER + ENTRY + 8), "/usr/lib/liba.so.1");
    }
}
