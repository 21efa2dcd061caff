//! Enough of the shell's grammar to understand the lines of a Procfile.
//!
//! A line is cut into simple commands; what it cannot understand it says so, and the line is then
//! left to a real shell as it is. Nothing is ever expanded here.

use windlass_model::shell_words::quote;

/// One simple command of a line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct SimpleCommand {
    /// Byte at which it begins in the line.
    pub(super) start: usize,
    /// `NAME=value` in front of the command, as written.
    pub(super) assignments: Vec<String>,
    pub(super) words: Vec<Word>,
}

/// One word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    /// As written, quotes included.
    pub(super) raw: String,
    /// Without quotes.
    pub(super) text: String,
    /// Whether a shell would change nothing but the quotes.
    pub(super) literal: bool,
}

impl Word {
    /// A word of our own that needs no quotes or gets them.
    pub(super) fn new(text: &str) -> Self {
        Self { raw: quote(text), text: text.to_owned(), literal: true }
    }
}

/// Cuts a line at `;`, `&&`, `||`, `|`, `&`. `None` for what needs a real shell's grammar:
/// redirections, groups, substitutions over several words, comments, unclosed quotes.
pub(super) fn split(line: &str) -> Option<Vec<SimpleCommand>> {
    let mut commands = Vec::new();
    let mut current = SimpleCommand::default();
    let mut rest = line;
    loop {
        let trimmed = rest.trim_start();
        let at = line.len() - trimmed.len();
        rest = trimmed;
        let Some(first) = rest.chars().next() else { break };
        match first {
            ';' | '&' | '|' => {
                let double = rest.len() > 1 && rest[1..].starts_with(first) && first != ';';
                rest = &rest[1 + usize::from(double)..];
                commands.push(std::mem::take(&mut current));
            }
            '<' | '>' | '(' | ')' | '#' | '`' => return None,
            _ => {
                if current.words.is_empty() && current.assignments.is_empty() {
                    current.start = at;
                }
                let length = word_length(rest)?;
                add(&mut current, &rest[..length]);
                rest = &rest[length..];
            }
        }
    }
    commands.push(current);
    commands.retain(|command| !command.words.is_empty() || !command.assignments.is_empty());
    Some(commands)
}

fn add(command: &mut SimpleCommand, raw: &str) {
    let name = raw.split_once('=').map(|(name, _)| name);
    let assigns = name.is_some_and(|name| {
        !name.is_empty()
            && !name.starts_with(|c: char| c.is_ascii_digit())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    });
    if assigns && command.words.is_empty() {
        command.assignments.push(raw.to_owned());
    } else {
        command.words.push(word(raw));
    }
}

/// Length in bytes of the word that `rest` begins with.
fn word_length(rest: &str) -> Option<usize> {
    let mut characters = rest.char_indices();
    let mut quoted: Option<char> = None;
    while let Some((at, c)) = characters.next() {
        match (quoted, c) {
            (Some('\''), '\'') | (Some('"'), '"') => quoted = None,
            (None | Some('"'), '\\') => {
                characters.next()?;
            }
            (None, '\'' | '"') => quoted = Some(c),
            (_, '`') if quoted != Some('\'') => return None,
            (_, '$') if quoted != Some('\'') && rest[at + 1..].starts_with('(') => return None,
            (None, ' ' | '\t' | '\n' | ';' | '&' | '|') => return Some(at),
            (None, '<' | '>' | '(' | ')') => return None,
            _ => {}
        }
    }
    quoted.is_none().then_some(rest.len())
}

fn word(raw: &str) -> Word {
    let mut text = String::new();
    let mut literal = true;
    let mut quoted: Option<char> = None;
    let mut characters = raw.chars();
    while let Some(c) = characters.next() {
        match (quoted, c) {
            (Some('\''), '\'') | (Some('"'), '"') => quoted = None,
            (None, '\'' | '"') => quoted = Some(c),
            (None, '\\') => text.extend(characters.next()),
            (Some('"'), '\\') => {
                let next = characters.next();
                if !matches!(next, Some('"' | '\\' | '$' | '`')) {
                    text.push('\\');
                }
                text.extend(next);
            }
            (quote, _) => {
                let expands = match quote {
                    None => matches!(c, '$' | '*' | '?' | '[' | '~' | '{'),
                    Some('"') => c == '$',
                    Some(_) => false,
                };
                literal &= !expands;
                text.push(c);
            }
        }
    }
    Word { raw: raw.to_owned(), text, literal }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_commands() {
        for (line, expected) in [
            ("gunicorn app:app", vec![vec!["gunicorn", "app:app"]]),
            ("a; b && c || d | e", vec![vec!["a"], vec!["b"], vec!["c"], vec!["d"], vec!["e"]]),
            ("x 'y z' \"a\\\"b\" c\\ d ''", vec![vec!["x", "y z", "a\"b", "c d", ""]]),
            ("A=1 B='2 3' run", vec![vec!["run"]]),
            ("", vec![]),
        ] {
            let commands = split(line).expect(line);
            let words: Vec<Vec<&str>> = commands
                .iter()
                .map(|command| command.words.iter().map(|word| word.text.as_str()).collect())
                .collect();
            assert_eq!(words, expected, "{line}");
        }
        for line in ["a > b", "(a)", "a $(b c)", "a `b`", "a 'b", "a # b", "a \\"] {
            assert_eq!(split(line), None, "{line}");
        }
    }

    #[test]
    fn expansions_and_assignments_are_seen() {
        let commands = split("cd /x; WEB=1 gunicorn -b :$PORT '$a' *.py").expect("split");
        let command = &commands[1];
        assert_eq!(
            (command.start, command.assignments.as_slice()),
            (7, ["WEB=1".to_owned()].as_slice())
        );
        let literal: Vec<bool> = command.words.iter().map(|word| word.literal).collect();
        assert_eq!(literal, [true, true, false, true, false]);
    }

    #[test]
    fn quoting_reads_back() {
        for text in ["plain", "a b", "it's", "", "$x", "a\"b"] {
            let commands = split(&format!("x {}", quote(text))).expect(text);
            assert_eq!(
                (commands[0].words[1].text.as_str(), commands[0].words[1].literal),
                (text, true)
            );
        }
    }
}
