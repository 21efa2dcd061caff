//! What has no end of its own: event streams and WebSockets.

use crate::app::{self, App};
use crate::visitor::{BOUND, Visitor};
use crate::world::World;
use std::path::Path;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::time::timeout;
use windlass_proxy::DrainRequest;

/// An app that sends one event, and nothing more until its visitor leaves.
pub(crate) fn events(path: &Path) -> App {
    app::each_connection(path, |mut stream: UnixStream| async move {
        asked(&mut stream).await;
        send_event(stream).await;
    })
}

/// An app that switches protocols and then echoes, one message at a time, until it is told `bye`:
/// then it says no more, and goes on to listen.
fn echo(path: &Path) -> App {
    app::each_connection(path, |mut stream: UnixStream| async move {
        let head = asked(&mut stream).await;
        switch_and_echo(stream, &head).await;
    })
}

/// An app that is both, by path, and never answers what is neither.
fn of_every_kind(path: &Path) -> App {
    app::each_connection(path, |mut stream: UnixStream| async move {
        let head = asked(&mut stream).await;
        match head.split(' ').nth(1).unwrap() {
            "/ws" => switch_and_echo(stream, &head).await,
            "/events" => send_event(stream).await,
            _ => while let Ok(1..) = stream.read(&mut [0; 4_096]).await {},
        }
    })
}

async fn asked(stream: &mut UnixStream) -> String {
    let mut buffer = [0; 4_096];
    let count = stream.read(&mut buffer).await.unwrap();
    String::from_utf8_lossy(&buffer[..count]).to_ascii_lowercase()
}

async fn send_event(mut stream: UnixStream) {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\
                Transfer-Encoding: chunked\r\n\r\nf\r\ndata: first\r\n\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    while let Ok(1..) = stream.read(&mut [0; 4_096]).await {}
}

async fn switch_and_echo(mut stream: UnixStream, head: &str) {
    assert!(head.contains("upgrade: websocket\r\n"), "{head}");
    assert!(head.contains("connection: upgrade\r\n"), "{head}");
    assert!(head.contains("sec-websocket-key: k\r\n"), "{head}");
    let answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
                  Connection: Upgrade\r\nSec-WebSocket-Accept: s\r\n\r\nhello";
    stream.write_all(answer.as_bytes()).await.unwrap();
    let mut buffer = [0; 4_096];
    while let Ok(count @ 1..) = stream.read(&mut buffer).await {
        if &buffer[..count] == b"bye" {
            stream.shutdown().await.unwrap();
        } else {
            stream.write_all(&buffer[..count]).await.unwrap();
        }
    }
}

/// A visitor of such an app, greeted already.
async fn upgrade(world: &World) -> Visitor {
    let mut visitor = Visitor::to(world.at).await;
    visitor
        .send(
            "GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n\
             Sec-WebSocket-Key: k\r\nSec-WebSocket-Version: 13\r\n\r\n",
        )
        .await;
    let head = visitor.head().await.unwrap();
    assert!(head.starts_with("http/1.1 101 "), "{head}");
    assert!(head.contains("upgrade: websocket\r\n"), "{head}");
    assert!(head.contains("sec-websocket-accept: s\r\n"), "{head}");
    assert_eq!(visitor.take(5).await.unwrap(), "hello");
    visitor
}

#[tokio::test]
async fn the_first_event_arrives_while_the_stream_stays_open() {
    let world = World::start();
    let _app = events(&world.socket("a"));
    world.route_to(1, &["a"]).await;
    let mut visitor = Visitor::to(world.at).await;
    visitor.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    let head = visitor.head().await.unwrap();
    assert!(head.contains("content-type: text/event-stream"), "{head}");
    assert_eq!(visitor.line().await.unwrap().trim().to_ascii_lowercase(), "f");
    assert_eq!(visitor.line().await.unwrap(), "data: first\r\n");
    drop(visitor);
    world.until("a", |target| target.long_lived == 0).await;
}

#[tokio::test]
async fn a_websocket_is_a_tunnel_and_holds_no_drain() {
    let world = World::start();
    let _app = echo(&world.socket("a"));
    world.route_to(1, &["a"]).await;
    let mut visitor = upgrade(&world).await;
    for message in ["one", "two", "three"] {
        visitor.send(message).await;
        assert_eq!(visitor.take(message.len()).await.unwrap(), message);
    }
    world.until("a", |target| target.long_lived == 1 && target.in_flight == 0).await;
    world.route_to(2, &[]).await;
    let report = world.client.drain(&["a".into()], 15_000).await.unwrap();
    assert_eq!((report.cut, report.long_lived_left), (0, 1));
    visitor.send("still here").await;
    assert_eq!(visitor.take(10).await.unwrap(), "still here");
    drop(visitor);
    world.until("a", |target| target.long_lived == 0).await;
}

#[tokio::test]
async fn a_tunnel_ends_with_either_side() {
    let world = World::start_with(|config| config.limits.farewell_ms = 100);
    let _app = echo(&world.socket("a"));
    world.route_to(1, &["a"]).await;
    let mut silent = upgrade(&world).await;
    silent.send("bye").await;
    // The visitor holds on to its side, as the app does to its own; neither says a word.
    assert_eq!(silent.rest().await, "");
    world.until("a", |target| target.long_lived == 0).await;
}

#[tokio::test]
async fn a_cut_leaves_what_the_drain_did_not_wait_for() {
    // One worker: what it does to one connection to the target it has done to all.
    let world = World::start_with(|config| config.workers = 1);
    let _app = of_every_kind(&world.socket("old"));
    world.route_to(1, &["old"]).await;
    let mut socket = upgrade(&world).await;
    let (mut events, mut waiting) = (Visitor::to(world.at).await, Visitor::to(world.at).await);
    events.send("GET /events HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert!(events.head().await.unwrap().starts_with("http/1.1 200"));
    waiting.send("GET /never HTTP/1.1\r\nHost: a\r\n\r\n").await;
    world.until("old", |target| target.long_lived == 2 && target.in_flight == 1).await;
    world.route_to(2, &[]).await;
    let report = world.client.drain(&["old".into()], 20).await.unwrap();
    assert_eq!((report.cut, report.long_lived_left), (1, 2));
    assert_eq!(waiting.answer().await.unwrap().status, 503);
    socket.send("still here").await;
    assert_eq!(socket.take(10).await.unwrap(), "still here");
    assert_eq!(world.target("old").await.long_lived, 2);
    let targets = vec!["old".to_owned()];
    let wanted = DrainRequest { targets, deadline_ms: 10, await_long_lived: true };
    let report = world.client.drain_by(&wanted).await.unwrap();
    assert_eq!((report.cut, report.long_lived_left), (2, 0));
    assert_eq!(socket.rest().await, "");
    events.rest().await;
}

#[tokio::test]
async fn a_refused_upgrade_is_an_ordinary_answer() {
    let world = World::start();
    let _app = app::say(&world.socket("a"), "no sockets here");
    world.route_to(1, &["a"]).await;
    let mut visitor = Visitor::to(world.at).await;
    visitor
        .send("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
        .await;
    assert_eq!(visitor.answer().await.unwrap().body, "no sockets here");
    assert_eq!(visitor.get("/").await.body, "no sockets here");
}

#[tokio::test]
async fn the_end_of_the_edge_lets_requests_finish_and_closes_tunnels() {
    let mut world = World::start();
    let release = std::sync::Arc::new(tokio::sync::Notify::new());
    let shared = release.clone();
    let _slow = app::serve(&world.socket("slow"), move |_| {
        let release = shared.clone();
        async move {
            release.notified().await;
            app::text_of("finished")
        }
    });
    world.route_to(1, &["slow"]).await;
    let mut idle = Visitor::to(world.at).await;
    release.notify_one();
    assert_eq!(idle.get("/").await.body, "finished");
    let mut waiting = Visitor::to(world.at).await;
    waiting.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    world.until("slow", |target| target.in_flight == 1).await;
    let edge = world.edge.take().unwrap();
    let ending = tokio::task::spawn_blocking(move || edge.stop());
    assert_eq!(timeout(BOUND, idle.rest()).await.unwrap(), "", "idle connections close at once");
    release.notify_one();
    let answer = waiting.answer().await.unwrap();
    assert_eq!(answer.body, "finished");
    timeout(BOUND, ending).await.unwrap().unwrap();
    assert!(tokio::net::TcpStream::connect(world.at).await.is_err(), "nobody listens any more");
}
