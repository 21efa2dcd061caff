//! RECORD: the list of a wheel's files with their hashes (PEP 376, PEP 427).
//!
//! Pure. Hashes are SHA-256, 384 or 512, in URL-safe base64 without padding.

use super::wheel_error::WheelError;
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use std::collections::BTreeMap;

/// What RECORD says of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Recorded {
    /// `sha256=...`; empty for RECORD itself and its signatures.
    pub(super) hash: String,
    /// Size in bytes, where it is given.
    pub(super) size: Option<u64>,
}

/// Reads RECORD, a CSV file of path, hash and size.
pub(super) fn read(file: &str, text: &str) -> Result<BTreeMap<String, Recorded>, WheelError> {
    let mut recorded = BTreeMap::new();
    for (index, line) in text.lines().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        let bad = || WheelError::Metadata { file: file.to_owned(), line: index + 1 };
        let fields = split_csv(line).ok_or_else(bad)?;
        let [path, hash, size] = <[String; 3]>::try_from(fields).map_err(|_| bad())?;
        let size = match size.trim() {
            "" => None,
            text => Some(text.parse().map_err(|_| bad())?),
        };
        let hash = hash.trim_end_matches('=').to_owned();
        recorded.insert(path.trim_start_matches("./").to_owned(), Recorded { hash, size });
    }
    Ok(recorded)
}

/// One line of RECORD.
pub(super) fn line(path: &str, sha256: &str, size: u64) -> String {
    format!("{},sha256={sha256},{size}\n", quote_csv(path))
}

/// A line for a file that has no hash: RECORD itself, and bytecode.
pub(super) fn line_without_hash(path: &str) -> String {
    format!("{},,\n", quote_csv(path))
}

/// Hashes bytes with every algorithm that the standard names, as they arrive.
///
/// All but SHA-256 are rare: they are computed only when `algorithm` asks for them.
pub(super) struct RecordHash {
    sha256: Sha256,
    other: Option<Other>,
    size: u64,
}

enum Other {
    Sha384(Sha384),
    Sha512(Sha512),
}

impl RecordHash {
    /// A hash to compare with `wanted`, the text of RECORD.
    pub(super) fn for_record(wanted: &str) -> Self {
        let other = match wanted.split('=').next() {
            Some("sha384") => Some(Other::Sha384(Sha384::new())),
            Some("sha512") => Some(Other::Sha512(Sha512::new())),
            _ => None,
        };
        Self { sha256: Sha256::new(), other, size: 0 }
    }

    /// Takes the next bytes.
    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.size += bytes.len() as u64;
        self.sha256.update(bytes);
        match &mut self.other {
            Some(Other::Sha384(hash)) => hash.update(bytes),
            Some(Other::Sha512(hash)) => hash.update(bytes),
            None => {}
        }
    }

    /// The SHA-256 in base64 and the size, unless they differ from what is recorded.
    pub(super) fn finish(self, recorded: &Recorded) -> Option<(String, u64)> {
        let sha256 = encode_base64(&self.sha256.finalize());
        let (name, found) = match self.other {
            Some(Other::Sha384(hash)) => ("sha384", encode_base64(&hash.finalize())),
            Some(Other::Sha512(hash)) => ("sha512", encode_base64(&hash.finalize())),
            None => ("sha256", sha256.clone()),
        };
        let same_hash = recorded.hash == format!("{name}={found}");
        let same_size = recorded.size.is_none_or(|size| size == self.size);
        (same_hash && same_size).then_some((sha256, self.size))
    }
}

/// SHA-256 of bytes as RECORD writes it, without the algorithm.
pub(super) fn sha256_base64(bytes: &[u8]) -> String {
    encode_base64(&Sha256::digest(bytes))
}

/// URL-safe base64 without padding (RFC 4648, section 5).
fn encode_base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().fold(0_u32, |word, byte| word << 8 | u32::from(*byte));
        let word = word << (8 * (3 - chunk.len()));
        for index in 0..=chunk.len() {
            let six = word >> (18 - 6 * index) & 63;
            out.push(char::from(ALPHABET[six as usize]));
        }
    }
    out
}

fn split_csv(line: &str) -> Option<Vec<String>> {
    let mut fields = Vec::new();
    let mut field = String::new();
    let mut quoted = false;
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                field.push('"');
                chars.next();
            }
            '"' if quoted => quoted = false,
            '"' if field.is_empty() => quoted = true,
            ',' if !quoted => fields.push(std::mem::take(&mut field)),
            c => field.push(c),
        }
    }
    fields.push(field);
    (!quoted).then_some(fields)
}

fn quote_csv(path: &str) -> String {
    if path.contains([',', '"']) {
        format!("\"{}\"", path.replace('"', "\"\""))
    } else {
        path.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_the_standard() {
        for (bytes, text) in [
            (&b""[..], ""),
            (b"f", "Zg"),
            (b"fo", "Zm8"),
            (b"foo", "Zm9v"),
            (b"\xff\xfe\xfd", "__79"),
        ] {
            assert_eq!(encode_base64(bytes), text);
        }
    }

    #[test]
    fn lines_survive_commas_and_quotes() {
        for path in ["a/b.py", "odd,name", "with \"quotes\",too"] {
            let text = line(path, "abc", 7);
            let read = read("RECORD", &text).expect("valid");
            let wanted = Recorded { hash: "sha256=abc".to_owned(), size: Some(7) };
            assert_eq!(read.get(path), Some(&wanted));
        }
        for bad in ["a,b", "a,b,c", "a,b,1,2", "\"a,b,1"] {
            assert!(read("RECORD", bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn every_algorithm_is_checked() {
        for (algorithm, hash) in [
            ("sha256", encode_base64(&Sha256::digest(b"x"))),
            ("sha384", encode_base64(&Sha384::digest(b"x"))),
            ("sha512", encode_base64(&Sha512::digest(b"x"))),
        ] {
            let right = Recorded { hash: format!("{algorithm}={hash}"), size: Some(1) };
            let wrong = Recorded { size: Some(2), ..right.clone() };
            for (recorded, bytes, fits) in
                [(&right, b"x", true), (&right, b"y", false), (&wrong, b"x", false)]
            {
                let mut found = RecordHash::for_record(&recorded.hash);
                found.update(bytes);
                assert_eq!(found.finish(recorded).is_some(), fits, "{algorithm}");
            }
        }
        let mut md5 = RecordHash::for_record("md5=x");
        md5.update(b"x");
        assert_eq!(md5.finish(&Recorded { hash: "md5=x".to_owned(), size: None }), None);
    }
}
