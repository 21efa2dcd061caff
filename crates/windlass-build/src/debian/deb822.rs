//! Debian's control file format (deb822(5)): stanzas of fields, parsed where they lie.

/// One stanza, as the text that it was written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stanza<'t>(&'t str);

impl<'t> Stanza<'t> {
    /// A text that is one stanza.
    pub(crate) fn new(text: &'t str) -> Self {
        Self(text)
    }

    pub(crate) fn text(&self) -> &'t str {
        self.0
    }

    /// The value of a field, its name in any case; continuation lines are joined by newlines,
    /// without the blank that marks them.
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        let mut lines = self.0.lines().filter(|line| !line.starts_with('#'));
        let first = lines.by_ref().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then_some(value.trim())
        })?;
        let mut value = first.to_owned();
        for line in lines.take_while(|line| line.starts_with([' ', '\t'])) {
            value.push('\n');
            value.push_str(line[1..].trim_end());
        }
        Some(value)
    }
}

/// The stanzas of a text; lines that are blank part them.
pub(crate) fn stanzas(text: &str) -> impl Iterator<Item = Stanza<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        while let Some((line, after)) = rest.split_once('\n')
            && line.trim().is_empty()
        {
            rest = after;
        }
        if rest.trim().is_empty() {
            return None;
        }
        let end = end_of_stanza(rest);
        let stanza = Stanza(&rest[..end]);
        rest = &rest[end..];
        Some(stanza)
    })
}

/// Where the first stanza of `text` ends: after its last line's newline, or at the text's end.
fn end_of_stanza(text: &str) -> usize {
    let mut from = 0;
    while let Some(at) = text[from..].find('\n') {
        let line_end = from + at + 1;
        let next = &text[line_end..];
        let line = &next[..next.find('\n').unwrap_or(next.len())];
        if line.trim().is_empty() {
            return line_end;
        }
        from = line_end;
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stanzas_and_fields() {
        let text = "# note\nPackage: a\ndepends: b,\n c\n.\nSize:12\n\n \n\nPackage: d\nKey: -----\n .\n x\n";
        let all: Vec<_> = stanzas(text).collect();
        assert_eq!(all.len(), 2, "{all:?}");
        assert_eq!(all[0].field("Package").as_deref(), Some("a"));
        assert_eq!(all[0].field("Depends").as_deref(), Some("b,\nc"));
        assert_eq!(all[0].field("Size").as_deref(), Some("12"));
        assert_eq!(all[0].field("Nothing"), None);
        assert_eq!(all[1].field("Key").as_deref(), Some("-----\n.\nx"));
    }
}
