//! The bytes of a request's head as they came, for the one thing that the parser hides.
//!
//! Where a head has both a `Content-Length` and a `Transfer-Encoding`, hyper drops the length,
//! forwards the coding and closes afterwards. That is allowed (RFC 9112 section 6.1), and still a
//! message that another parser on the way may have read differently: it is refused here. The
//! record follows the connection's requests by the framing that hyper decided, and is blind once
//! a chunked body has begun; such a connection is closed after its answer.

use crate::rules::BodyKind;
use memchr::memchr;

/// What was read and not yet taken as a head.
#[derive(Debug, Default)]
pub(crate) struct HeadRecord {
    bytes: Vec<u8>,
    /// Bytes of a body that are still to come.
    skip: u64,
    blind: bool,
}

impl HeadRecord {
    /// Takes note of what was just read.
    pub(crate) fn read(&mut self, bytes: &[u8]) {
        if self.blind {
            return;
        }
        let skipped = self.skip.min(bytes.len() as u64);
        self.skip -= skipped;
        self.bytes.extend_from_slice(&bytes[skipped as usize..]);
    }

    /// Takes the next head off the record, and its body of the given kind. Says whether the head
    /// had a line named `Content-Length`; only looked for where the body is chunked.
    pub(crate) fn take(&mut self, body: BodyKind) -> bool {
        if self.blind {
            return false;
        }
        let chunked = body == BodyKind::Chunked;
        let mut has_length = false;
        let mut at = 0;
        let mut begun = false;
        while let Some(length) = memchr(b'\n', &self.bytes[at..]) {
            let line = &self.bytes[at..at + length];
            at += length + 1;
            let empty = matches!(line, [] | [b'\r']);
            if empty && begun {
                break;
            }
            // Empty lines before the request line are ignored (RFC 9112 section 2.2).
            begun |= !empty;
            has_length |= chunked && names_length(line);
        }
        if chunked {
            self.stop();
            return has_length;
        }
        if let BodyKind::Sized(length) = body {
            let here = length.min((self.bytes.len() - at) as u64);
            self.skip = length - here;
            at += here as usize;
        }
        self.bytes.drain(..at);
        has_length
    }

    /// Whether what was read ended with the end of a request, as far as is known.
    pub(crate) fn is_at_boundary(&self) -> bool {
        !self.blind && self.skip == 0 && self.bytes.is_empty()
    }

    /// Records nothing from now on.
    pub(crate) fn stop(&mut self) {
        self.blind = true;
        self.bytes = Vec::new();
    }
}

fn names_length(line: &[u8]) -> bool {
    const NAME: &[u8] = b"content-length";
    line.len() > NAME.len()
        && line[..NAME.len()].eq_ignore_ascii_case(NAME)
        && matches!(line[NAME.len()], b':' | b' ' | b'\t')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_beside_a_coding_is_found_in_either_order_and_any_pieces() {
        let before = "POST / HTTP/1.1\r\nHost: a\r\n";
        for (lines, both) in [
            ("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", true),
            ("Transfer-Encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n", true),
            ("Transfer-Encoding: chunked\nCONTENT-LENGTH:5\n\n0\r\n\r\n", true),
            ("Transfer-Encoding: chunked\r\n\r\n16\r\n\r\nContent-Length: 5\r\n", false),
            ("Transfer-Encoding: chunked\r\nX-Content-Length: 5\r\n\r\n", false),
        ] {
            for size in [1, 7, 1_000] {
                let mut record = HeadRecord::default();
                let text = format!("\r\n{before}{lines}");
                for piece in text.as_bytes().chunks(size) {
                    record.read(piece);
                }
                assert_eq!(record.take(BodyKind::Chunked), both, "{lines} by {size}");
            }
        }
    }

    #[test]
    fn requests_in_a_row_are_told_apart() {
        let mut record = HeadRecord::default();
        let first = b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n";
        record.read(first);
        record.read(b"1234");
        assert!(!record.take(BodyKind::Sized(9)));
        record.read(b"56789GET / HTTP/1.1\r\n\r\nPOST / HTTP/1.1\r\nTransfer-Enc");
        assert!(!record.take(BodyKind::None));
        record.read(b"oding: chunked\r\nContent-Length: 3\r\n\r\n");
        assert!(record.take(BodyKind::Chunked));
        assert!(record.bytes.is_empty());
    }
}
