//! Asking the person at the terminal.

use std::io::{BufRead as _, Write as _};

/// Whether the person typed the word that was asked for.
pub(super) fn typed(question: &str, word: &str) -> bool {
    let mut screen = std::io::stderr().lock();
    if write!(screen, "{question}").and_then(|()| screen.flush()).is_err() {
        return false;
    }
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer).is_ok() && answer.trim() == word
}
