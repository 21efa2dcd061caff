//! Which tags an image gets, from what git and the pipeline know: pure.
//!
//! | built from | tags |
//! |---|---|
//! | a version, `v1.4.2` | `1.4.2`, and as far as no later release is known `1.4`, `1`, `latest`; `sha-...` |
//! | a pre-release or another tag | that name alone; `sha-...` |
//! | a pull request | `pr-7`; `sha-...` |
//! | a branch | its name; `sha-...` |
//!
//! What a pipeline says about itself wins over the checkout, which is of no branch there. A tree
//! with changes that are in no commit gives no version and a `sha-...-dirty`: a version's image is
//! the version's.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

/// Longest tag (distribution spec, "Pulling manifests").
const LONGEST: usize = 128;

/// What an image was built from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Origin {
    /// The pull request's number.
    pub(crate) pull_request: Option<String>,
    /// Tags of the commit.
    pub(crate) tags: Vec<String>,
    /// The branch.
    pub(crate) branch: Option<String>,
    /// The commit, in full.
    pub(crate) commit: Option<String>,
    /// Whether files that git knows were changed since.
    pub(crate) dirty: bool,
    /// Every tag of the repository that is known here.
    pub(crate) known_tags: Vec<String>,
}

/// Names of the variables of one kind of pipeline.
struct Pipeline {
    pull_request: &'static str,
    tag: &'static str,
    branch: &'static str,
    commit: &'static str,
}

const PIPELINES: [Pipeline; 6] = [
    // The first two tell all three by one full name, `refs/tags/v1`.
    pipeline("GITHUB_REF", "GITHUB_REF", "GITHUB_REF", "GITHUB_SHA"),
    pipeline(
        "BUILD_SOURCEBRANCH",
        "BUILD_SOURCEBRANCH",
        "BUILD_SOURCEBRANCH",
        "BUILD_SOURCEVERSION",
    ),
    pipeline("CI_MERGE_REQUEST_IID", "CI_COMMIT_TAG", "CI_COMMIT_BRANCH", "CI_COMMIT_SHA"),
    pipeline("BITBUCKET_PR_ID", "BITBUCKET_TAG", "BITBUCKET_BRANCH", "BITBUCKET_COMMIT"),
    pipeline("CIRCLE_PULL_REQUEST", "CIRCLE_TAG", "CIRCLE_BRANCH", "CIRCLE_SHA1"),
    pipeline("CHANGE_ID", "TAG_NAME", "BRANCH_NAME", "GIT_COMMIT"),
];

const fn pipeline(
    pull_request: &'static str,
    tag: &'static str,
    branch: &'static str,
    commit: &'static str,
) -> Pipeline {
    Pipeline { pull_request, tag, branch, commit }
}

impl Origin {
    /// What the pipeline says, if this is one.
    pub(crate) fn of_pipeline(environment: &BTreeMap<String, String>) -> Option<Self> {
        PIPELINES.iter().find_map(|names| {
            let get = |name: &str| environment.get(name).filter(|value| !value.is_empty());
            let below = |name: &str, prefix: &str| {
                get(name).and_then(|value| match value.strip_prefix("refs/") {
                    Some(full) => full.strip_prefix(prefix).map(str::to_owned),
                    None => Some(value.clone()),
                })
            };
            let number = |text: String| {
                let text =
                    text.strip_suffix("/merge").or(text.strip_suffix("/head")).unwrap_or(&text);
                let last = text.rsplit('/').next().unwrap_or_default();
                last.bytes().all(|b| b.is_ascii_digit()).then(|| last.to_owned())
            };
            let pull_request = below(names.pull_request, "pull/").filter(|_| {
                // A bare name there is a branch's.
                names.pull_request != names.branch
                    || get(names.branch).is_some_and(|value| value.starts_with("refs/pull/"))
            });
            let pull_request = pull_request.and_then(number).filter(|number| !number.is_empty());
            let tag = below(names.tag, "tags/");
            let branch = below(names.branch, "heads/");
            let found = Self {
                tags: tag.into_iter().filter(|_| pull_request.is_none()).collect(),
                pull_request,
                branch,
                commit: get(names.commit).cloned(),
                ..Self::default()
            };
            (found.pull_request.is_some() || !found.tags.is_empty() || found.branch.is_some())
                .then_some(found)
        })
    }

    /// What the pipeline says, completed by what the checkout says.
    pub(crate) fn over(self, checkout: Option<Self>) -> Self {
        let checkout = checkout.unwrap_or_default();
        Self {
            commit: self.commit.or(checkout.commit),
            dirty: checkout.dirty,
            known_tags: checkout.known_tags,
            ..self
        }
    }

    /// The tags, the most exact first.
    pub(crate) fn image_tags(&self) -> Vec<String> {
        let mut tags = Vec::new();
        match (&self.pull_request, self.tags.as_slice(), &self.branch) {
            (Some(number), _, _) => tags.push(format!("pr-{number}")),
            (None, names @ [_, ..], _) if !self.dirty => {
                tags.extend(names.iter().flat_map(|name| self.of_tag(name)));
            }
            (None, _, Some(branch)) => tags.push(branch.clone()),
            (None, _, None) => {}
        }
        if let Some(commit) = &self.commit {
            let short: String = commit.chars().take(7).collect();
            tags.push(format!("sha-{short}{}", if self.dirty { "-dirty" } else { "" }));
        }
        let mut unique = Vec::new();
        for tag in tags.iter().map(|tag| sanitised(tag)) {
            if !tag.is_empty() && !unique.contains(&tag) {
                unique.push(tag);
            }
        }
        unique
    }

    fn of_tag(&self, name: &str) -> Vec<String> {
        let plain = without_v(name).to_owned();
        let Some(version) = release(name) else { return vec![plain] };
        let [major, minor, _] = version;
        // A release of an older line must not become the newest one.
        let newest = |width: usize| {
            let mut known = self.known_tags.iter().filter_map(|tag| release(tag));
            !known.any(|other| other[..width] == version[..width] && other > version)
        };
        let mut tags = vec![plain];
        tags.extend(newest(2).then(|| format!("{major}.{minor}")));
        // Versions below 1 promise nothing about each other (Semantic Versioning, item 4).
        tags.extend((major > 0 && newest(1)).then(|| major.to_string()));
        tags.extend(newest(0).then(|| "latest".to_owned()));
        tags
    }
}

/// `v1.2` is the version 1.2, and `vega` is a name.
fn without_v(name: &str) -> &str {
    let rest = name.strip_prefix('v');
    rest.filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit())).unwrap_or(name)
}

/// The numbers of an exact release: three, and nothing after them.
fn release(name: &str) -> Option<[u64; 3]> {
    let number = |part: &str| {
        let plain =
            part.bytes().all(|b| b.is_ascii_digit()) && (part == "0" || !part.starts_with('0'));
        plain.then(|| part.parse().ok())?
    };
    let parts: Vec<&str> = without_v(name).split('.').collect();
    let [major, minor, patch] = parts[..] else { return None };
    Some([number(major)?, number(minor)?, number(patch)?])
}

/// A name as a registry takes it.
fn sanitised(name: &str) -> String {
    let fit =
        |c: char| if c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-') { c } else { '-' };
    let text: String = name.chars().map(fit).collect();
    text.trim_start_matches(['.', '-']).chars().take(LONGEST).collect()
}
