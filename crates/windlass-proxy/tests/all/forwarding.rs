//! What reaches the app, and what comes back.

use crate::app;
use crate::visitor::{BOUND, Visitor};
use crate::world::World;
use http::{Method, Request, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use std::fmt::Write as _;
use std::sync::Arc;
use tokio::sync::Notify;
use tokio::time::timeout;

/// Answers with what it was asked.
async fn mirror(request: Request<Incoming>) -> Response<app::Body> {
    let mut text = format!("{} {}\n", request.method(), request.uri());
    let mut lines: Vec<String> = request
        .headers()
        .iter()
        .map(|(name, value)| format!("{name}: {}\n", value.to_str().unwrap()))
        .collect();
    lines.sort();
    text.extend(lines);
    let head = request.method() == Method::HEAD;
    let body = request.into_body().collect().await.unwrap();
    let trailers = body.trailers().cloned();
    let bytes = body.to_bytes();
    let _ = write!(text, "body of {}: {}", bytes.len(), String::from_utf8_lossy(&bytes));
    let _ = write!(text, " trailers: {}", trailers.map_or(0, |trailers| trailers.len()));
    let mut response = app::text_of(if head { String::new() } else { text });
    response.headers_mut().insert("x-app", "mirror".parse().unwrap());
    response.headers_mut().insert("connection", "x-hop".parse().unwrap());
    response.headers_mut().insert("x-hop", "1".parse().unwrap());
    if head {
        response.headers_mut().insert("content-length", "1234".parse().unwrap());
    }
    response
}

#[tokio::test]
async fn an_app_sees_the_visitor_and_not_his_claims() {
    let world = World::start();
    let _app = app::serve(&world.socket("a"), mirror);
    world.route_to(1, &["a"]).await;
    let mut visitor = Visitor::to(world.at).await;
    visitor
        .send(
            "GET /x?y=1 HTTP/1.1\r\nHost: shop.example:8080\r\nX-Forwarded-For: 10.0.0.9\r\n\
             X-Request-ID: my-own-id-1\r\nContent_Length: 5\r\nConnection: x-secret\r\n\
             X-Secret: s\r\nForwarded: for=10.0.0.9\r\nCookie: a=b\r\n\r\n",
        )
        .await;
    let answer = visitor.answer().await.unwrap();
    let port = world.at.port();
    let expected = format!(
        "GET /x?y=1\ncookie: a=b\nhost: shop.example:8080\nx-forwarded-for: 127.0.0.1\n\
         x-forwarded-host: shop.example:8080\nx-forwarded-port: {port}\n\
         x-forwarded-proto: http\nx-request-id: my-own-id-1\nbody of 0:  trailers: 0"
    );
    assert_eq!(answer.body, expected);
    assert_eq!(answer.header("x-request-id"), Some("my-own-id-1"));
    assert_eq!(answer.header("x-app"), Some("mirror"));
    assert_eq!(answer.header("x-hop"), None);
    let made = visitor.get("/").await.header("x-request-id").unwrap().to_owned();
    assert_eq!(made.len(), 24);
}

#[tokio::test]
async fn bodies_of_every_framing_pass() {
    let world = World::start();
    let _app = app::serve(&world.socket("a"), mirror);
    world.route_to(1, &["a"]).await;
    let mut visitor = Visitor::to(world.at).await;
    visitor.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello").await;
    let answer = visitor.answer().await.unwrap();
    assert!(answer.body.contains("content-length: 5\n"), "{}", answer.body);
    assert!(answer.body.ends_with("body of 5: hello trailers: 0"), "{}", answer.body);

    visitor.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    let answer = visitor.answer_to("HEAD").await.unwrap();
    assert_eq!((answer.status, answer.header("content-length")), (200, Some("1234")));

    visitor
        .send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        .await;
    assert!(visitor.head().await.unwrap().starts_with("http/1.1 100 "));
    visitor.send("ok").await;
    let answer = visitor.answer().await.unwrap();
    assert!(answer.body.ends_with("body of 2: ok trailers: 0"), "{}", answer.body);
    assert!(!answer.body.contains("expect"), "{}", answer.body);

    visitor
        .send(
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: x-sum\r\n\r\n\
               3\r\nabc\r\n4;ext=1\r\ndefg\r\n0\r\nX-Sum: 1\r\n\r\n",
        )
        .await;
    let answer = visitor.answer().await.unwrap();
    assert!(answer.body.contains("transfer-encoding: chunked\n"), "{}", answer.body);
    assert!(answer.body.ends_with("body of 7: abcdefg trailers: 1"), "{}", answer.body);
    assert_eq!(answer.header("connection"), Some("close"), "nothing follows a chunked body");
}

#[tokio::test]
async fn large_bodies_stream_both_ways() {
    let world = World::start();
    let _app = app::serve(&world.socket("a"), |request| async move {
        Response::new(request.into_body().map_err(std::io::Error::other).boxed())
    });
    world.route_to(1, &["a"]).await;
    let size = 24 << 20;
    let visitor = Visitor::to(world.at).await;
    let (mut from, mut to) = visitor.stream.into_split();
    let sending = tokio::spawn(async move {
        use tokio::io::AsyncWriteExt;
        let head = format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {size}\r\n\r\n");
        to.write_all(head.as_bytes()).await.unwrap();
        let block: Vec<u8> = (0..=255).cycle().take(1 << 20).collect();
        for _ in 0..24 {
            to.write_all(&block).await.unwrap();
        }
        to
    });
    use tokio::io::AsyncReadExt;
    let mut all = Vec::new();
    let mut buffer = vec![0; 1 << 20];
    let mut head = None;
    while head.is_none_or(|head| all.len() < head + size) {
        let count = timeout(BOUND, from.read(&mut buffer)).await.unwrap().unwrap();
        assert!(count > 0, "ended after {}", all.len());
        all.extend_from_slice(&buffer[..count]);
        head = head.or_else(|| all.windows(4).position(|w| w == b"\r\n\r\n").map(|at| at + 4));
    }
    let body = &all[head.unwrap()..];
    assert!(body.iter().enumerate().all(|(at, &byte)| byte == (at % (1 << 20) % 256) as u8));
    drop(sending.await.unwrap());
}

#[tokio::test]
async fn an_app_learns_that_its_visitor_left() {
    let world = World::start();
    let left = Arc::new(Notify::new());
    let (asked, told) = (Arc::new(Notify::new()), left.clone());
    let arrived = asked.clone();
    /// Tells when the answer is no longer wanted.
    struct OnDrop(Arc<Notify>);
    impl Drop for OnDrop {
        fn drop(&mut self) {
            self.0.notify_one();
        }
    }
    let _app = app::serve(&world.socket("a"), move |_| {
        let guard = OnDrop(told.clone());
        let arrived = arrived.clone();
        async move {
            arrived.notify_one();
            std::future::pending::<()>().await;
            drop(guard);
            Response::builder().status(StatusCode::OK).body(app::text_of("").into_body()).unwrap()
        }
    });
    world.route_to(1, &["a"]).await;
    let mut visitor = Visitor::to(world.at).await;
    visitor.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    timeout(BOUND, asked.notified()).await.unwrap();
    world.until("a", |target| target.in_flight == 1).await;
    drop(visitor);
    timeout(BOUND, left.notified()).await.expect("the app's request is cancelled");
    world.until("a", |target| target.in_flight == 0).await;
}
