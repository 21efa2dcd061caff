//! The name of an app: a DNS label, since it becomes a host name and a path component.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A valid app name: an RFC 1123 label of at most 40 characters that starts with a letter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AppName(String);

/// Why a text cannot name an app.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{name}` cannot name an app: use 1 to {max} lower-case letters, digits and hyphens, \
     starting with a letter and not ending with a hyphen",
    max = AppName::MAX_LEN
)]
pub struct InvalidAppName {
    /// The name as given.
    pub name: String,
}

impl AppName {
    /// Longest name in bytes; leaves room for release, process type and index in a label of 63.
    pub const MAX_LEN: usize = 40;

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The nearest valid name to a folder's or project's name, `app` when nothing is left.
    pub fn from_loose(text: &str) -> Self {
        let mut name = String::new();
        for c in text.chars().map(|c| c.to_ascii_lowercase()) {
            let c = if c.is_ascii_alphanumeric() { c } else { '-' };
            let skip = if name.is_empty() { !c.is_ascii_lowercase() } else { false };
            let doubled = c == '-' && name.ends_with('-');
            if !(skip || doubled) && name.len() < Self::MAX_LEN {
                name.push(c);
            }
        }
        let name = name.trim_end_matches('-');
        Self(if name.is_empty() { "app".to_owned() } else { name.to_owned() })
    }
}

impl FromStr for AppName {
    type Err = InvalidAppName;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let body = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        let starts = name.starts_with(|c: char| c.is_ascii_lowercase());
        if body && starts && !name.ends_with('-') && name.len() <= Self::MAX_LEN {
            Ok(Self(name.to_owned()))
        } else {
            Err(InvalidAppName { name: name.to_owned() })
        }
    }
}

impl TryFrom<String> for AppName {
    type Error = InvalidAppName;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        name.parse()
    }
}

impl From<AppName> for String {
    fn from(name: AppName) -> Self {
        name.0
    }
}

impl fmt::Display for AppName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loose_names_become_valid_ones() {
        for (loose, name) in [
            ("Shop", "shop"),
            ("my_app.v2", "my-app-v2"),
            ("42--x-", "x"),
            ("é", "app"),
            ("", "app"),
        ] {
            assert_eq!(AppName::from_loose(loose).as_str(), name, "{loose}");
            assert!(name.parse::<AppName>().is_ok());
        }
        let long = AppName::from_loose(&"ab-".repeat(40));
        assert!(long.as_str().parse::<AppName>().is_ok(), "{long}");
    }

    #[test]
    fn bad_names_are_refused() {
        for bad in ["", "-a", "a-", "A", "1a", "a_b", "a/b", "..", &"a".repeat(41)] {
            assert!(bad.parse::<AppName>().is_err(), "{bad}");
        }
    }
}
