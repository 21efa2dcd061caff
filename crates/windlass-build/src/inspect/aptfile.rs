//! `Aptfile`: Debian packages by name, as other platforms read it. One a line; `#` begins a comment.

/// A line of an Aptfile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AptfileEntry {
    pub(super) name: String,
    /// Counted from 1.
    pub(super) line: u32,
}

/// Why a line cannot be followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AptfileReason {
    /// A package file from somewhere: nobody signed it for Debian, and no lock pins it.
    File,
    /// A repository of somebody else's.
    Repository,
    /// A version: `windlass.lock` pins those.
    Version,
    /// No package's name.
    Name,
}

impl std::fmt::Display for AptfileReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::File => "package files from elsewhere are not signed by Debian",
            Self::Repository => "packages are taken from Debian's own archive alone",
            Self::Version => "versions are pinned by windlass.lock, not here",
            Self::Name => "it is no name of a Debian package",
        })
    }
}

/// Reads an Aptfile; or the first line that cannot be followed, with the reason.
pub(super) fn parse(text: &str) -> Result<Vec<AptfileEntry>, (u32, String, AptfileReason)> {
    let mut found: Vec<AptfileEntry> = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default().trim();
        let number = at as u32 + 1;
        if line.starts_with(":repo:") {
            return Err((number, line.to_owned(), AptfileReason::Repository));
        }
        for word in line.split_whitespace() {
            if !is_name(word) || is_file(word) {
                return Err((number, word.to_owned(), reason(word)));
            }
            if found.iter().all(|known| known.name != word) {
                found.push(AptfileEntry { name: word.to_owned(), line: number });
            }
        }
    }
    Ok(found)
}

fn reason(word: &str) -> AptfileReason {
    if word.contains("://") || is_file(word) {
        AptfileReason::File
    } else if word.split_once('=').is_some_and(|(name, _)| is_name(name)) {
        AptfileReason::Version
    } else {
        AptfileReason::Name
    }
}

/// Whether a word names a file of a package, by its ending.
pub(super) fn is_file(word: &str) -> bool {
    word.rsplit_once('.').is_some_and(|(_, end)| end == "deb")
}

/// Whether a text is a package's name (Debian policy 5.6.1).
pub(super) fn is_name(text: &str) -> bool {
    text.len() >= 2
        && text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && text.bytes().all(|b| {
            b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.')
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_comments_and_blank_lines() {
        let found =
            parse("# tools\nlibpq5\n\n  ffmpeg   # sound\r\ngit g++\nlibpq5\n").expect("names");
        let found: Vec<_> = found.iter().map(|e| (e.name.as_str(), e.line)).collect();
        assert_eq!(found, [("libpq5", 2), ("ffmpeg", 4), ("git", 5), ("g++", 5)]);
        assert_eq!(parse(""), Ok(vec![]));
    }

    #[test]
    fn what_is_no_package_of_debian_is_refused() {
        for (text, reason) in [
            ("https://example.org/wkhtmltox.deb", AptfileReason::File),
            ("./local.deb", AptfileReason::File),
            ("thing_1.deb", AptfileReason::File),
            (":repo:deb http://example.org/ stable main", AptfileReason::Repository),
            ("libpq5=15.1", AptfileReason::Version),
            ("-y", AptfileReason::Name),
            ("LibPQ", AptfileReason::Name),
            ("x", AptfileReason::Name),
            ("$(whoami)", AptfileReason::Name),
        ] {
            let refused = parse(&format!("git\n{text}\n")).expect_err(text);
            assert_eq!((refused.0, refused.2), (2, reason), "{text}");
        }
    }
}
