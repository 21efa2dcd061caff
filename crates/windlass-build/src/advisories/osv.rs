//! Records of the OSV format, as far as they are read (OSV schema 1.6). Pure.

use super::range::Range;
use serde::Deserialize;

/// One advisory.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Record {
    pub(super) id: String,
    pub(super) aliases: Option<Vec<String>>,
    pub(super) upstream: Option<Vec<String>>,
    pub(super) withdrawn: Option<String>,
    pub(super) summary: Option<String>,
    pub(super) details: Option<String>,
    pub(super) severity: Option<Vec<Score>>,
    pub(super) affected: Option<Vec<Affected>>,
    pub(super) database_specific: Option<Words>,
}

/// A package that it is about.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Affected {
    pub(super) package: Option<Package>,
    pub(super) ranges: Option<Vec<Range>>,
    pub(super) versions: Option<Vec<String>>,
    pub(super) severity: Option<Vec<Score>>,
    pub(super) ecosystem_specific: Option<Words>,
    pub(super) database_specific: Option<Words>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Package {
    pub(super) ecosystem: String,
    pub(super) name: String,
}

/// How bad it is, by some scheme.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Score {
    pub(super) score: String,
}

/// What databases add in words; each may be anything at all.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Words {
    severity: Option<serde_json::Value>,
    urgency: Option<serde_json::Value>,
}

impl Words {
    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        [&self.severity, &self.urgency].into_iter().flatten().filter_map(|value| value.as_str())
    }
}

/// A list of records as the OSV service answers queries.
#[derive(Debug, Deserialize)]
pub(super) struct List {
    pub(super) vulns: Vec<Record>,
}
