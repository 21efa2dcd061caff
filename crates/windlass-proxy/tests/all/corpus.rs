//! Requests that two parsers could read differently, byte by byte against the real edge.
//!
//! For each: what the edge answers, and what of it the app saw. A smuggled request would show as
//! a second request line, or as bytes of an attack, in the app's record.

use crate::app;
use crate::visitor::Visitor;
use crate::world::World;

/// What one payload must come to.
struct Case {
    name: &'static str,
    payload: String,
    status: u16,
    /// Whether the app may have seen a request at all.
    reaches_app: bool,
}

fn refused(name: &'static str, payload: &str, status: u16) -> Case {
    Case { name, payload: payload.to_owned(), status, reaches_app: false }
}

fn passes(name: &'static str, payload: &str) -> Case {
    Case { name, payload: payload.to_owned(), status: 200, reaches_app: true }
}

/// The start of a request that goes on with more headers.
const POST: &str = "POST /victim HTTP/1.1\r\nHost: a\r\n";
const SMUGGLED: &str = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";

fn framing() -> Vec<Case> {
    let post = |rest: &str| format!("{POST}{rest}");
    let chunked = |rest: &str| post(&format!("Transfer-Encoding: chunked\r\n{rest}"));
    vec![
        passes("plain", &post("Content-Length: 2\r\n\r\nok")),
        passes("chunked", &chunked("\r\n2\r\nok\r\n0\r\n\r\n")),
        passes("chunked in capitals", &post("Transfer-Encoding: CHUNKED\r\n\r\n0\r\n\r\n")),
        refused(
            "CL.TE",
            &post(&format!(
                "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{SMUGGLED}"
            )),
            400,
        ),
        refused("TE.CL", &chunked(&format!("Content-Length: 4\r\n\r\n0\r\n\r\n{SMUGGLED}")), 400),
        refused(
            "identity, chunked",
            &post("Transfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n"),
            501,
        ),
        refused(
            "chunked, chunked",
            &post("Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n"),
            501,
        ),
        refused("gzip, chunked", &post("Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"), 501),
        refused("two codings", &chunked("Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 501),
        refused("xchunked", &post("Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"), 400),
        refused("identity", &post("Transfer-Encoding: identity\r\n\r\n"), 400),
        refused(
            "coding in 1.0",
            "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            400,
        ),
        refused(
            "differing lengths",
            &post("Content-Length: 2\r\nContent-Length: 3\r\n\r\nokk"),
            400,
        ),
        refused("signed length", &post("Content-Length: +2\r\n\r\nok"), 400),
        refused("list of lengths", &post("Content-Length: 2, 2\r\n\r\nok"), 400),
        refused("space before colon", &post("Content-Length : 2\r\n\r\nok"), 400),
        refused("folded header", &post("X: a\r\n b\r\nContent-Length: 0\r\n\r\n"), 400),
        refused("NUL in a value", &post("X: a\0b\r\n\r\n"), 400),
        refused("bare CR in a value", &post("X: a\rb\r\n\r\n"), 400),
        refused("unknown version", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", 400),
    ]
}

fn broken_chunks() -> Vec<Case> {
    // The head of these is sound, so that the app may have seen it; its body never ends there.
    let bodies = [
        ("chunk size with 0x", "0x2\r\nok\r\n0\r\n\r\n"),
        ("chunk size overflow", "10000000000000002\r\nok\r\n0\r\n\r\n"),
        ("negative chunk size", "-2\r\nok\r\n0\r\n\r\n"),
        ("chunk longer than its size", "2\r\nokk\r\n0\r\n\r\n"),
        ("bare LF after a chunk size", "2\nok\r\n0\r\n\r\n"),
        ("bare LF after a chunk", "2\r\nok\n0\r\n\r\n"),
    ];
    let case = |(name, body): &(&'static str, &str)| Case {
        name,
        payload: format!("{POST}Transfer-Encoding: chunked\r\n\r\n{body}{SMUGGLED}"),
        status: 400,
        reaches_app: true,
    };
    bodies.iter().map(case).collect()
}

fn targets() -> Vec<Case> {
    let get = |target: &str, headers: &str| format!("GET {target} HTTP/1.1\r\n{headers}\r\n");
    let many: String = (0..120).fold(String::new(), |text, n| format!("{text}X-{n}: 1\r\n"));
    let long = format!("Host: a\r\nX: {}\r\n", "x".repeat(64 << 10));
    vec![
        passes("absolute form", &get("http://a/x", "Host: a\r\n")),
        refused("no host", &get("/", ""), 400),
        refused("no host in 1.0", "GET / HTTP/1.0\r\n\r\n", 400),
        refused("two hosts", &get("/", "Host: a\r\nHost: a\r\n"), 400),
        refused("host with a path", &get("/", "Host: a/b@c\r\n"), 400),
        refused("empty host", &get("/", "Host:\r\n"), 400),
        refused("other authority", &get("http://b/", "Host: a\r\n"), 400),
        refused("CONNECT", "CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n", 405),
        refused("TRACE", "TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", 405),
        refused("long header", &get("/", &long), 431),
        refused("many headers", &get("/", &format!("Host: a\r\n{many}")), 431),
        refused("unknown expectation", &get("/", "Host: a\r\nExpect: wonders\r\n"), 417),
        passes("underscored length", &get("/", "Host: a\r\nContent_Length: 5\r\n")),
        passes(
            "named by Connection",
            &get("/", "Host: a\r\nX-Hop: 1\r\nConnection: X-Hop, host\r\n"),
        ),
        passes(
            "h2c is not upgraded",
            &get("/", "Host: a\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n"),
        ),
    ]
}

#[tokio::test]
async fn no_request_is_read_in_two_ways() {
    for case in framing().into_iter().chain(broken_chunks()).chain(targets()) {
        let world = World::start();
        let (_app, record) = app::record(&world.socket("a"));
        world.route_to(1, &["a"]).await;
        let mut visitor = Visitor::to(world.at).await;
        // The edge may refuse and close before it has read everything.
        let _ =
            tokio::io::AsyncWriteExt::write_all(&mut visitor.stream, case.payload.as_bytes()).await;
        let status = visitor.answer().await.map(|answer| answer.status);
        let name = case.name;
        // A client that is reset while it still sends may lose the answer; the app saw nothing.
        let lost = status.is_none() && case.payload.len() > 60_000;
        assert!(status == Some(case.status) || lost, "{name}: {status:?}");
        let seen = String::from_utf8_lossy(&record.lock().unwrap()).to_ascii_lowercase();
        assert!(case.reaches_app || seen.is_empty(), "{name} reached the app: {seen}");
        assert!(seen.matches("http/1.1\r\n").count() <= 1, "{name} came as two requests: {seen}");
        let lines = ["smuggled", "content_length", "x-hop", "h2c", "gzip", "identity"];
        for line in lines {
            assert!(!seen.contains(line), "{name} passed {line} on: {seen}");
        }
        if case.status == 400 && case.reaches_app {
            assert!(!seen.ends_with("\r\n0\r\n\r\n"), "{name} was completed for the app: {seen}");
        }
        if matches!(case.status, 400 | 501) {
            assert_eq!(visitor.rest().await, "", "{name}: the connection is closed");
        }
    }
}

#[tokio::test]
async fn requests_in_a_row_keep_their_order_and_their_bodies() {
    let world = World::start();
    let _app = app::serve(&world.socket("a"), |request| async move {
        let path = request.uri().path().to_owned();
        let body = http_body_util::BodyExt::collect(request.into_body()).await.unwrap().to_bytes();
        app::text_of(format!("{path} {}", String::from_utf8_lossy(&body)))
    });
    world.route_to(1, &["a"]).await;
    let mut visitor = Visitor::to(world.at).await;
    visitor
        .send(
            "POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 19\r\n\r\nGET /x HTTP/1.1\r\n\r\n\
             GET /2 HTTP/1.1\r\nHost: a\r\n\r\n\
             POST /3 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        )
        .await;
    assert_eq!(visitor.answer().await.unwrap().body, "/1 GET /x HTTP/1.1\r\n\r\n");
    assert_eq!(visitor.answer().await.unwrap().body, "/2 ");
    assert_eq!(visitor.answer().await.unwrap().body, "/3 ok");
    assert_eq!(visitor.rest().await, "");
}
