//! Words of the command line that have a form of their own.

use std::str::FromStr;
use windlass_model::ProcessType;

/// `web=2`: how many replicas of a process type shall run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) process: ProcessType,
    pub(crate) count: u32,
}

/// `web` or `web.2`: a replica, the first one when no index is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) process: ProcessType,
    pub(crate) index: u32,
}

/// `NAME=VALUE`: a setting for one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Setting {
    pub(crate) name: String,
    pub(crate) value: String,
}

/// `shop:1.4`, `registry.example.org/shop:1.4`: a name of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tag(pub(crate) String);

/// `10GB`: a size in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) bytes: u64,
}

/// Why a word is not what was expected in its place.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InvalidWord {
    #[error("expected a process type and a count, such as `web=2` or `worker=0`")]
    Count,
    #[error("at most {most} replicas of a process type can run on one host")]
    TooMany { most: u32 },
    #[error("expected a process, such as `web`, or one of its replicas, counted from 1: `web.2`")]
    Target,
    #[error("expected a setting, such as `DEBUG=1`")]
    Setting,
    #[error(
        "expected a name of an image, such as `shop:1.4`: letters, digits and `.`, `_`, `-`, `:`, \
         `/`, `@`, `+` between them"
    )]
    Tag,
    #[error(transparent)]
    Process(#[from] windlass_model::process_type::InvalidProcessType),
}

impl Count {
    /// More than this on one host is a typing mistake.
    const MOST: u32 = 500;
}

impl FromStr for Count {
    type Err = InvalidWord;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        let (process, count) = word.split_once('=').ok_or(InvalidWord::Count)?;
        let count = count.parse().map_err(|_| InvalidWord::Count)?;
        if count > Self::MOST {
            return Err(InvalidWord::TooMany { most: Self::MOST });
        }
        Ok(Self { process: process.parse()?, count })
    }
}

impl FromStr for Size {
    type Err = windlass_model::quantity::QuantityError;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        windlass_model::quantity::parse_bytes(word).map(|bytes| Self { bytes })
    }
}

impl FromStr for Target {
    type Err = InvalidWord;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        let (process, index) = match word.split_once('.') {
            None => (word, 1),
            Some((process, index)) => (process, index.parse().map_err(|_| InvalidWord::Target)?),
        };
        if index == 0 {
            return Err(InvalidWord::Target);
        }
        Ok(Self { process: process.parse()?, index })
    }
}

impl FromStr for Setting {
    type Err = InvalidWord;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        let (name, value) = word.split_once('=').ok_or(InvalidWord::Setting)?;
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if name.is_empty()
            || !name.chars().all(plain)
            || name.starts_with(|c: char| c.is_ascii_digit())
        {
            return Err(InvalidWord::Setting);
        }
        Ok(Self { name: name.to_owned(), value: value.to_owned() })
    }
}

impl Tag {
    /// Longest name, in bytes.
    const MOST: usize = 255;
}

impl FromStr for Tag {
    type Err = InvalidWord;

    /// As `org.opencontainers.image.ref.name` may be (image-spec, `annotations.md`).
    fn from_str(word: &str) -> Result<Self, Self::Err> {
        let parts = word.split('/').flat_map(|part| part.split(['-', '.', '_', ':', '@', '+']));
        let plain = |part: &str| part.chars().all(|c| c.is_ascii_alphanumeric());
        let ends = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
        let ends = ends(word.chars().next()) && ends(word.chars().last());
        let parts = parts.into_iter().all(plain) && word.split('/').all(|part| !part.is_empty());
        if ends && parts && word.len() <= Self::MOST {
            Ok(Self(word.to_owned()))
        } else {
            Err(InvalidWord::Tag)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_without_an_index_is_the_first_replica() {
        let target: Target = "worker".parse().expect("valid");
        assert_eq!((target.process.as_str(), target.index), ("worker", 1));
        assert_eq!("web.12".parse::<Target>().expect("valid").index, 12);
        for bad in ["", ".1", "web.", "web.x", "web.-1", "WEB"] {
            assert!(bad.parse::<Target>().is_err(), "{bad}");
        }
    }

    #[test]
    fn settings_keep_everything_after_the_first_equals_sign() {
        let setting: Setting = "URL=a=b".parse().expect("valid");
        assert_eq!((setting.name.as_str(), setting.value.as_str()), ("URL", "a=b"));
        for bad in ["", "=x", "1A=x", "A B=x", "A"] {
            assert!(bad.parse::<Setting>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_tag_is_a_name_that_a_layout_can_hold() {
        for good in ["shop", "shop:1.4", "r.example.org:5000/team/shop:main-1_2", "a__b"] {
            assert_eq!(good.parse::<Tag>().expect("valid").0, good);
        }
        for bad in ["", ":x", "x:", "a b", "a//b", "/a", "ä", "a\nb"] {
            assert!(bad.parse::<Tag>().is_err(), "{bad}");
        }
    }

    #[test]
    fn counts_are_bounded() {
        assert_eq!("web=0".parse::<Count>().expect("valid").count, 0);
        for bad in ["web=501", "web=-1", "=2", "web=", "web=2.5"] {
            assert!(bad.parse::<Count>().is_err(), "{bad}");
        }
    }
}
