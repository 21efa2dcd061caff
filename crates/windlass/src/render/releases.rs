//! An app's releases.

use super::style::{Style, Tone, printable};
use super::table::{Table, cell, toned};
use super::time::ago;
use windlass_server::wire::ReleaseEntry;

/// One a line, in the order given.
pub(crate) fn releases(entries: &[ReleaseEntry], now_ms: u64, style: Style) -> Vec<String> {
    if entries.is_empty() {
        return vec!["no releases yet".to_owned()];
    }
    let mut table = Table::new(&["RELEASE", "STATE", "MADE", "FROM", "COMMIT", "IMAGE"]);
    for entry in entries {
        let state = match (entry.current, entry.served) {
            (true, _) => toned(Tone::Good, "current"),
            (false, true) => cell("kept"),
            (false, false) => toned(Tone::Warn, "never served"),
        };
        let release = &entry.release;
        let hex = release.image.to_string();
        let hex = hex.strip_prefix("sha256:").unwrap_or(&hex);
        table.row(vec![
            toned(Tone::Strong, release.number.to_string()),
            state,
            cell(ago(now_ms, release.created_at_ms)),
            cell(printable(&release.origin)),
            cell(release.commit.as_deref().map_or_else(|| "-".to_owned(), short_commit)),
            toned(Tone::Faint, format!("{hex:.12}")),
        ]);
    }
    table.lines(style, 0)
}

/// As many digits as tell commits apart, and what is said of changes.
pub(super) fn short_commit(commit: &str) -> String {
    let (digits, changed) = commit.split_once('-').unwrap_or((commit, ""));
    let dash = if changed.is_empty() { "" } else { "-" };
    format!("{digits:.10}{dash}{changed}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use windlass_model::{AppName, AppSpec, Digest, Release, ReleaseNumber};

    #[test]
    fn the_current_release_and_those_that_never_served_are_told_apart() {
        let entry = |number, current, served| ReleaseEntry {
            release: Release {
                app: AppName::from_loose("shop"),
                number: ReleaseNumber(number),
                image: format!("sha256:{}", "ab".repeat(32)).parse::<Digest>().expect("a digest"),
                spec: AppSpec {
                    name: AppName::from_loose("shop"),
                    hosts: Vec::new(),
                    processes: BTreeMap::new(),
                    release_commands: Vec::new(),
                    env: BTreeMap::new(),
                    persist: Vec::new(),
                },
                created_at_ms: 0,
                origin: "deploy".to_owned(),
                commit: match number {
                    1 => Some("fedcba9876543210-dirty".to_owned()),
                    2 => Some("0123456789abcdef".to_owned()),
                    _ => None,
                },
            },
            current,
            served,
        };
        let entries = [entry(3, false, false), entry(2, true, true), entry(1, false, true)];
        let wanted = "\
RELEASE  STATE         MADE      FROM    COMMIT            IMAGE
3        never served  60 s ago  deploy  -                 abababababab
2        current       60 s ago  deploy  0123456789        abababababab
1        kept          60 s ago  deploy  fedcba9876-dirty  abababababab";
        assert_eq!(releases(&entries, 60_000, Style::plain()).join("\n"), wanted);
    }
}
