//! Version constraints of Poetry and Pipenv as PEP 440 writes them.
//!
//! `^1.2` and `~1.2` have no operator there and become ranges (Poetry's documentation,
//! "Dependency specification"); `||` has no form at all, except in a marker.

use pep440_rs::{Version, VersionSpecifiers};
use std::str::FromStr;

/// The constraint as specifiers; empty for any version. `None` for alternatives and for what is
/// no constraint.
pub(crate) fn to_pep440(text: &str) -> Option<String> {
    let mut out: Vec<String> = Vec::new();
    for part in parts(text) {
        let part = part.trim();
        if matches!(part, "" | "*" | "x" | "==*" | ">=0") {
            continue;
        }
        let range = if let Some(version) = part.strip_prefix('^') {
            caret(version.trim())?
        } else if let Some(version) = part.strip_prefix("~").filter(|v| !v.starts_with('=')) {
            tilde(version.trim())?
        } else {
            plain(part)?
        };
        out.push(range);
    }
    let joined = out.join(",");
    VersionSpecifiers::from_str(&joined).ok().map(|_| joined)
}

/// Whether a version is within a constraint; alternatives are allowed here. `None` for what is no
/// constraint.
pub(crate) fn allows(text: &str, version: &Version) -> Option<bool> {
    let mut any = false;
    for alternative in text.split("||") {
        let specifiers = VersionSpecifiers::from_str(&to_pep440(alternative)?).ok()?;
        any = any || specifiers.contains(version);
    }
    Some(any)
}

/// A constraint on Python as a marker; `None` when it is none, an empty text when it allows all.
pub(super) fn python_marker(text: &str) -> Option<String> {
    let mut alternatives = Vec::new();
    for alternative in text.split("||") {
        let specifiers = VersionSpecifiers::from_str(&to_pep440(alternative)?).ok()?;
        let each = specifiers.iter().map(|specifier| {
            let text = specifier.to_string();
            let at = text.find(|c: char| c.is_ascii_digit()).unwrap_or(text.len());
            let (operator, version) = text.split_at(at);
            format!("python_full_version {} '{version}'", operator.trim())
        });
        alternatives.push(each.collect::<Vec<_>>().join(" and "));
    }
    if alternatives.iter().any(String::is_empty) {
        return Some(String::new());
    }
    Some(alternatives.iter().map(|each| format!("({each})")).collect::<Vec<_>>().join(" or "))
}

/// The parts that must all hold: separated by commas, or by blanks that follow a version.
fn parts(text: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for part in text.split(',') {
        for word in part.split_whitespace() {
            let goes_on = out.last().is_some_and(|last| !last.is_empty() && is_operator(last));
            match out.last_mut().filter(|_| goes_on) {
                Some(last) => last.push_str(word),
                None => out.push(word.to_owned()),
            }
        }
    }
    out
}

fn is_operator(text: &str) -> bool {
    text.bytes().all(|b| b"<>=!~^".contains(&b))
}

/// `^1.2.3`: up to the next release that changes the first part that is not zero.
fn caret(text: &str) -> Option<String> {
    let version = Version::from_str(text).ok()?;
    let release = version.release();
    let at = release.iter().position(|part| *part != 0).unwrap_or(release.len() - 1);
    Some(format!(">={version},<{}", next(release, at)))
}

/// `~1.2.3` and `~1.2`: up to the next minor release; `~1`: up to the next major one.
fn tilde(text: &str) -> Option<String> {
    let version = Version::from_str(text).ok()?;
    let release = version.release();
    Some(format!(">={version},<{}", next(release, usize::from(release.len() > 1))))
}

fn next(release: &[u64], at: usize) -> String {
    let mut parts: Vec<u64> = release[..=at].to_vec();
    parts[at] = parts[at].saturating_add(1);
    parts.iter().map(ToString::to_string).collect::<Vec<_>>().join(".")
}

/// `1.2`, `=1.2`, `1.*` and everything that PEP 440 knows already.
fn plain(part: &str) -> Option<String> {
    let is_bare = part.starts_with(|c: char| c.is_ascii_digit() || c == 'v');
    if is_bare {
        return Some(format!("=={}", part.trim_start_matches('v')));
    }
    match part.strip_prefix('=').filter(|rest| !rest.starts_with('=')) {
        Some(version) => Some(format!("=={version}")),
        None => part.starts_with(['<', '>', '=', '!', '~']).then(|| part.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_those_of_poetrys_documentation() {
        for (text, wanted) in [
            ("^1.2.3", Some(">=1.2.3,<2")),
            ("^1.2", Some(">=1.2,<2")),
            ("^1", Some(">=1,<2")),
            ("^0.2.3", Some(">=0.2.3,<0.3")),
            ("^0.0.3", Some(">=0.0.3,<0.0.4")),
            ("^0.0", Some(">=0.0,<0.1")),
            ("^0", Some(">=0,<1")),
            ("~1.2.3", Some(">=1.2.3,<1.3")),
            ("~1.2", Some(">=1.2,<1.3")),
            ("~1", Some(">=1,<2")),
            ("*", Some("")),
            ("1.*", Some("==1.*")),
            ("1.2.3", Some("==1.2.3")),
            ("=1.2.3", Some("==1.2.3")),
            ("~=1.2", Some("~=1.2")),
            (">= 1.2, < 2", Some(">=1.2,<2")),
            (">=1.2 <2", Some(">=1.2,<2")),
            ("!=1.5,>1", Some("!=1.5,>1")),
            ("^1 || ^2", None),
            ("latest", None),
            ("^", None),
            ("==", None),
            ("é", None),
        ] {
            assert_eq!(to_pep440(text).as_deref(), wanted, "{text}");
        }
    }

    #[test]
    fn alternatives_are_understood_where_they_can_be() {
        let version = |text: &str| Version::from_str(text).expect("a version");
        assert_eq!(allows("^1 || >=3", &version("1.5")), Some(true));
        assert_eq!(allows("^1 || >=3", &version("2.5")), Some(false));
        assert_eq!(allows("what", &version("2.5")), None);
        assert_eq!(
            python_marker("~3.9 || ^3.11").as_deref(),
            Some(
                "(python_full_version >= '3.9' and python_full_version < '3.10') or \
                 (python_full_version >= '3.11' and python_full_version < '4')"
            )
        );
        assert_eq!(python_marker("*").as_deref(), Some(""));
    }
}
