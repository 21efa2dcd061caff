//! Visitors: clients that speak HTTP/1.1 by hand, so that what they send is what is sent.

use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Nothing in these tests takes longer unless it hangs.
pub(crate) const BOUND: Duration = Duration::from_secs(20);

/// One connection.
pub(crate) struct Visitor {
    pub(crate) stream: TcpStream,
    /// Read and not yet consumed.
    ahead: Vec<u8>,
}

/// One answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Head in lower case, one header a line.
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let line = self.head.lines().find(|line| {
            line.len() > name.len() && line.starts_with(name) && line.as_bytes()[name.len()] == b':'
        });
        line.map(|line| line[name.len() + 1..].trim())
    }
}

impl Visitor {
    pub(crate) async fn to(at: SocketAddr) -> Self {
        Self { stream: TcpStream::connect(at).await.unwrap(), ahead: Vec::new() }
    }

    pub(crate) async fn send(&mut self, bytes: &str) {
        self.stream.write_all(bytes.as_bytes()).await.unwrap();
    }

    /// GET on this connection.
    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.send(&format!("GET {path} HTTP/1.1\r\nHost: shop.example\r\n\r\n")).await;
        self.answer().await.expect("an answer")
    }

    /// The next whole answer; `None` where the connection ends or breaks before that.
    pub(crate) async fn answer(&mut self) -> Option<Answer> {
        self.answer_to("GET").await
    }

    pub(crate) async fn answer_to(&mut self, method: &str) -> Option<Answer> {
        let head = self.head().await?;
        let status: u16 = head.split(' ').nth(1)?.parse().ok()?;
        let mut answer = Answer { status, head, body: String::new() };
        let bodyless = method == "HEAD" || matches!(status, 100..=199 | 204 | 304);
        if bodyless {
            return Some(answer);
        }
        if answer.header("transfer-encoding") == Some("chunked") {
            loop {
                let size = usize::from_str_radix(self.line().await?.trim(), 16).ok()?;
                let piece = self.take(size + 2).await?;
                if size == 0 {
                    return Some(answer);
                }
                answer.body.push_str(&piece[..size]);
            }
        }
        answer.body = match answer.header("content-length") {
            Some(length) => self.take(length.parse().ok()?).await?,
            None => self.rest().await,
        };
        Some(answer)
    }

    /// The next head, without its last empty line, in lower case.
    pub(crate) async fn head(&mut self) -> Option<String> {
        let mut head = String::new();
        loop {
            let line = self.line().await?;
            if line == "\r\n" {
                return Some(head.to_ascii_lowercase());
            }
            head.push_str(&line);
        }
    }

    /// The next line with its end.
    pub(crate) async fn line(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.ahead.iter().position(|&byte| byte == b'\n') {
                let line: Vec<u8> = self.ahead.drain(..=end).collect();
                return String::from_utf8(line).ok();
            }
            self.more().await?;
        }
    }

    pub(crate) async fn take(&mut self, count: usize) -> Option<String> {
        while self.ahead.len() < count {
            self.more().await?;
        }
        String::from_utf8(self.ahead.drain(..count).collect()).ok()
    }

    /// Everything until the connection ends.
    pub(crate) async fn rest(&mut self) -> String {
        while self.more().await.is_some() {}
        String::from_utf8_lossy(&std::mem::take(&mut self.ahead)).into_owned()
    }

    async fn more(&mut self) -> Option<()> {
        let mut buffer = vec![0; 16 << 10];
        let count = timeout(BOUND, self.stream.read(&mut buffer)).await.expect("no hang").ok()?;
        self.ahead.extend_from_slice(&buffer[..count]);
        (count > 0).then_some(())
    }
}
