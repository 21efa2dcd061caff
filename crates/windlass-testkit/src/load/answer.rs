//! One HTTP/1.1 connection of a client, as strict as RFC 9112 lets a client be.

use std::net::SocketAddr;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

/// Longest line and body that is taken: tests ask for small pages.
const LINE_LIMIT: u64 = 16 * 1024;
const BODY_LIMIT: usize = 4 * 1024 * 1024;

/// An open connection.
#[derive(Debug)]
pub(super) struct Connection {
    stream: BufReader<TcpStream>,
    asked: u64,
}

/// A whole answer.
#[derive(Debug)]
pub(super) struct Answer {
    /// The status code.
    pub(super) status: u16,
    /// Whether the connection may carry another request.
    pub(super) keep_alive: bool,
    /// The body.
    pub(super) body: Vec<u8>,
}

/// How a body ends (RFC 9112, section 6.3).
enum Length {
    Known(usize),
    Chunked,
    UntilClose,
}

impl Connection {
    /// Connects.
    pub(super) async fn open(address: SocketAddr) -> Result<Self, String> {
        let stream = TcpStream::connect(address).await.map_err(|e| format!("connect: {e}"))?;
        stream.set_nodelay(true).map_err(|e| format!("connect: {e}"))?;
        Ok(Self { stream: BufReader::new(stream), asked: 0 })
    }

    /// Asks for a path and reads the whole answer.
    pub(super) async fn get(&mut self, host: &str, path: &str) -> Result<Answer, String> {
        self.asked += 1;
        let head = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: load\r\n\r\n");
        let sent = self.stream.get_mut().write_all(head.as_bytes()).await;
        sent.map_err(|e| format!("send{}: {e}", self.place()))?;
        let status = self.line().await?;
        let status = parse_status(&status).ok_or_else(|| format!("not HTTP: {status:?}"))?;
        let (mut length, mut keep_alive) = (Length::UntilClose, true);
        loop {
            let line = self.line().await?;
            if line.is_empty() {
                break;
            }
            let (name, value) =
                line.split_once(':').ok_or_else(|| format!("bad header {line:?}"))?;
            let value = value.trim();
            match name.to_ascii_lowercase().as_str() {
                "content-length" => {
                    let size = value.parse().map_err(|_| format!("bad length {value:?}"))?;
                    length = Length::Known(size);
                }
                "transfer-encoding" => length = Length::Chunked,
                "connection" if value.eq_ignore_ascii_case("close") => keep_alive = false,
                _ => {}
            }
        }
        if matches!(status, 204 | 304) {
            length = Length::Known(0);
        }
        keep_alive &= !matches!(length, Length::UntilClose);
        let body = self.body(length).await?;
        Ok(Answer { status, keep_alive, body })
    }

    async fn body(&mut self, length: Length) -> Result<Vec<u8>, String> {
        let mut body = Vec::new();
        match length {
            Length::Known(size) => self.take(size, &mut body).await?,
            Length::UntilClose => {
                let read = self.stream.read_to_end(&mut body).await;
                read.map_err(|e| format!("body: {e}"))?;
            }
            Length::Chunked => loop {
                let line = self.line().await?;
                let size = line.split(';').next().unwrap_or_default().trim();
                let size =
                    usize::from_str_radix(size, 16).map_err(|_| format!("bad chunk {line:?}"))?;
                if size == 0 {
                    while !self.line().await?.is_empty() {}
                    break;
                }
                self.take(size, &mut body).await?;
                self.line().await?;
            },
        }
        Ok(body)
    }

    async fn take(&mut self, size: usize, body: &mut Vec<u8>) -> Result<(), String> {
        let start = body.len();
        if start + size > BODY_LIMIT {
            return Err(format!("a body of more than {BODY_LIMIT} bytes"));
        }
        body.resize(start + size, 0);
        let read = self.stream.read_exact(&mut body[start..]).await;
        read.map(drop).map_err(|e| format!("body cut: {e}"))
    }

    async fn line(&mut self) -> Result<String, String> {
        let mut raw = Vec::new();
        let mut limited = (&mut self.stream).take(LINE_LIMIT);
        let read = limited.read_until(b'\n', &mut raw).await;
        read.map_err(|e| format!("receive{}: {e}", self.place()))?;
        if raw.pop() != Some(b'\n') {
            return Err(format!("closed before the answer was whole{}", self.place()));
        }
        if raw.last() == Some(&b'\r') {
            raw.pop();
        }
        String::from_utf8(raw).map_err(|e| format!("head is not text: {e}"))
    }

    fn place(&self) -> &'static str {
        if self.asked > 1 { " (kept connection)" } else { " (new connection)" }
    }
}

impl Answer {
    /// The first line of the body, at most 80 characters.
    pub(super) fn start_of_body(&self) -> String {
        String::from_utf8_lossy(&self.body).lines().next().unwrap_or("").chars().take(80).collect()
    }
}

fn parse_status(line: &str) -> Option<u16> {
    line.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()
}
