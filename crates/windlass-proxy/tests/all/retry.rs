//! When a request may be sent again, and when never.

use crate::app::{self, App};
use crate::visitor::Visitor;
use crate::world::World;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use windlass_proxy::PoolOptions;

/// An app that answers the first request of each connection and closes upon the second, unread
/// by any program: what a server does that ends an idle connection just as it is used again.
fn closes_on_reuse(path: &Path) -> (App, Arc<AtomicU64>) {
    let requests = Arc::new(AtomicU64::new(0));
    let count = requests.clone();
    let app = app::each_connection(path, move |mut stream| {
        let count = count.clone();
        async move {
            let mut buffer = [0; 4_096];
            let _ = stream.read(&mut buffer).await.unwrap();
            count.fetch_add(1, Ordering::SeqCst);
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await.unwrap();
            let _ = stream.read(&mut buffer).await;
        }
    });
    (app, requests)
}

fn keeping() -> PoolOptions {
    // Long enough that the connection is surely still there for the second request.
    PoolOptions { idle_max_ms: 60_000, ..PoolOptions::default() }
}

#[tokio::test]
async fn a_get_survives_a_connection_that_closes_under_it() {
    let world = World::start_with(|config| config.workers = 1);
    let (_app, requests) = closes_on_reuse(&world.socket("a"));
    world.route_with(1, &["a"], keeping()).await;
    let mut visitor = Visitor::to(world.at).await;
    for _ in 0..20 {
        let answer = visitor.get("/").await;
        assert_eq!((answer.status, answer.body.as_str()), (200, "ok"));
    }
    assert_eq!(requests.load(Ordering::SeqCst), 20);
    let target = world.target("a").await;
    assert!(target.total > 20, "connections were reused and broke: {target:?}");
    assert_eq!(target.failed, 0);
}

#[tokio::test]
async fn a_post_that_was_written_is_never_sent_again() {
    let world = World::start_with(|config| config.workers = 1);
    let (_app, requests) = closes_on_reuse(&world.socket("a"));
    world.route_with(1, &["a"], keeping()).await;
    let mut visitor = Visitor::to(world.at).await;
    assert_eq!(visitor.get("/").await.status, 200);
    world.until("a", |target| target.in_flight == 0).await;
    visitor.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nok").await;
    let answer = visitor.answer().await.unwrap();
    assert_eq!(answer.status, 502);
    assert_eq!(requests.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_get_on_a_fresh_connection_is_sent_once() {
    let world = World::start();
    let accepted = Arc::new(AtomicU64::new(0));
    let count = accepted.clone();
    let _app = app::each_connection(&world.socket("a"), move |mut stream| {
        count.fetch_add(1, Ordering::SeqCst);
        async move {
            let _ = stream.read(&mut [0; 4_096]).await;
        }
    });
    world.route_to(1, &["a"]).await;
    assert_eq!(Visitor::to(world.at).await.get("/").await.status, 502);
    assert_eq!(accepted.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_target_that_does_not_listen_is_passed_over() {
    let world = World::start();
    let _app = app::say(&world.socket("alive"), "alive");
    world.route_to(1, &["dead", "alive", "gone"]).await;
    let mut visitor = Visitor::to(world.at).await;
    for _ in 0..10 {
        visitor.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nok").await;
        assert_eq!(visitor.answer().await.unwrap().body, "alive");
    }
    assert!(world.target("dead").await.failed > 0);
    assert_eq!(world.target("alive").await.total, 10);
}

#[tokio::test]
async fn idle_connections_leave_before_the_server_would_close_them() {
    let world = World::start();
    let (sender, mut closed) = tokio::sync::mpsc::unbounded_channel();
    let _app = app::each_connection(&world.socket("a"), move |mut stream| {
        let sender = sender.clone();
        async move {
            let mut buffer = [0; 4_096];
            while let Ok(1..) = stream.read(&mut buffer).await {
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.unwrap();
            }
            sender.send(()).unwrap();
        }
    });
    let options = PoolOptions { idle_max_ms: 50, ..PoolOptions::default() };
    world.route_with(1, &["a"], options).await;
    let mut visitor = Visitor::to(world.at).await;
    assert_eq!(visitor.get("/").await.status, 200);
    let left = tokio::time::timeout(crate::visitor::BOUND, closed.recv()).await;
    assert_eq!(left.expect("the edge closes it"), Some(()));
}
