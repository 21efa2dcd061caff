//! The load is strict: it must see every way in which a server can fail a request.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;
use windlass_testkit::{Load, LoadReport, LoadSpec};

/// A server of `answers`: what each connection sends after each request, before it is closed.
fn serve(answers: &'static [&'static str]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound");
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || answer(stream, answers));
        }
    });
    address
}

fn answer(mut stream: TcpStream, answers: &[&str]) {
    for answer in answers {
        let mut seen = Vec::new();
        let mut byte = [0_u8; 1];
        while !seen.ends_with(b"\r\n\r\n") {
            match stream.read(&mut byte) {
                Ok(1) => seen.push(byte[0]),
                _ => return,
            }
        }
        if stream.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

fn load(address: SocketAddr, timeout_ms: u64) -> LoadReport {
    let spec = LoadSpec {
        connections: 2,
        pause_ms: 1,
        timeout_ms,
        ..LoadSpec::at(address, "shop.localhost")
    };
    let load = Load::start(spec);
    let end = std::time::Instant::now() + Duration::from_secs(20);
    while load.answered() + load.failed() < 6 && std::time::Instant::now() < end {
        std::thread::sleep(Duration::from_millis(1));
    }
    load.stop()
}

const KEPT: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const CLOSED: &str = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok";
const CHUNKED: &str =
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n1;x=y\r\nk\r\n0\r\n\r\n";

#[test]
fn sound_servers_lose_nothing() {
    for answers in [&[KEPT, KEPT, CLOSED][..], &[CLOSED], &[CHUNKED, CLOSED]] {
        let report = load(serve(answers), 5_000);
        assert!(report.answered >= 6, "{report}");
        assert_eq!(report.failed, 0, "{report}");
        assert_eq!(report.bodies.keys().collect::<Vec<_>>(), [b"ok"]);
    }
}

#[test]
fn every_way_to_fail_is_counted_with_its_reason() {
    for (answers, timeout_ms, reason) in [
        (&[KEPT][..], 5_000, "kept connection"),
        (
            &["HTTP/1.1 502 Bad\r\nContent-Length: 4\r\nConnection: close\r\n\r\ngone"],
            5_000,
            "answered 502: gone",
        ),
        (&["HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok"], 5_000, "body cut"),
        (&["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nok"], 5_000, "body cut"),
        (&["nonsense\r\n"], 5_000, "not HTTP"),
        (&[""], 5_000, "new connection"),
        (&["", "", ""], 50, "no whole answer"),
    ] {
        let report = load(serve(answers), timeout_ms);
        assert!(report.failed > 0, "{reason}: {report}");
        assert!(report.reasons.keys().any(|seen| seen.contains(reason)), "{reason}: {report}");
        assert_eq!(report.reasons.values().sum::<u64>(), report.failed);
    }
}

#[test]
fn nobody_there_is_a_failure_and_a_gap() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound");
    drop(listener);
    let report = load(address, 1_000);
    assert_eq!(report.answered, 0, "{report}");
    assert!(report.reasons.keys().all(|reason| reason.starts_with("connect")), "{report}");
    assert_eq!(report.longest_gap_ms, report.elapsed_ms);
}
