//! A watch against servers that die, refuse and repeat themselves, over a real socket.

use super::*;
use crate::settings::Show;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};
use windlass_model::Layout;

/// Settings whose program is none, so that no server can be started from here.
fn settings(home: &std::path::Path) -> Settings {
    let layout = Layout::under(home);
    std::fs::create_dir_all(&layout.run).expect("made");
    Settings {
        layout,
        home: Some(home.to_owned()),
        listen: Vec::new(),
        system: false,
        app: None,
        folder: home.to_owned(),
        program: "/nonexistent/windlass".into(),
        show: Show { quiet: true, ..Show::default() },
        interactive: false,
        terminal: false,
        term: None,
    }
}

fn line(seq: u64, event: Event) -> String {
    let record = EventRecord { job: JobId(7), seq, at_ms: seq, event };
    serde_json::to_string(&record).expect("an event") + "\n"
}

/// Reads a request and gives its first line.
async fn asked(stream: &mut UnixStream) -> String {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        request.push(stream.read_u8().await.expect("a request"));
    }
    String::from_utf8_lossy(&request).lines().next().unwrap_or_default().to_owned()
}

/// Answers with lines; an answer without its last chunk is one of a server that was killed.
async fn answer(stream: &mut UnixStream, lines: &[String], whole: bool) {
    let body = lines.concat();
    let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    let end = if whole { "0\r\n\r\n" } else { "" };
    let text = format!("{head}{:x}\r\n{body}\r\n{end}", body.len());
    stream.write_all(text.as_bytes()).await.expect("written");
}

#[tokio::test]
async fn a_server_that_is_killed_and_comes_back_is_asked_for_the_rest() {
    let home = tempfile::tempdir().expect("a folder");
    let settings = settings(home.path());
    let socket = settings.layout.server_socket();
    let listener = UnixListener::bind(&socket).expect("bound");
    let asks = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&asks);
    let output = |text: &str| Event::Output { line: text.to_owned() };
    let done = JobState::Succeeded { release: None, url: None };
    let server = async {
        let (mut stream, _) = listener.accept().await.expect("a client");
        let ask = asked(&mut stream).await;
        seen.lock().expect("sound").push(ask);
        answer(&mut stream, &[line(1, output("a")), line(2, output("b"))], false).await;
        drop((stream, listener));
        std::fs::remove_file(&socket).expect("there");
        let listener = UnixListener::bind(&socket).expect("bound again");
        let (mut stream, _) = listener.accept().await.expect("a client");
        let ask = asked(&mut stream).await;
        seen.lock().expect("sound").push(ask);
        // One that was heard already: at least once is what a stream promises.
        let rest = [line(2, output("b")), line(3, Event::State { state: done.clone() })];
        answer(&mut stream, &rest, true).await;
    };
    let mut heard = Vec::new();
    let mut hear = |record: &EventRecord| {
        heard.push(record.seq);
        Ok(())
    };
    let watched = follow(&settings, Output::new(settings.show), JobId(7), &mut hear);
    let (watched, ()) = tokio::join!(watched, server);
    assert!(matches!(watched, Ok(Watched::Ended(state)) if state == done));
    assert_eq!(heard, [1, 2, 3]);
    let asks = asks.lock().expect("sound").join("\n");
    assert_eq!(
        asks,
        "GET /v1/jobs/7/events?after=0 HTTP/1.1\nGET /v1/jobs/7/events?after=2 HTTP/1.1"
    );
}

#[tokio::test]
async fn what_the_server_refuses_is_not_tried_again() {
    let home = tempfile::tempdir().expect("a folder");
    let settings = settings(home.path());
    let listener = UnixListener::bind(settings.layout.server_socket()).expect("bound");
    let server = async {
        let (mut stream, _) = listener.accept().await.expect("a client");
        asked(&mut stream).await;
        let problem = windlass_model::Problem::user("no-such-job", "there is no job 7");
        let body = serde_json::to_string(&problem).expect("a problem");
        let head = format!("HTTP/1.1 404 Not Found\r\ncontent-length: {}\r\n\r\n", body.len());
        stream.write_all((head + &body).as_bytes()).await.expect("written");
    };
    let mut hear = |_: &EventRecord| Ok(());
    let watched = follow(&settings, Output::new(settings.show), JobId(7), &mut hear);
    let (watched, ()) = tokio::join!(watched, server);
    let error = watched.expect_err("refused");
    assert!(matches!(error, CliError::Client(ClientError::Refused { status: 404, .. })), "{error}");
}

#[tokio::test]
async fn a_result_that_nobody_reads_ends_the_watch() {
    let home = tempfile::tempdir().expect("a folder");
    let settings = settings(home.path());
    let listener = UnixListener::bind(settings.layout.server_socket()).expect("bound");
    let server = async {
        let (mut stream, _) = listener.accept().await.expect("a client");
        asked(&mut stream).await;
        answer(&mut stream, &[line(1, Event::Output { line: String::new() })], true).await;
    };
    let mut hear = |_: &EventRecord| Err(CliError::ReaderGone);
    let watched = follow(&settings, Output::new(settings.show), JobId(7), &mut hear);
    let (watched, ()) = tokio::join!(watched, server);
    assert!(matches!(watched, Err(CliError::ReaderGone)));
}
