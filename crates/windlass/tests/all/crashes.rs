//! `kill -9` of any process, anywhere in a deploy: it ends in the old release or in the new one.

use crate::site::Site;
use std::time::Duration;
use windlass_testkit::{Fault, Project, Running, processes};

const LONG: Duration = Duration::from_mins(2);
/// What the kernel may take to end a process that has aborted.
const MOMENT: Duration = Duration::from_secs(3);

/// Edges of the journal that are tried in one run of the tests; all of them in the full one.
fn edges() -> Vec<u64> {
    if std::env::var_os("WINDLASS_TEST_FULL").is_some() {
        (1..=400).collect()
    } else {
        vec![1, 2, 6, 13, 21, 30, 37, 44, 52, 60]
    }
}

#[test]
fn a_server_killed_at_any_journal_edge_loses_nothing() {
    let site = Site::flask("edges", "text 0");
    let project = |number| Project::flask("edges", &format!("text {number}"));
    let seen = ended_at_every_edge(&site, edges(), project, |number, old, new, text| {
        let both = [(old, text.to_owned()), (old + 1, format!("text {number}"))];
        both.into_iter().find(|(release, _)| *release == new)
    });
    println!("{seen}");
}

#[test]
fn a_server_killed_while_it_undoes_leaves_the_old_release() {
    let site = Site::flask("undone", "text 0");
    let mut edges = edges();
    edges.retain(|edge| edge % 10 != 1);
    let project = |_| Project::broken("undone", Fault::Answers500);
    let seen = ended_at_every_edge(&site, edges, project, |_, old, new, text| {
        (old == new).then(|| (old, text.to_owned()))
    });
    println!("{seen}");
}

/// Under load, deploys one project after the other, each time with a server that ends at the next
/// edge of its journal, and lets another server go on. `expected` tells from the project's number,
/// the releases before and after, and the page before what must be served now, if any can be.
/// Gives what was seen, in words.
fn ended_at_every_edge(
    site: &Site,
    edges: Vec<u64>,
    project: impl Fn(u64) -> Project,
    expected: impl Fn(u64, u64, u64, &str) -> Option<(u64, String)>,
) -> String {
    let load = site.load(16, 20);
    let mut reached = 0;
    for (number, edge) in (1..).zip(edges) {
        let (text, before) = (site.get("/").body, site.release());
        site.write(&project(number));
        stop_server(site);
        let mut server = fused_server(site, edge);
        let mut cli = site.world.start(&["deploy", &site.project.to_string_lossy()]);
        let died = await_death(&mut server, &mut cli, site);
        let run = cli.finish(LONG);
        if !died {
            // The journal of a whole deploy has fewer edges than this one.
            break;
        }
        reached = edge;
        site.world.run(&["server", "start"]).expect_code(0);
        settle(site);
        let now = site.release();
        let (release, text) = expected(number, before, now, &text)
            .unwrap_or_else(|| panic!("release {now} after {before}, ended at {edge}\n{run}"));
        site.assert_agreement(release, &text);
    }
    assert!(reached > 10, "the server was never ended in the middle: last edge {reached}");
    let report = load.stop();
    assert_eq!(report.failed, 0, "{report}");
    format!("ended at edges up to {reached}; {report}")
}

/// Starts a server that ends itself, as by SIGKILL, at an edge of its journal.
fn fused_server(site: &Site, edge: u64) -> Running {
    let edge = edge.to_string();
    let mut server =
        site.world.start(&["server", "start", "--foreground", "--end-at-journal-edge", &edge]);
    site.world.await_until("the server answers", LONG, |world| {
        server.has_ended() || world.run(&["server", "status"]).code == Some(0)
    });
    server
}

/// Waits for the first end: that of the server at its edge, or that of the whole deploy.
fn await_death(server: &mut Running, cli: &mut Running, site: &Site) -> bool {
    site.world.await_until("the server ends or the deploy does", LONG, |_| {
        server.has_ended() || cli.has_ended()
    });
    // A client may notice the end of its server before this test does.
    server.has_ended() || (cli.failed() && processes::await_end(server.pid(), MOMENT))
}

fn stop_server(site: &Site) {
    site.world.run(&["server", "stop"]).expect_code(0);
}

/// Waits until the app has no job any more.
fn settle(site: &Site) {
    site.world
        .await_until("the deploy is finished or undone", LONG, |_| site.status()["job"].is_null());
}

#[test]
fn a_cli_killed_in_a_deploy_changes_nothing() {
    let site = Site::flask("closed", "before");
    let load = site.load(8, 20);
    site.write(&Project::flask("closed", "after"));
    let cli = site.world.start(&["deploy", &site.project.to_string_lossy()]);
    site.world.await_until("the deploy is under way", LONG, |_| !site.status()["job"].is_null());
    cli.kill();
    settle(&site);
    site.assert_agreement(2, "after");
    let report = load.stop();
    assert_eq!(report.failed, 0, "{report}");
}

#[test]
fn a_server_killed_while_nothing_changes_is_not_noticed() {
    let site = Site::flask("idle", "still here");
    let load = site.load(8, 10);
    let before = site.containers();
    let server = site.world.pid_of("server").expect("a server runs");
    processes::kill(server);
    assert!(processes::await_end(server, LONG));
    assert!(load.await_answers(200, LONG), "{}", load.stop());
    // The next server adopts what runs.
    site.world.run(&["server", "start"]).expect_code(0);
    site.assert_agreement(1, "still here");
    assert_eq!(site.containers(), before);
    let report = load.stop();
    assert_eq!(report.failed, 0, "{report}");
}

#[test]
fn an_edge_that_is_killed_comes_back_with_its_last_table() {
    let site = Site::flask("gate", "open");
    let load = site.load(16, 10);
    assert!(load.await_answers(200, LONG));
    let edge = site.world.pid_of("edge").expect("an edge runs");
    processes::kill(edge);
    site.world.await_until("another edge runs", LONG, |world| {
        world.pid_of("edge").is_some_and(|pid| pid != edge)
    });
    assert!(load.await_answers(200, LONG), "{}", load.stop());
    assert_eq!(site.get("/").body, "open");
    let report = load.stop();
    println!("the edge was killed: {report}");
    // Making the gap 0 is not promised yet; that it is short and ends is.
    assert!(report.longest_gap_ms < 5_000, "{report}");
}

#[test]
fn a_replica_that_is_killed_is_started_again() {
    let site = Site::flask("phoenix", "risen");
    let before = site.containers();
    assert_eq!(before.len(), 1);
    let shim = site.world.pid_of("shim").expect("a shim runs");
    processes::kill(shim);
    site.world.await_until("the replica is back", LONG, |_| {
        site.world.pid_of("shim").is_some_and(|pid| pid != shim)
            && windlass_testkit::Page::try_get(site.address(), &site.host(), "/")
                .is_ok_and(|page| page.status == 200)
    });
    assert_eq!(site.get("/").body, "risen");
}
