//! The known word that a misspelt one most likely meant.

/// The candidate within a third of the word's length in edits; `None` when all are far off.
pub(super) fn nearest(word: &str, known: &[&'static str]) -> Option<&'static str> {
    let plain = word.to_ascii_lowercase().replace('_', "-");
    known
        .iter()
        .map(|candidate| (distance(&plain, candidate), *candidate))
        .filter(|(edits, candidate)| *edits <= candidate.len().div_ceil(3))
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, candidate)| candidate)
}

/// Levenshtein's distance in bytes; words are cut at 64 bytes, since keys are short.
fn distance(a: &str, b: &str) -> usize {
    let (a, b) = (&a.as_bytes()[..a.len().min(64)], &b.as_bytes()[..b.len().min(64)]);
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, right) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(left != right);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misspelt_words_find_their_key() {
        let known = ["name", "processes", "hosts", "stop-timeout", "env"];
        for (word, expected) in [
            ("nmae", Some("name")),
            ("process", Some("processes")),
            ("stop_timeout", Some("stop-timeout")),
            ("Hosts", Some("hosts")),
            ("colour", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, &known), expected, "{word}");
        }
    }
}
