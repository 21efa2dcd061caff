//! Probes against everything that a starting app can be.

use crate::app;
use http::StatusCode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use windlass_model::ProbeAnswer;
use windlass_proxy::{Address, ProbeRequest, probe};

fn request() -> ProbeRequest {
    ProbeRequest {
        host: "shop.example".into(),
        path: "/health?deep=1".into(),
        timeout_ms: 15_000,
        headers: vec![("x-probe".into(), "1".into())],
    }
}

#[tokio::test]
async fn a_probe_asks_as_a_visitor_would() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.sock");
    let _app = app::serve(&path, |request| async move {
        let header = |name: &str| {
            request.headers().get(name).and_then(|v| v.to_str().ok()).unwrap_or("").to_owned()
        };
        let names = ["host", "x-forwarded-proto", "x-forwarded-host", "user-agent", "x-probe"];
        let text = names.map(header).join(" ");
        let mut response = app::text_of(format!("{} {text}", request.uri()));
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
        response
    });
    let answer = probe(&Address::Unix(path), &request()).await;
    let ProbeAnswer::Status { status, body, .. } = answer else { panic!("{answer:?}") };
    assert_eq!(status, 503);
    assert_eq!(body, "/health?deep=1 shop.example https shop.example windlass-probe 1");
}

#[tokio::test]
async fn a_probe_tells_absence_silence_and_garbage_apart() {
    let folder = tempfile::tempdir().unwrap();
    let socket = |name: &str| folder.path().join(name);
    let short = ProbeRequest { timeout_ms: 100, ..request() };

    let missing = Address::Unix(socket("missing"));
    assert_eq!(probe(&missing, &request()).await, ProbeAnswer::NotListening);
    drop(std::os::unix::net::UnixListener::bind(socket("left-over")).unwrap());
    let left_over = Address::Unix(socket("left-over"));
    assert_eq!(probe(&left_over, &request()).await, ProbeAnswer::NotListening);

    let _silent = app::each_connection(&socket("silent"), |mut stream| async move {
        while let Ok(1..) = stream.read(&mut [0; 1_024]).await {}
    });
    let silent = Address::Unix(socket("silent"));
    assert_eq!(probe(&silent, &short).await, ProbeAnswer::TimedOut { after_ms: 100 });

    let _garbage = app::each_connection(&socket("garbage"), |mut stream| async move {
        let _ = stream.read(&mut [0; 1_024]).await;
        let _ = stream.write_all(b"\x16\x03\x01 no http here\r\n\r\n").await;
    });
    let garbage = probe(&Address::Unix(socket("garbage")), &request()).await;
    assert!(matches!(garbage, ProbeAnswer::Broken { .. }), "{garbage:?}");

    let _closing = app::each_connection(&socket("closing"), |mut stream| async move {
        let _ = stream.read(&mut [0; 1_024]).await;
    });
    let closing = probe(&Address::Unix(socket("closing")), &request()).await;
    assert!(matches!(closing, ProbeAnswer::Broken { .. }), "{closing:?}");

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = Address::Tcp(listener.local_addr().unwrap());
    drop(listener);
    assert_eq!(probe(&address, &request()).await, ProbeAnswer::NotListening);
}

#[tokio::test]
async fn only_the_beginning_of_a_long_answer_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.sock");
    let _app = app::serve(&path, |_| async { app::text_of(vec![b'x'; 1 << 20]) });
    let answer = probe(&Address::Unix(path), &request()).await;
    let ProbeAnswer::Status { status: 200, body, .. } = answer else { panic!("{answer:?}") };
    assert_eq!(body.len(), ProbeAnswer::BODY_LIMIT);
}
