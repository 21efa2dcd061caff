//! Release after release under load: good ones, bad ones, one rollback, and no request lost.

use crate::site::Site;
use std::path::{Path, PathBuf};
use std::time::Duration;
use windlass_testkit::world::mounts_below;
use windlass_testkit::{Fault, LoadReport, Page, Project};

/// What a refusal must name, whatever else it says.
fn evidence(fault: Fault) -> &'static [&'static str] {
    match fault {
        Fault::FailsToImport => &["a_module_that_nobody_has"],
        // The stack of the stuck process says where it waits.
        Fault::Hangs => &["wait_for_a_lock_that_nobody_frees"],
        Fault::Answers500 => &["500", "the shelf is empty"],
        Fault::ExitsAfter3s => &["code 7", "cannot reach the cellar"],
        Fault::EatsMemory => &["out of memory"],
        // By then it serves; what it breaks is asked of the old release again.
        Fault::DiesServing => &["the floor gave way"],
    }
}

/// Deploys `good` sound releases with the broken ones spread among them, then goes back once.
fn releases_under_load(good: u64, connections: usize, pause_ms: u64, at_least: u64) -> LoadReport {
    let site = Site::flask("kiosk", "text 1");
    let load = site.load(connections, pause_ms);
    let mut faults = Fault::ALL.into_iter();
    for number in 2..=good {
        site.write(&Project::flask("kiosk", &format!("text {number}")));
        site.again();
        assert_eq!(site.get("/").body, format!("text {number}"));
        if number % (good / 6).max(1) == 0
            && let Some(fault) = faults.next()
        {
            refused(&site, fault, &format!("text {number}"));
        }
    }
    for fault in faults {
        refused(&site, fault, &format!("text {good}"));
    }
    site.world.run(&["rollback", "--app", "kiosk"]).expect_code(0);
    assert_eq!(site.get("/").body, format!("text {}", good - 1));
    let missing = at_least.saturating_sub(load.answered());
    assert!(load.await_answers(missing, Duration::from_mins(10)), "{}", load.stop());
    let report = load.stop();
    assert_eq!(report.failed, 0, "{report}");
    let foreign: Vec<_> = report.bodies.keys().filter(|body| !body.starts_with(b"text ")).collect();
    assert!(foreign.is_empty(), "an answer that no good release gives: {foreign:?}");
    report
}

fn refused(site: &Site, fault: Fault, serving: &str) {
    let before = site.release();
    site.write(&Project::broken("kiosk", fault));
    let project = site.project.to_string_lossy().into_owned();
    let run = site.world.run(&["deploy", &project]).expect_code(1);
    for words in evidence(fault) {
        assert!(run.output().contains(words), "{fault:?} does not say {words:?}\n{run}");
    }
    assert_eq!(site.release(), before, "{fault:?} changed the release\n{run}");
    assert_eq!(site.get("/").body, serving, "{fault:?} changed what is served");
}

#[test]
fn no_request_is_lost_over_good_and_bad_releases() {
    // The full size (20 deploys, 64 connections, 100,000 requests) is bench/releases.
    let full = std::env::var_os("WINDLASS_TEST_FULL").is_some();
    let report = if full {
        releases_under_load(15, 64, 20, 100_000)
    } else {
        releases_under_load(3, 16, 20, 2_000)
    };
    println!("{report}");
}

#[test]
fn a_release_that_dies_while_it_serves_costs_no_request() {
    let site = Site::flask("kiosk", "text 1");
    let load = site.load(16, 20);
    refused(&site, Fault::DiesServing, "text 1");
    let report = load.stop();
    assert_eq!(report.failed, 0, "{report}");
}

#[test]
fn a_release_that_changes_nothing_but_code_reuses_its_layers() {
    let site = Site::flask("reuse", "one");
    let before = blobs(&site);
    site.write(&Project::flask("reuse", "two"));
    site.again();
    // One application layer, one config, one manifest, and where they came from with a manifest of
    // its own: everything below is shared.
    let new = blobs(&site).len() - before.len();
    assert!(new <= 5, "{new} new blobs for a one-line change");
}

fn blobs(site: &Site) -> Vec<std::ffi::OsString> {
    let dir = site.world.layout().images().join("blobs/sha256");
    std::fs::read_dir(dir).expect("an OCI layout").flatten().map(|e| e.file_name()).collect()
}

#[test]
fn scale_restart_and_stop_keep_their_word() {
    let site = Site::flask("verbs", "here");
    let load = site.load(8, 10);
    site.world.run(&["scale", "web=3", "--app", "verbs"]).expect_code(0);
    assert_eq!(site.containers().len(), 3);
    site.world.run(&["scale", "web=1", "--app", "verbs"]).expect_code(0);
    assert_eq!(site.containers().len(), 1);
    let before = site.containers();
    site.world.run(&["restart", "--app", "verbs"]).expect_code(0);
    assert_ne!(site.containers(), before);
    assert!(load.await_answers(100, Duration::from_mins(1)));
    let report = load.stop();
    assert_eq!(report.failed, 0, "{report}");
    site.world.run(&["stop", "--app", "verbs"]).expect_code(0);
    assert!(site.containers().is_empty());
    // No app claims its host any more, so the edge says that there is nothing.
    assert!(matches!(site.get("/").status, 404 | 503), "{:?}", site.get("/"));
    site.world.run(&["destroy", "--yes", "--app", "verbs"]).expect_code(0);
    assert_eq!(site.world.run(&["status", "--app", "verbs"]).code, Some(1));
}

#[test]
fn a_slow_request_outlives_its_release() {
    let site = Site::flask("patient", "old");
    let (address, host) = (site.address(), site.host());
    let slow = std::thread::spawn(move || Page::get(address, &host, "/slow"));
    site.write(&Project::flask("patient", "new"));
    site.again();
    assert_eq!(site.get("/").body, "new");
    let page = slow.join().expect("the request was answered");
    // It may have begun before the switch or after it; what counts is that it was answered whole.
    assert_eq!(page.status, 200, "{page:?}");
    assert!(["old, slowly", "new, slowly"].contains(&page.body.as_str()), "{page:?}");
}

#[test]
fn two_deploys_at_once_end_one_after_the_other() {
    let site = Site::flask("queue", "text 1");
    let project = site.project.to_string_lossy().into_owned();
    site.write(&Project::flask("queue", "text 2"));
    let first = site.world.start(&["deploy", &project]);
    let second = site.world.start(&["deploy", &project]);
    let limit = Duration::from_mins(3);
    let runs = [first.finish(limit), second.finish(limit)];
    // One may come too early and is told so; none is half of the other.
    for run in &runs {
        let refused = run.code == Some(1) && run.output().contains("is still running");
        assert!(run.code == Some(0) || refused, "{run}");
    }
    assert!(runs.iter().any(|run| run.code == Some(0)));
    let release = site.release();
    assert!((2..=3).contains(&release), "{release}");
    site.assert_agreement(release, "text 2");
}

#[test]
fn nothing_is_left_of_a_destroyed_app() {
    let site = Site::flask("vanish", "gone");
    site.world.run(&["destroy", "--yes", "--data", "--app", "vanish"]).expect_code(0);
    assert!(site.containers().is_empty());
    assert_eq!(mounts_below(site.world.home()), Vec::<PathBuf>::new());
    let layout = site.world.layout();
    for folder in [layout.containers(), layout.container_runs(), layout.state.join("volumes")] {
        let left: Vec<_> = std::fs::read_dir(&folder).into_iter().flatten().flatten().collect();
        let named = |entry: &&std::fs::DirEntry| entry.file_name().as_encoded_bytes()[0] != b'.';
        assert_eq!(left.iter().filter(named).count(), 0, "{left:?}");
    }
    let mut groups = Vec::new();
    groups_named(Path::new("/sys/fs/cgroup"), "vanish-r", 8, &mut groups);
    assert_eq!(groups, Vec::<PathBuf>::new(), "control groups are left");
}

fn groups_named(folder: &Path, start: &str, depth: u32, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if depth == 0 || !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            continue;
        }
        if entry.file_name().to_string_lossy().starts_with(start) {
            found.push(entry.path());
        }
        groups_named(&entry.path(), start, depth - 1, found);
    }
}
