//! Bounds the logs of one release: each restart begins new files beside the old ones.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// How many starts of each replica keep their logs. At most two of them run: the old one and the
/// new one of a rollout.
const KEPT: usize = 4;

/// Removes the logs of starts that are long gone by. A file that stays costs only space.
pub(super) fn remove(logs: &Path) {
    let mut starts: BTreeMap<String, BTreeMap<u64, Vec<PathBuf>>> = BTreeMap::new();
    for entry in std::fs::read_dir(logs).into_iter().flatten().flatten() {
        let name = entry.file_name();
        if let Some((replica, incarnation)) = name.to_str().and_then(start_of) {
            let of_replica = starts.entry(replica.to_owned()).or_default();
            of_replica.entry(incarnation).or_default().push(entry.path());
        }
    }
    for files in starts.into_values().flat_map(|starts| starts.into_values().rev().skip(KEPT - 1)) {
        for file in files {
            let _ = std::fs::remove_file(file);
        }
    }
}

/// The replica and the incarnation in `web.1.i20.log` and `web.1.i20.log.3`.
fn start_of(file: &str) -> Option<(&str, u64)> {
    let (start, _) = file.split_once(".log")?;
    let (replica, incarnation) = start.rsplit_once(".i")?;
    Some((replica, incarnation.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_starts_of_each_replica_keep_their_logs() {
        let logs = tempfile::tempdir().expect("a folder");
        let make = |name: &str| std::fs::write(logs.path().join(name), "").expect("written");
        for incarnation in [2, 9, 10, 11, 12] {
            make(&format!("web.1.i{incarnation}.log"));
            make(&format!("web.1.i{incarnation}.log.1"));
        }
        for name in ["web.2.i1.log", "release.1.log", "run.77.log", "web.1.ix.log"] {
            make(name);
        }
        remove(logs.path());
        let left = std::fs::read_dir(logs.path()).expect("readable").flatten();
        let mut left: Vec<_> =
            left.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        left.sort();
        assert_eq!(
            left,
            [
                "release.1.log",
                "run.77.log",
                "web.1.i10.log",
                "web.1.i10.log.1",
                "web.1.i11.log",
                "web.1.i11.log.1",
                "web.1.i12.log",
                "web.1.i12.log.1",
                "web.1.ix.log",
                "web.2.i1.log",
            ]
        );
    }
}
