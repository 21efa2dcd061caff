//! Colours by meaning, and nothing where colours are off.

/// How a piece of text is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// It went well.
    Good,
    /// It needs attention.
    Warn,
    /// It failed.
    Bad,
    /// It can be skipped.
    Faint,
    /// It is what the line is about.
    Strong,
    /// It can be opened or typed.
    Link,
}

/// Whether text gets colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Style {
    colours: bool,
}

impl Style {
    /// With colours or without.
    pub(crate) fn new(colours: bool) -> Self {
        Self { colours }
    }

    /// Without.
    #[cfg(test)]
    pub(crate) fn plain() -> Self {
        Self { colours: false }
    }

    /// The text in a tone: an SGR sequence (ECMA-48, 8.3.117) around it, or the text alone.
    pub(crate) fn paint(self, tone: Tone, text: &str) -> String {
        if !self.colours || text.is_empty() {
            return text.to_owned();
        }
        let code = match tone {
            Tone::Good => "32",
            Tone::Warn => "33",
            Tone::Bad => "1;31",
            Tone::Faint => "2",
            Tone::Strong => "1",
            Tone::Link => "36",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }
}

/// Text from outside with control characters made visible, so that a log line or an error
/// cannot move the cursor, hide text or retitle the terminal. Tabs stay.
pub(crate) fn printable(text: &str) -> String {
    let hidden = |c: char| c.is_control() && c != '\t';
    if !text.contains(hidden) {
        return text.to_owned();
    }
    text.chars()
        .map(|c| if hidden(c) { c.escape_default().to_string() } else { c.to_string() })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_only_where_wanted() {
        assert_eq!(Style::plain().paint(Tone::Bad, "x"), "x");
        assert_eq!(Style::new(true).paint(Tone::Good, "x"), "\x1b[32mx\x1b[0m");
        assert_eq!(Style::new(true).paint(Tone::Good, ""), "");
    }

    #[test]
    fn text_from_outside_cannot_drive_the_terminal() {
        assert_eq!(printable("a\x1b[2Jb\tc\r"), "a\\u{1b}[2Jb\tc\\r");
        assert_eq!(printable("grüße"), "grüße");
    }
}
