//! Whether a version lies in an advisory's ranges (OSV schema 1.6, "affected[].ranges"). Pure.

use super::{Kind, order};
use serde::Deserialize;
use std::cmp::Ordering;

/// One range.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Range {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) events: Vec<Event>,
}

/// A version at which something changes; one of them is there.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Event {
    introduced: Option<String>,
    fixed: Option<String>,
    last_affected: Option<String>,
    limit: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    Introduced,
    Fixed,
    LastAffected,
}

/// What a range says of a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is not in the range.
    Free,
    /// It is; the first version after it that is not, if there is one.
    Affected(Option<String>),
}

/// Judges a version that its kind's rules can read. Ranges over commits say nothing of versions.
pub(super) fn judge(range: &Range, kind: Kind, version: &str) -> Verdict {
    if range.kind == "GIT" {
        return Verdict::Free;
    }
    let mut changes: Vec<(Change, &str)> = Vec::new();
    for event in &range.events {
        changes.extend(event.introduced.as_deref().map(|v| (Change::Introduced, v)));
        changes.extend(event.fixed.as_deref().map(|v| (Change::Fixed, v)));
        changes.extend(event.last_affected.as_deref().map(|v| (Change::LastAffected, v)));
        changes.extend(event.limit.as_deref().filter(|v| *v != "*").map(|v| (Change::Fixed, v)));
    }
    // Whoever wrote a version that cannot be read is not believed to have fixed anything, and is
    // believed to have broken it from the beginning.
    changes.retain(|(change, at)| *change == Change::Introduced || readable(kind, at));
    changes.sort_by(|a, b| compare(kind, a.1, b.1));
    let mut affected = false;
    for (change, at) in &changes {
        let order = compare(kind, version, at);
        match change {
            Change::Introduced if order != Ordering::Less => affected = true,
            Change::Fixed if order != Ordering::Less => affected = false,
            Change::LastAffected if order == Ordering::Greater => affected = false,
            _ => {}
        }
    }
    if !affected {
        return Verdict::Free;
    }
    let fixed = changes.iter().find(|(change, at)| {
        *change == Change::Fixed && compare(kind, at, version) == Ordering::Greater
    });
    Verdict::Affected(fixed.map(|(_, at)| (*at).to_owned()))
}

fn readable(kind: Kind, version: &str) -> bool {
    order(kind, version, version).is_some()
}

/// `0`, and what cannot be read, is before everything.
fn compare(kind: Kind, a: &str, b: &str) -> Ordering {
    let first = |version: &str| version == "0" || !readable(kind, version);
    match (first(a), first(b)) {
        (true, true) => Ordering::Equal,
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
        (false, false) => order(kind, a, b).unwrap_or(Ordering::Equal),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(events: &[(&str, &str)]) -> Range {
        let event = |(change, version): &(&str, &str)| {
            serde_json::from_value(serde_json::json!({ *change: version })).expect("an event")
        };
        Range { kind: "ECOSYSTEM".to_owned(), events: events.iter().map(event).collect() }
    }

    #[test]
    fn versions_in_and_out_of_ranges() {
        let two = range(&[
            ("introduced", "4.0"),
            ("fixed", "4.0.4"),
            ("introduced", "0"),
            ("fixed", "2.2.28"),
            ("introduced", "3.2"),
            ("fixed", "3.2.13"),
        ]);
        let last = range(&[("introduced", "1.0"), ("last_affected", "1.4")]);
        let open = range(&[("introduced", "1.26.0rc1")]);
        let broken = range(&[("introduced", "0"), ("fixed", "one")]);
        let limit = range(&[("introduced", "0"), ("limit", "2"), ("limit", "*")]);
        for (range, version, wanted) in [
            (&two, "2.2.27", Some(Some("2.2.28"))),
            (&two, "2.2.28", None),
            (&two, "3.1", None),
            (&two, "3.2.0", Some(Some("3.2.13"))),
            (&two, "4.0.4", None),
            (&two, "4.0.4rc1", Some(Some("4.0.4"))),
            (&two, "4.0.4+local", None),
            (&last, "1.4", Some(None)),
            (&last, "1.4.post1", None),
            (&last, "0.9", None),
            (&open, "1.26.0", Some(None)),
            (&open, "1.26.0b9", None),
            (&broken, "5", Some(None)),
            (&limit, "1", Some(Some("2"))),
            (&limit, "2", None),
        ] {
            let wanted =
                wanted.map_or(Verdict::Free, |fixed| Verdict::Affected(fixed.map(str::to_owned)));
            assert_eq!(judge(range, Kind::Python, version), wanted, "{version} {range:?}");
        }
    }

    #[test]
    fn debian_versions_have_their_own_order() {
        let range = range(&[("introduced", "0"), ("fixed", "1.1.1k-1+deb11u2")]);
        for (version, affected) in
            [("1.1.1k-1+deb11u1", true), ("1.1.1k-1+deb11u2", false), ("1.1.1~rc1", true)]
        {
            let found = judge(&range, Kind::Debian, version);
            assert_eq!(found != Verdict::Free, affected, "{version}");
        }
    }

    #[test]
    fn commits_are_no_versions() {
        let mut range = range(&[("introduced", "0")]);
        range.kind = "GIT".to_owned();
        assert_eq!(judge(&range, Kind::Python, "1"), Verdict::Free);
    }
}
