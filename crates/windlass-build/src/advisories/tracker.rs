//! The data of Debian's security tracker: for each source package each issue in each release.
//!
//! The file is some 100 MB: packages that the image does not have are passed over while reading.

use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// An issue of a source package.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Issue {
    pub(super) description: Option<String>,
    pub(super) releases: BTreeMap<String, State>,
}

/// How a release stands to an issue.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct State {
    /// `open`, `resolved` or `undetermined`.
    pub(super) status: String,
    /// The first version without it; `0` where the release never had it.
    pub(super) fixed_version: Option<String>,
    pub(super) urgency: Option<String>,
}

/// Reads the packages that `wanted` names, and tells each with its issues; gives the number of
/// packages in the whole file.
pub(super) fn read(
    bytes: &[u8],
    wanted: &dyn Fn(&str) -> bool,
    found: &mut dyn FnMut(&str, BTreeMap<String, Issue>),
) -> Result<u64, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let count = deserializer.deserialize_map(Packages { wanted, found })?;
    deserializer.end()?;
    Ok(count)
}

struct Packages<'a> {
    wanted: &'a dyn Fn(&str) -> bool,
    found: &'a mut dyn FnMut(&str, BTreeMap<String, Issue>),
}

impl<'de> Visitor<'de> for Packages<'_> {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an advisory, or source packages with their issues")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<u64, A::Error> {
        let mut count = 0;
        while let Some(name) = map.next_key::<String>()? {
            count += 1;
            if (self.wanted)(&name) {
                (self.found)(&name, map.next_value()?);
            } else {
                map.next_value::<Issues>()?;
            }
        }
        Ok(count)
    }
}

/// Issues that nobody asks for; that they are issues is checked all the same.
struct Issues;

impl<'de> Deserialize<'de> for Issues {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Self)
    }
}

impl<'de> Visitor<'de> for Issues {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the issues of a source package")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(self)
    }
}
