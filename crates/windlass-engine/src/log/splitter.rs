//! Cutting a stream of bytes into lines.

/// Longest piece of a line in one record, in bytes.
const PIECE: usize = 16 * 1_024;

/// Collects what a program writes until a line is complete.
#[derive(Debug, Default)]
pub(crate) struct LineSplitter {
    rest: Vec<u8>,
}

impl LineSplitter {
    /// Takes bytes and gives each complete line, without its line feed, and each full piece of a
    /// line that is too long; the flag says that the line goes on.
    pub(crate) fn push(&mut self, bytes: &[u8], mut line: impl FnMut(&[u8], bool)) {
        self.rest.extend_from_slice(bytes);
        let mut start = 0;
        loop {
            let rest = &self.rest[start..];
            let window = &rest[..rest.len().min(PIECE)];
            // One byte further: a line of exactly one piece is whole.
            let end = rest.iter().take(PIECE + 1).position(|byte| *byte == b'\n');
            if let Some(end) = end {
                line(&rest[..end], false);
                start += end + 1;
            } else if rest.len() > PIECE {
                let cut = char_boundary(window);
                line(&window[..cut], true);
                start += cut;
            } else {
                break;
            }
        }
        self.rest.drain(..start);
    }

    /// Gives what is left at the end of the stream.
    pub(crate) fn finish(&mut self, mut line: impl FnMut(&[u8], bool)) {
        if !self.rest.is_empty() {
            line(&std::mem::take(&mut self.rest), false);
        }
    }
}

/// Where to cut so that no character is torn: before an incomplete one at the end.
fn char_boundary(window: &[u8]) -> usize {
    let first_of_char = |byte: &u8| byte & 0b1100_0000 != 0b1000_0000;
    match window.iter().rev().take(4).position(first_of_char) {
        Some(back) if window[window.len() - 1 - back] >= 0b1100_0000 => window.len() - 1 - back,
        _ => window.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(chunks: &[&[u8]]) -> Vec<(usize, bool)> {
        let mut splitter = LineSplitter::default();
        let mut found = Vec::new();
        for chunk in chunks {
            splitter.push(chunk, |line, partial| found.push((line.len(), partial)));
        }
        splitter.finish(|line, partial| found.push((line.len(), partial)));
        found
    }

    #[test]
    fn lines_do_not_depend_on_how_bytes_arrive() {
        assert_eq!(
            lines(&[b"ab\ncd", b"e\n\nf"]),
            [(2, false), (3, false), (0, false), (1, false)]
        );
        let long = vec![b'x'; PIECE * 2 + 5];
        assert_eq!(lines(&[&long, b"\n"]), [(PIECE, true), (PIECE, true), (5, false)]);
        let exact = [vec![b'x'; PIECE], b"\n".to_vec()].concat();
        assert_eq!(lines(&[&exact]), [(PIECE, false)]);
    }

    #[test]
    fn long_lines_are_not_cut_inside_a_character() {
        let text = format!("x{}", "\u{e9}".repeat(PIECE));
        let mut splitter = LineSplitter::default();
        let mut pieces = String::new();
        let mut push = |line: &[u8], _| {
            pieces.push_str(std::str::from_utf8(line).expect("whole characters"));
        };
        splitter.push(text.as_bytes(), &mut push);
        splitter.finish(&mut push);
        assert_eq!(pieces, text);
    }
}
