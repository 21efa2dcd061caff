//! A small HTTP server on loopback that misbehaves as told, to prove downloads on.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

/// What one request for a path gets.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    /// The file, or the asked part of it.
    File(Vec<u8>),
    /// The file, always from its start.
    NoRanges(Vec<u8>),
    /// Head and the first bytes, then the connection is closed.
    CutAfter(Vec<u8>, usize),
    /// Only a status.
    Status(u16),
}

/// A request as it came: path, and where its range starts.
pub(crate) type Seen = (String, Option<usize>);

/// Answers for each path, taken in order; the last one stays.
pub(crate) struct Mirror {
    pub(crate) url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

type Script = Arc<Mutex<BTreeMap<String, Vec<Answer>>>>;

impl Mirror {
    pub(crate) fn start(script: impl IntoIterator<Item = (String, Vec<Answer>)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let script: Script = Arc::new(Mutex::new(script.into_iter().collect()));
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&seen);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (script, log) = (Arc::clone(&script), Arc::clone(&log));
                std::thread::spawn(move || serve(&stream, &script, &log));
            }
        });
        Self { url, seen }
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// One connection, any number of requests.
fn serve(stream: &TcpStream, script: &Script, log: &Mutex<Vec<Seen>>) {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    while let Some(first) = lines.next() {
        let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
        let head: Vec<_> = lines.by_ref().take_while(|line| !line.is_empty()).collect();
        let range = head.iter().find_map(|line| {
            let line = line.to_ascii_lowercase();
            line.strip_prefix("range: bytes=")?.trim_end_matches('-').parse().ok()
        });
        log.lock().unwrap_or_else(PoisonError::into_inner).push((path.clone(), range));
        let answer = {
            let mut script = script.lock().unwrap_or_else(PoisonError::into_inner);
            match script.get_mut(&path) {
                Some(answers) if answers.len() > 1 => answers.remove(0),
                Some(answers) => answers[0].clone(),
                None => Answer::Status(404),
            }
        };
        if respond(stream, answer, range).is_none() {
            return;
        }
    }
}

/// `None` when the connection is to be closed.
fn respond(mut stream: &TcpStream, answer: Answer, range: Option<usize>) -> Option<()> {
    let (status, extra, body, cut) = match (answer, range) {
        (Answer::Status(status), _) => (status, String::new(), Vec::new(), None),
        (Answer::File(bytes), Some(start)) if start < bytes.len() => {
            let range = format!("content-range: bytes {start}-{}/{0}\r\n", bytes.len() - 1);
            (206, range, bytes[start..].to_vec(), None)
        }
        (Answer::File(_), Some(_)) => (416, String::new(), Vec::new(), None),
        (Answer::File(bytes) | Answer::NoRanges(bytes), _) => (200, String::new(), bytes, None),
        (Answer::CutAfter(bytes, at), _) => (200, String::new(), bytes, Some(at)),
    };
    let length = body.len();
    let head = format!("HTTP/1.1 {status} x\r\n{extra}content-length: {length}\r\n\r\n");
    stream.write_all(head.as_bytes()).ok()?;
    stream.write_all(&body[..cut.unwrap_or(length)]).ok()?;
    if cut.is_some() {
        stream.shutdown(std::net::Shutdown::Both).ok()?;
        return None;
    }
    Some(())
}
