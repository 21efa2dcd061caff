//! An app's log lines: of several replicas, in the order in which they were written.

use super::asked::Choices;
use super::refusal::Refusal;
use super::{Api, apps, ndjson};
use crate::store::Store;
use crate::wire::{LogQuery, LogRecord, LogStream};
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::Response;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path as FilePath, PathBuf};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use windlass_engine::{LogFollower, LogLine, log_tail};
use windlass_model::{AppName, Layout, ProcessType, ReleaseNumber};

/// The most lines of each replica that one answer begins with.
const MOST_LINES: usize = 20_000;
/// Pause between two looks while nothing is written.
const PAUSE: Duration = Duration::from_millis(60);
/// How often new replicas are looked for.
const RESCAN: Duration = Duration::from_millis(500);
/// Answers that may wait for a slow reader.
const WAITING: usize = 16;

pub(super) async fn logs(
    State(api): State<Api>,
    Path(app): Path<String>,
    Choices(query): Choices<LogQuery>,
) -> Result<Response, Refusal> {
    let app = apps::find(&api, &app)?;
    let (sender, receiver) = mpsc::channel(WAITING);
    let reader = Reader {
        store: api.store.clone(),
        layout: (*api.layout).clone(),
        app: app.name,
        query,
        sender,
        followed: BTreeMap::new(),
    };
    tokio::task::spawn_blocking(move || reader.run());
    let next = |mut receiver: mpsc::Receiver<Bytes>| async {
        match tokio::time::timeout(ndjson::KEEP_ALIVE, receiver.recv()).await {
            Ok(lines) => lines.map(|lines| (lines, receiver)),
            Err(_) => Some((ndjson::keep_alive(), receiver)),
        }
    };
    Ok(ndjson::answer(futures_util::stream::unfold(receiver, next)))
}

/// Whose log a file is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Source {
    release: ReleaseNumber,
    name: String,
    path: PathBuf,
}

/// A log that is followed, and the lines at its end that were sent already.
struct Followed {
    follower: LogFollower,
    sent: Vec<LogLine>,
}

/// Reads on a thread of its own until its reader is gone.
struct Reader {
    store: Store,
    layout: Layout,
    app: AppName,
    query: LogQuery,
    sender: mpsc::Sender<Bytes>,
    followed: BTreeMap<Source, Followed>,
}

impl Reader {
    fn run(mut self) {
        let mut records = Vec::new();
        for source in self.sources() {
            // Followed first, then read: a line in between is seen twice, never missed.
            let follower = self.query.follow.then(|| LogFollower::from_end(&source.path));
            let lines =
                log_tail(&source.path, self.query.tail.unwrap_or(MOST_LINES).min(MOST_LINES));
            let lines = lines.unwrap_or_default();
            records.extend(lines.iter().map(|line| record(&source, line)));
            if let Some(Ok(follower)) = follower {
                self.followed.insert(source, Followed { follower, sent: lines });
            }
        }
        records.sort_by_key(|record| record.at_ms);
        let from = self.query.tail.map_or(0, |tail| records.len().saturating_sub(tail));
        if !self.send(&records[from..]) || !self.query.follow {
            return;
        }
        let mut scanned = Instant::now();
        while !self.sender.is_closed() {
            if scanned.elapsed() >= RESCAN {
                self.rescan();
                scanned = Instant::now();
            }
            let mut fresh = self.fresh();
            fresh.sort_by_key(|record| record.at_ms);
            if fresh.is_empty() {
                std::thread::sleep(PAUSE);
            } else if !self.send(&fresh) {
                return;
            }
        }
    }

    fn fresh(&mut self) -> Vec<LogRecord> {
        let mut records = Vec::new();
        for (source, followed) in &mut self.followed {
            while let Ok(Some(line)) = followed.follower.next(Duration::ZERO) {
                if let Some(at) = followed.sent.iter().position(|sent| *sent == line) {
                    followed.sent.drain(..=at);
                    continue;
                }
                followed.sent.clear();
                records.push(record(source, &line));
            }
        }
        records
    }

    /// Takes up replicas that were started since, from their first line.
    fn rescan(&mut self) {
        for source in self.sources() {
            if let std::collections::btree_map::Entry::Vacant(place) = self.followed.entry(source)
                && let Ok(follower) = LogFollower::from_start(&place.key().path)
            {
                place.insert(Followed { follower, sent: Vec::new() });
            }
        }
    }

    fn sources(&self) -> Vec<Source> {
        let releases = self.releases().unwrap_or_default();
        let mut sources = Vec::new();
        for release in releases {
            let folder = self.layout.logs(&self.app, release);
            for (name, path) in files(&folder) {
                if is_of(&name, self.query.process.as_ref()) {
                    sources.push(Source { release, name, path });
                }
            }
        }
        sources.sort();
        sources
    }

    /// The release asked for; or the current one and those that a running job moves between.
    fn releases(&self) -> Option<BTreeSet<ReleaseNumber>> {
        if let Some(release) = self.query.release {
            return Some([release].into());
        }
        let app = self.store.app(&self.app).ok()??;
        let mut releases: BTreeSet<_> = app.current.iter().map(|set| set.release).collect();
        for row in self.store.jobs_of(&self.app, 1).ok()?.rows {
            let rollout = self.store.rollout(row.job.id).ok().flatten();
            let running = rollout.filter(|_| !row.job.state.is_final());
            releases.extend(running.and_then(|rollout| rollout.spec.release()));
        }
        if releases.is_empty() && app.last_release > 0 {
            releases.insert(ReleaseNumber(app.last_release));
        }
        Some(releases)
    }

    fn send(&self, records: &[LogRecord]) -> bool {
        records.is_empty() || self.sender.blocking_send(ndjson::lines(records)).is_ok()
    }
}

/// The logs in a folder by whose they are, without those that were put aside: a tail reads those
/// by itself. Each start of a replica has a log of its own, `web.1.i20.log`, and all are `web.1`.
fn files(folder: &FilePath) -> Vec<(String, PathBuf)> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let log = |path: PathBuf| {
        let log = path.file_name()?.to_str()?.strip_suffix(".log")?;
        let start = log.rsplit_once(".i").filter(|(_, number)| number.parse::<u64>().is_ok());
        let name = start.map_or(log, |(replica, _)| replica).to_owned();
        Some((name, path))
    };
    entries.filter_map(|entry| log(entry.path())).collect()
}

fn is_of(name: &str, process: Option<&ProcessType>) -> bool {
    process.is_none_or(|process| {
        name.strip_prefix(process.as_str()).is_some_and(|rest| rest.starts_with('.'))
    })
}

fn record(source: &Source, line: &LogLine) -> LogRecord {
    LogRecord {
        at_ms: line.at_ms,
        release: source.release,
        source: source.name.clone(),
        stream: match line.stream {
            windlass_engine::LogStream::Out => LogStream::Stdout,
            _ => LogStream::Stderr,
        },
        line: line.text.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_starts_of_a_replica_are_one_source() {
        let folder = tempfile::tempdir().expect("a folder");
        let all = ["web.1.i6.log", "web.1.i20.log", "web.1.i6.log.1", "release.1.log", "web.1.log"];
        for name in all {
            std::fs::write(folder.path().join(name), "").expect("written");
        }
        let mut names: Vec<_> = files(folder.path()).into_iter().map(|(name, _)| name).collect();
        names.sort();
        assert_eq!(names, ["release.1", "web.1", "web.1", "web.1"]);
        assert!(is_of(&names[1], Some(&ProcessType::web())));
    }
}
