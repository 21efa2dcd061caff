//! The distribution by its own words (os-release(5)). Pure.

use serde::{Deserialize, Serialize};

/// What `/etc/os-release` says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OsRelease {
    /// `ID`: `debian`.
    pub id: String,
    /// `VERSION_ID`: `13`; rolling distributions have none.
    pub version_id: Option<String>,
    /// `VERSION_CODENAME`: `trixie`.
    pub codename: Option<String>,
    /// `PRETTY_NAME`, for people.
    pub name: Option<String>,
}

impl OsRelease {
    /// Reads the file's text; `None` when it does not say which distribution it is.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut found = Self::default();
        for line in text.lines() {
            let Some((key, value)) = line.trim().split_once('=') else { continue };
            let value = unquoted(value);
            match key {
                "ID" => found.id = value.to_ascii_lowercase(),
                "VERSION_ID" => found.version_id = Some(value),
                "VERSION_CODENAME" => found.codename = Some(value),
                "PRETTY_NAME" => found.name = Some(value),
                _ => {}
            }
        }
        (!found.id.is_empty()).then_some(found)
    }
}

/// A value as a shell would read it: quotes of either kind, backslashes.
fn unquoted(value: &str) -> String {
    let value = value.trim();
    let inner = ['"', '\'']
        .iter()
        .find_map(|quote| value.strip_prefix(*quote)?.strip_suffix(*quote))
        .unwrap_or(value);
    let mut out = String::with_capacity(inner.len());
    let mut characters = inner.chars();
    while let Some(c) = characters.next() {
        out.extend(if c == '\\' { characters.next() } else { Some(c) });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_and_absent_keys() {
        let text = "PRETTY_NAME=\"Debian \\\"13\\\"\"\nID=debian\nVERSION_ID='13'\n# x=y\nodd\n";
        let found = OsRelease::parse(text).expect("it has an id");
        assert_eq!(found.name.as_deref(), Some("Debian \"13\""));
        assert_eq!((found.id.as_str(), found.version_id.as_deref()), ("debian", Some("13")));
        assert_eq!(found.codename, None);
        assert_eq!(OsRelease::parse("NAME=x\n"), None);
    }
}
