//! Which repositories an image's packages come from. Pure.
//!
//! The machine's own source lists say where the archive is; only the release is replaced by the
//! one that has the wanted Python. What cannot be Debian's archive (another distribution's suites,
//! a disc) is left alone here; a vendor's repository whose suite is called like one of Debian's
//! shows by its release file.

use super::sources::{AptSource, SignedBy};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use windlass_model::PythonVersion;

/// Releases that source lists may name, the oldest first.
const CODENAMES: [&str; 5] = ["buster", "bullseye", "bookworm", "trixie", "forky"];
const ALIASES: [&str; 5] = ["oldoldstable", "oldstable", "stable", "testing", "unstable"];

/// The Pythons that Debian's releases carry, and which release has which.
const PYTHONS: [(PythonVersion, &str); 2] =
    [(PythonVersion::three(11), "bookworm"), (PythonVersion::three(13), "trixie")];

/// The release that Pythons stand on that Debian has none of.
pub(crate) const NEWEST_SUITE: &str = "trixie";

/// An archive that the settings name, for machines without source lists of Debian's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArchiveSettings {
    /// URL of the archive, such as `http://mirror.example/debian`.
    pub url: String,
    /// URL of the security archive, when there is one.
    pub security_url: Option<String>,
    /// Key ring that its release files are signed by.
    pub keyring: PathBuf,
}

/// One suite of one archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Repository {
    pub(crate) url: String,
    pub(crate) suite: String,
    pub(crate) components: Vec<String>,
    pub(crate) signed_by: Option<SignedBy>,
    /// Whether nothing can be built without it. Mirrors of one's own often lack `-updates`.
    pub(crate) required: bool,
    /// Whether a source list of apt's names it: then it may be a vendor's.
    pub(crate) listed: bool,
}

/// The Pythons that Debian's releases carry, the oldest first.
pub fn pythons() -> Vec<PythonVersion> {
    PYTHONS.iter().map(|(python, _)| *python).collect()
}

/// The release that has the Python.
pub(crate) fn suite_of(python: PythonVersion) -> Option<&'static str> {
    PYTHONS.iter().find(|(version, _)| *version == python).map(|(_, suite)| *suite)
}

/// The repositories of the release `wanted` that the machine's sources lead to.
pub(crate) fn from_sources(sources: &[AptSource], wanted: &str) -> Vec<Repository> {
    let mut found: Vec<Repository> = Vec::new();
    for source in sources {
        for suite in &source.suites {
            let Some(suite) = replaced(suite, wanted) else { continue };
            for url in source.uris.iter().filter(|url| url.starts_with("http")) {
                let url = url.trim_end_matches('/');
                let known = found.iter().any(|r| r.url == url && r.suite == suite);
                if known || !source.components.iter().any(|c| c == "main") {
                    continue;
                }
                found.push(Repository {
                    url: url.to_owned(),
                    required: !suite.ends_with("-updates"),
                    listed: true,
                    suite: suite.clone(),
                    components: source.components.clone(),
                    signed_by: source.signed_by.clone(),
                });
            }
        }
    }
    found
}

/// The repositories of the release `wanted` in an archive of the settings.
pub(crate) fn from_settings(settings: &ArchiveSettings, wanted: &str) -> Vec<Repository> {
    let repository = |url: &str, suite: String| Repository {
        url: url.trim_end_matches('/').to_owned(),
        required: !suite.ends_with("-updates"),
        listed: false,
        suite,
        components: vec!["main".to_owned()],
        signed_by: Some(SignedBy::Files(vec![settings.keyring.clone()])),
    };
    let mut all = vec![
        repository(&settings.url, wanted.to_owned()),
        repository(&settings.url, format!("{wanted}-updates")),
    ];
    if let Some(url) = &settings.security_url {
        all.push(repository(url, format!("{wanted}-security")));
    }
    all
}

/// `bookworm-security` as `trixie-security`; `None` for what is not a suite of a Debian release,
/// and for backports and proposed updates, which an image does not take.
fn replaced(suite: &str, wanted: &str) -> Option<String> {
    let suite = suite.trim_end_matches('/');
    let (release, pocket) = match suite.split_once(['-', '/']) {
        Some((release, pocket)) => (release, Some(pocket)),
        None => (suite, None),
    };
    if !CODENAMES.contains(&release) && !ALIASES.contains(&release) {
        return None;
    }
    match pocket {
        None => Some(wanted.to_owned()),
        // Until buster the security suite was called `buster/updates`.
        Some("updates") if suite.contains('/') => Some(format!("{wanted}-security")),
        Some(pocket @ ("updates" | "security")) => Some(format!("{wanted}-{pocket}")),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_release_is_replaced_and_strangers_are_left_alone() {
        for (suite, wanted) in [
            ("bookworm", Some("trixie")),
            ("bookworm-security", Some("trixie-security")),
            ("bookworm-updates", Some("trixie-updates")),
            ("buster/updates", Some("trixie-security")),
            ("stable", Some("trixie")),
            ("bookworm-backports", None),
            ("cloud-sdk-bookworm", None),
            ("noble", None),
            ("nodistro", None),
        ] {
            assert_eq!(replaced(suite, "trixie").as_deref(), wanted, "{suite}");
        }
    }

    #[test]
    fn each_suite_once_and_only_with_main() {
        let source = |suites: &[&str], components: &[&str]| AptSource {
            uris: ["http://127.0.0.1/debian", "http://127.0.0.1/debian/", "cdrom:[a]/"]
                .map(str::to_owned)
                .to_vec(),
            suites: suites.iter().map(|s| (*s).to_owned()).collect(),
            components: components.iter().map(|s| (*s).to_owned()).collect(),
            signed_by: None,
        };
        let sources =
            [source(&["bookworm", "trixie", "trixie-updates"], &["main"]), source(&["sid"], &[])];
        let found = from_sources(&sources, "trixie");
        let suites: Vec<_> = found.iter().map(|r| (r.suite.as_str(), r.required)).collect();
        assert_eq!(suites, [("trixie", true), ("trixie-updates", false)]);
    }
}
