//! Time-outs, of clients and of apps.

use crate::app;
use crate::visitor::{BOUND, Visitor};
use crate::world::World;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::Notify;
use tokio::time::timeout;
use windlass_proxy::PoolOptions;

#[tokio::test]
async fn a_head_that_trickles_in_is_cut_off() {
    let world = World::start_with(|config| config.limits.head_timeout_ms = 300);
    let _app = app::say(&world.socket("a"), "a");
    world.route_to(1, &["a"]).await;
    let mut silent = Visitor::to(world.at).await;
    let mut slow = Visitor::to(world.at).await;
    let trickle = async {
        for byte in "GET / HTTP/1.1\r\nX: ".bytes().chain(std::iter::repeat(b'x')) {
            if slow.stream.write_all(&[byte]).await.is_err() {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    timeout(BOUND, trickle).await.expect("a slow head is cut off");
    assert_eq!(silent.rest().await, "", "a connection without a request, too");
}

#[tokio::test]
async fn idle_connections_are_closed_and_busy_ones_are_not() {
    let world = World::start_with(|config| {
        config.limits.idle_timeout_ms = 200;
        config.limits.head_timeout_ms = 100;
    });
    let _app = app::serve(&world.socket("a"), |_| async {
        tokio::time::sleep(std::time::Duration::from_millis(900)).await;
        app::text_of("slow")
    });
    world.route_to(1, &["a"]).await;
    let mut visitor = Visitor::to(world.at).await;
    assert_eq!(visitor.get("/").await.body, "slow");
    assert_eq!(visitor.rest().await, "");
}

#[tokio::test]
async fn beyond_the_most_connections_the_idle_make_room_and_the_busy_stay() {
    let world = World::start_with(|config| {
        config.workers = 1;
        config.limits.connections_max = 2;
    });
    let release = Arc::new(Notify::new());
    let shared = release.clone();
    let _app = app::serve(&world.socket("a"), move |request| {
        let release = shared.clone();
        async move {
            if request.uri() == "/held" {
                release.notified().await;
            }
            app::text_of("served")
        }
    });
    world.route_to(1, &["a"]).await;
    let mut idle = Visitor::to(world.at).await;
    assert_eq!(idle.get("/").await.body, "served");
    let mut busy = Visitor::to(world.at).await;
    busy.send("GET /held HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert_eq!(idle.rest().await, "");
    // Each of these has to wait for the end of the one before.
    for _ in 0..3 {
        let mut visitor = Visitor::to(world.at).await;
        assert_eq!(visitor.get("/").await.body, "served");
        assert!(world.client.status().await.unwrap().connections <= 2);
        assert_eq!(visitor.rest().await, "");
    }
    release.notify_one();
    assert_eq!(busy.answer().await.unwrap().body, "served");
}

#[tokio::test]
async fn an_app_that_does_not_answer_in_time_is_a_504() {
    let world = World::start();
    let _app = app::each_connection(&world.socket("a"), |mut stream| async move {
        let mut buffer = [0; 1_024];
        while let Ok(1..) = stream.read(&mut buffer).await {}
    });
    let options = PoolOptions { head_timeout_ms: 100, ..PoolOptions::default() };
    world.route_with(1, &["a"], options).await;
    let answer = Visitor::to(world.at).await.get("/").await;
    assert_eq!(answer.status, 504);
    assert!(answer.body.contains("app-timeout"), "{}", answer.body);
    let target = world.target("a").await;
    assert_eq!((target.failed, target.in_flight), (1, 0));
}

#[tokio::test]
async fn an_app_that_stops_in_the_middle_breaks_the_answer_off() {
    let world = World::start();
    let _app = app::each_connection(&world.socket("a"), |mut stream| async move {
        let mut buffer = [0; 1_024];
        let _ = stream.read(&mut buffer).await.unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf").await.unwrap();
        while let Ok(1..) = stream.read(&mut buffer).await {}
    });
    let options = PoolOptions { body_idle_timeout_ms: 100, ..PoolOptions::default() };
    world.route_with(1, &["a"], options).await;
    let mut visitor = Visitor::to(world.at).await;
    visitor.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert!(visitor.head().await.unwrap().starts_with("http/1.1 200"));
    assert_eq!(visitor.rest().await, "half");
    world.until("a", |target| target.failed == 1 && target.in_flight == 0).await;
}

#[tokio::test]
async fn a_client_that_stops_in_its_body_is_a_408() {
    let world = World::start();
    let _app = app::each_connection(&world.socket("a"), |mut stream| async move {
        let mut buffer = [0; 1_024];
        while let Ok(1..) = stream.read(&mut buffer).await {}
    });
    let options = PoolOptions { body_idle_timeout_ms: 100, ..PoolOptions::default() };
    world.route_with(1, &["a"], options).await;
    let mut visitor = Visitor::to(world.at).await;
    visitor.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf").await;
    assert_eq!(visitor.answer().await.unwrap().status, 408);
    assert_eq!(world.target("a").await.failed, 0, "not the app's failure");
}

#[tokio::test]
async fn garbage_from_an_app_is_a_502() {
    let world = World::start();
    let _app = app::each_connection(&world.socket("a"), |mut stream| async move {
        let mut buffer = [0; 1_024];
        let _ = stream.read(&mut buffer).await.unwrap();
        let _ = stream.write_all(b"Traceback (most recent call last)\r\n\r\n").await;
    });
    world.route_to(1, &["a"]).await;
    let answer = Visitor::to(world.at).await.get("/").await;
    assert_eq!(answer.status, 502);
    assert!(answer.body.contains("app-broken"), "{}", answer.body);
}
