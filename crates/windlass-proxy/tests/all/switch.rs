//! Tables swapped and targets drained under load.

use crate::app::{self, App};
use crate::visitor::{BOUND, Visitor};
use crate::world::World;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::timeout;
use windlass_proxy::{DrainRequest, EdgeCallError, PoolOptions};

/// Load from many connections until it is told to stop.
pub(crate) struct Load {
    visitors: JoinSet<Vec<String>>,
    stop: Arc<AtomicBool>,
    sent: Arc<AtomicU64>,
}

impl Load {
    /// Starts `connections` visitors that ask for `/` without pause.
    pub(crate) fn on(at: SocketAddr, connections: usize) -> Self {
        let (stop, sent) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let mut visitors = JoinSet::new();
        for _ in 0..connections {
            let (stop, sent) = (stop.clone(), sent.clone());
            visitors.spawn(async move {
                let mut visitor = Visitor::to(at).await;
                let mut failures = Vec::new();
                while !stop.load(Ordering::Relaxed) {
                    visitor.send("GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n").await;
                    match visitor.answer().await {
                        Some(answer) if answer.status == 200 => {}
                        Some(answer) => failures.push(format!("{} {}", answer.status, answer.body)),
                        None => {
                            failures.push("the connection broke".to_owned());
                            visitor = Visitor::to(at).await;
                        }
                    }
                    sent.fetch_add(1, Ordering::Relaxed);
                }
                failures
            });
        }
        Self { visitors, stop, sent }
    }

    /// Waits until so many more requests have been answered.
    pub(crate) async fn pass(&self, more: u64) {
        let wanted = self.sent.load(Ordering::Relaxed) + more;
        let passed = async {
            while self.sent.load(Ordering::Relaxed) < wanted {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        timeout(BOUND, passed).await.expect("the load goes on");
    }

    /// Ends the load. Answers how many requests there were, and every failure.
    pub(crate) async fn end(mut self) -> (u64, Vec<String>) {
        self.stop.store(true, Ordering::Relaxed);
        let mut failures = Vec::new();
        while let Some(visitor) = self.visitors.join_next().await {
            failures.extend(visitor.unwrap());
        }
        (self.sent.load(Ordering::Relaxed), failures)
    }
}

#[tokio::test]
async fn swaps_and_drains_under_load_lose_nothing() {
    let world = World::start();
    let mut names: Vec<String> = Vec::new();
    let mut apps: Vec<App> = Vec::new();
    let start = |number: u64| {
        let names = [format!("a{number}"), format!("b{number}")];
        let apps = names.clone().map(|name| app::say(&world.socket(&name), "served"));
        (names, apps)
    };
    let mut load = None;
    for generation in 1..=30 {
        let (fresh, running) = start(generation);
        let table: Vec<&str> = fresh.iter().map(String::as_str).collect();
        world.route_to(generation, &table).await;
        let load = load.get_or_insert_with(|| Load::on(world.at, 32));
        if !names.is_empty() {
            let report = world.client.drain(&names, 10_000).await.unwrap();
            assert_eq!(report.cut, 0);
            for name in &names {
                assert_eq!(world.target(name).await.in_flight, 0);
                std::fs::remove_file(world.socket(name)).unwrap();
            }
            // The old apps end at once, connections and all: nobody needs them any more.
            apps.clear();
        }
        names = fresh.to_vec();
        apps.extend(running);
        load.pass(200).await;
    }
    let (sent, failures) = load.unwrap().end().await;
    assert!(sent >= 6_000, "{sent}");
    assert!(failures.is_empty(), "{} of {sent} failed: {:?}", failures.len(), failures[0]);
    let status = world.client.status().await.unwrap();
    assert_eq!((status.answers.success, status.answers.made_by_edge), (sent, 0));
}

#[tokio::test]
async fn once_a_table_is_acknowledged_every_request_follows_it() {
    let world = World::start();
    let _old = app::say(&world.socket("old"), "old");
    let _new = app::say(&world.socket("new"), "new");
    world.route_to(1, &["old"]).await;
    let mut visitors = Vec::new();
    for _ in 0..8 {
        let mut visitor = Visitor::to(world.at).await;
        assert_eq!(visitor.get("/").await.body, "old");
        visitors.push(visitor);
    }
    for round in 0..20 {
        let name = if round % 2 == 0 { "new" } else { "old" };
        world.route_to(round + 2, &[name]).await;
        for visitor in &mut visitors {
            assert_eq!(visitor.get("/").await.body, name);
        }
    }
}

/// An app that answers when it is told to.
fn held(world: &World, name: &str) -> (App, Arc<Notify>) {
    let release = Arc::new(Notify::new());
    let shared = release.clone();
    let app = app::serve(&world.socket(name), move |_| {
        let release = shared.clone();
        async move {
            release.notified().await;
            app::text_of("late")
        }
    });
    (app, release)
}

#[tokio::test]
async fn a_drain_waits_for_the_requests_that_are_under_way() {
    let world = World::start();
    let (_old, release) = held(&world, "old");
    let _new = app::say(&world.socket("new"), "new");
    world.route_to(1, &["old"]).await;
    let mut waiting = Visitor::to(world.at).await;
    waiting.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    world.until("old", |target| target.in_flight == 1).await;
    let routed = world.client.drain(&["old".into()], 1_000).await.unwrap_err();
    assert!(matches!(routed, EdgeCallError::StillRouted { .. }), "{routed}");
    world.route_to(2, &["new"]).await;
    let client = world.client.clone();
    let drain = tokio::spawn(async move { client.drain(&["old".into()], 15_000).await.unwrap() });
    assert_eq!(Visitor::to(world.at).await.get("/").await.body, "new");
    assert!(!drain.is_finished());
    release.notify_one();
    assert_eq!(waiting.answer().await.unwrap().body, "late");
    let report = timeout(BOUND, drain).await.unwrap().unwrap();
    assert_eq!((report.cut, report.long_lived_left), (0, 0));
}

#[tokio::test]
async fn what_is_left_at_the_deadline_is_cut_and_counted() {
    let world = World::start();
    let (_old, _never) = held(&world, "old");
    world.route_to(1, &["old"]).await;
    let mut waiting = Vec::new();
    for _ in 0..3 {
        let mut visitor = Visitor::to(world.at).await;
        visitor.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
        waiting.push(visitor);
    }
    world.until("old", |target| target.in_flight == 3).await;
    world.route_to(2, &[]).await;
    let report = world.client.drain(&["old".into(), "unknown".into()], 20).await.unwrap();
    assert_eq!(report.cut, 3);
    assert_eq!(world.target("old").await.in_flight, 0);
    for mut visitor in waiting {
        let answer = visitor.answer().await.unwrap();
        assert_eq!(answer.status, 503);
        assert!(answer.body.contains("cut"), "{}", answer.body);
    }
}

#[tokio::test]
async fn long_lived_connections_are_waited_for_only_when_asked() {
    let world = World::start();
    let _app = crate::streams::events(&world.socket("old"));
    world.route_to(1, &["old"]).await;
    let mut visitor = Visitor::to(world.at).await;
    visitor.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert!(visitor.head().await.unwrap().starts_with("http/1.1 200"));
    world.until("old", |target| target.long_lived == 1 && target.in_flight == 0).await;
    world.route_to(2, &[]).await;
    let report = world.client.drain(&["old".into()], 15_000).await.unwrap();
    assert_eq!((report.cut, report.long_lived_left), (0, 1));
    let targets = vec!["old".to_owned()];
    let wanted = DrainRequest { targets, deadline_ms: 10, await_long_lived: true };
    let report = world.client.drain_by(&wanted).await.unwrap();
    assert_eq!((report.cut, report.long_lived_left), (1, 0));
    visitor.rest().await;
}

#[tokio::test]
async fn older_tables_are_not_taken_up() {
    let world = World::start();
    let _app = app::say(&world.socket("a"), "a");
    world.route_to(5, &["a"]).await;
    world.route_to(5, &["a"]).await;
    let older = world.table(4, &["a"], PoolOptions::default());
    let error = world.client.put_table(&older).await.unwrap_err();
    assert!(matches!(error, EdgeCallError::Stale { current: 5, given: 4 }), "{error}");
    world.route_to(5, &[]).await;
    assert_eq!(Visitor::to(world.at).await.get("/").await.status, 503);
    world.route_to(5, &["a"]).await;
    let mut bad = world.table(6, &["a"], PoolOptions::default());
    bad.routes[0].pool = "none".into();
    let error = world.client.put_table(&bad).await.unwrap_err();
    assert!(matches!(error, EdgeCallError::Refused { .. }), "{error}");
    assert_eq!(world.client.status().await.unwrap().generation, 5);
    assert_eq!(Visitor::to(world.at).await.get("/").await.body, "a");
}
