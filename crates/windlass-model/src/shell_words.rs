//! Commands in exec form as people write them: words that a POSIX shell reads back.

/// One word, between quotes where a shell would otherwise take it for something else.
pub fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@%+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

/// A whole command.
pub fn line(command: &[String]) -> String {
    command.iter().map(|word| quote(word)).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_keep_their_borders() {
        for (words, text) in [
            (vec!["python", "-m", "shop"], "python -m shop"),
            (vec!["sh", "-c", "echo 'a b'", ""], "sh -c 'echo '\\''a b'\\''' ''"),
        ] {
            let words: Vec<String> = words.into_iter().map(str::to_owned).collect();
            assert_eq!(line(&words), text);
        }
    }
}
