//! One line of a log, in memory and on disk.

use serde::{Deserialize, Serialize};
use std::fmt::Write as _;

/// One line that a container wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// When its end arrived, in milliseconds since the Unix epoch.
    #[serde(rename = "t")]
    pub at_ms: u64,
    /// Where it was written.
    #[serde(rename = "s")]
    pub stream: LogStream,
    /// Its text without the line feed. Bytes that are not UTF-8 are written as `\xNN`.
    #[serde(rename = "l")]
    pub text: String,
    /// Whether the line was too long and goes on in the next record.
    #[serde(rename = "p", default, skip_serializing_if = "is_false")]
    pub partial: bool,
}

/// The stream that a line was written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum LogStream {
    /// Standard output.
    #[serde(rename = "out")]
    Out,
    /// Standard error.
    #[serde(rename = "err")]
    Err,
    /// The shim itself, about the log: lines that could not be written.
    #[serde(rename = "log")]
    Log,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

impl LogLine {
    /// A line from what a program wrote.
    pub(crate) fn from_bytes(at_ms: u64, stream: LogStream, bytes: &[u8], partial: bool) -> Self {
        let mut text = String::with_capacity(bytes.len());
        for chunk in bytes.utf8_chunks() {
            text.push_str(chunk.valid());
            for byte in chunk.invalid() {
                let _ = write!(text, "\\x{byte:02x}");
            }
        }
        Self { at_ms, stream, text, partial }
    }

    /// Appends the line as it is on disk.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        let start = out.len();
        if serde_json::to_writer(&mut *out, self).is_err() {
            out.truncate(start);
            return;
        }
        out.push(b'\n');
    }

    /// Reads a line of a log file. Lines that are not ours (cut by a loss of power) are skipped.
    pub(crate) fn decode(line: &[u8]) -> Option<Self> {
        serde_json::from_slice(line).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_bytes_become_text_and_come_back() {
        for (bytes, text) in [
            (&b"plain"[..], "plain"),
            ("h\u{e9} \u{1f980}".as_bytes(), "h\u{e9} \u{1f980}"),
            (b"a\xff\xfeb", "a\\xff\\xfeb"),
            (b"\x00\x1b[1m", "\0\u{1b}[1m"),
        ] {
            let line = LogLine::from_bytes(7, LogStream::Err, bytes, false);
            assert_eq!(line.text, text);
            let mut encoded = Vec::new();
            line.encode(&mut encoded);
            assert_eq!(encoded.iter().position(|byte| *byte == b'\n'), Some(encoded.len() - 1));
            assert_eq!(LogLine::decode(encoded.trim_ascii_end()), Some(line));
        }
    }
}
