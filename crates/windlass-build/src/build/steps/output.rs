//! What a command prints: passed on up to a limit, its last lines kept, without secrets.

use std::collections::VecDeque;

/// The most lines of one command that are passed on.
const MOST_LINES: usize = 2_000;
/// The most bytes of one command that are passed on.
const MOST_BYTES: usize = 256 << 10;
/// Lines that an error shows.
const LAST_LINES: usize = 30;
/// Longest line that is kept, in bytes.
const LINE_BYTES: usize = 4_096;
/// Shorter values are no secrets, and would make holes in ordinary words.
const SECRET_BYTES: usize = 6;

/// One command's output.
pub(crate) struct Tail<'a> {
    hear: &'a (dyn Fn(&str) + Sync),
    secrets: Vec<&'a str>,
    last: VecDeque<String>,
    left: (usize, usize),
    cut: bool,
}

impl<'a> Tail<'a> {
    /// Passes lines on to `hear`, with each of `secrets` made unreadable.
    pub(crate) fn new(hear: &'a (dyn Fn(&str) + Sync), secrets: &'a [String]) -> Self {
        let secrets = secrets.iter().flat_map(|secret| secret.lines()).map(str::trim);
        let secrets = secrets.filter(|secret| secret.len() >= SECRET_BYTES).collect();
        Self { hear, secrets, last: VecDeque::new(), left: (MOST_LINES, MOST_BYTES), cut: false }
    }

    /// Hears a line.
    pub(crate) fn line(&mut self, line: &str) {
        let mut text = line.to_owned();
        for secret in &self.secrets {
            text = text.replace(secret, "***");
        }
        let end = text.floor_char_boundary(LINE_BYTES);
        text.truncate(end);
        let (lines, bytes) = self.left;
        if !self.cut && lines > 0 && text.len() <= bytes {
            self.left = (lines - 1, bytes - text.len());
            (self.hear)(&text);
        } else if !self.cut {
            self.cut = true;
            (self.hear)("it prints more, which is not shown");
        }
        if self.last.len() == LAST_LINES {
            self.last.pop_front();
        }
        self.last.push_back(text);
    }

    /// The last lines.
    pub(crate) fn into_lines(self) -> Vec<String> {
        self.last.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    #[test]
    fn secrets_are_hidden_and_a_flood_is_cut() {
        let heard = Mutex::new(Vec::new());
        let hear = |line: &str| heard.lock().expect("ours").push(line.to_owned());
        let secrets = ["hunter2hunter2\n".to_owned(), "abc".to_owned()];
        let mut tail = Tail::new(&hear, &secrets);
        tail.line("token=hunter2hunter2 abc");
        for number in 0..5_000 {
            tail.line(&number.to_string());
        }
        let last = tail.into_lines();
        let heard = heard.into_inner().expect("ours");
        assert_eq!(heard[0], "token=*** abc");
        assert_eq!(heard.len(), MOST_LINES + 1);
        assert_eq!((last.len(), last[LAST_LINES - 1].as_str()), (LAST_LINES, "4999"));
    }

    #[test]
    fn a_long_line_is_cut_between_letters() {
        let hear = |_: &str| {};
        let mut tail = Tail::new(&hear, &[]);
        tail.line(&"ä".repeat(LINE_BYTES));
        assert_eq!(tail.into_lines()[0].len(), LINE_BYTES);
    }
}
