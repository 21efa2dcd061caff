//! A small server that stands in front of a real registry: it passes requests on, and does to
//! some of them what networks and other registries do.

use std::io::{BufRead as _, BufReader, Cursor, Read, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

/// What was asked for.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) length: u64,
    /// The body, where it is a form.
    pub(crate) form: String,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn is(&self, method: &str, part: &str) -> bool {
        self.method == method && self.path.contains(part)
    }
}

/// What to do with a request.
pub(crate) enum Deed {
    /// Pass it on, and the answer back.
    Pass,
    /// Answer this.
    Answer(Vec<u8>),
    /// Pass this much of the body on, then close both connections.
    CutRequest(u64),
    /// Give this much of the body to the registry as a part of the upload, then close the
    /// connection without a word; later questions about the session are passed on to that part.
    KeepPart(u64),
    /// Pass this much of the answer's body back, then close the connection.
    CutAnswer(usize),
    /// Pass the answer back as this makes it: its head and its body.
    Edit(fn(&str, Vec<u8>) -> Vec<u8>),
}

/// An answer without a body.
pub(crate) fn status(line: &str, headers: &str) -> Deed {
    let text =
        format!("HTTP/1.1 {line}\r\n{headers}content-length: 0\r\nconnection: close\r\n\r\n");
    Deed::Answer(text.into_bytes())
}

/// An answer with a body.
pub(crate) fn answer(line: &str, headers: &str, body: &[u8]) -> Deed {
    let mut text = format!(
        "HTTP/1.1 {line}\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    )
    .into_bytes();
    text.extend_from_slice(body);
    Deed::Answer(text)
}

type Script = dyn Fn(&Asked) -> Deed + Send + Sync;

/// The server.
pub(crate) struct Front {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    registry: Option<SocketAddr>,
    script: Box<Script>,
    asked: Mutex<Vec<Asked>>,
    /// A session that was left, and where it goes on.
    moved: Mutex<Option<(String, String)>>,
    ended: AtomicBool,
}

impl Front {
    /// Listens, and does what `script` says.
    pub(crate) fn start(
        registry: Option<SocketAddr>,
        script: impl Fn(&Asked) -> Deed + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        let shared = Arc::new(Shared {
            registry,
            script: Box::new(script),
            asked: Mutex::default(),
            moved: Mutex::default(),
            ended: AtomicBool::new(false),
        });
        let of_thread = Arc::clone(&shared);
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if of_thread.ended.load(Ordering::SeqCst) {
                    return;
                }
                let shared = Arc::clone(&of_thread);
                std::thread::spawn(move || drop(shared.serve(stream)));
            }
        });
        Self { address, shared, thread: Some(thread) }
    }

    /// Everything that was asked for so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.shared.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn count(&self, method: &str, part: &str) -> usize {
        self.asked().iter().filter(|asked| asked.is(method, part)).count()
    }

    pub(crate) fn name(&self, path: &str) -> String {
        format!("{}/{path}", self.address)
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(self.address));
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

impl Shared {
    /// One request, and its end.
    fn serve(&self, client: TcpStream) -> std::io::Result<()> {
        let mut body = BufReader::new(client.try_clone()?);
        let (mut asked, head) = read_head(&mut body)?;
        if asked.header("content-type") == Some("application/x-www-form-urlencoded") {
            (&mut body).take(asked.length).read_to_string(&mut asked.form)?;
        }
        // A form that was looked at is still the body.
        let mut body = Cursor::new(asked.form.clone().into_bytes()).chain(body);
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).push(asked.clone());
        let mut client = client;
        match (self.script)(&asked) {
            Deed::Pass => {
                let mut registry = self.pass(&asked, &head, &mut (&mut body).take(asked.length))?;
                std::io::copy(&mut registry, &mut client)?;
            }
            Deed::Answer(bytes) => {
                std::io::copy(&mut (&mut body).take(asked.length), &mut std::io::sink())?;
                client.write_all(&bytes)?;
            }
            Deed::CutRequest(length) => {
                self.pass(&asked, &head, &mut (&mut body).take(length))?
                    .shutdown(Shutdown::Both)?;
            }
            Deed::KeepPart(length) => self.keep_part(&asked, &mut (&mut body).take(length))?,
            Deed::CutAnswer(length) => {
                let (head, rest) = self.whole(&asked, &head, &mut body)?;
                client.write_all(head.as_bytes())?;
                client.write_all(&rest[..length.min(rest.len())])?;
            }
            Deed::Edit(edit) => {
                let (head, rest) = self.whole(&asked, &head, &mut body)?;
                client.write_all(&edit(&head, rest))?;
            }
        }
        client.shutdown(Shutdown::Both)
    }

    /// Sends a request on; the answer can be read from what is given back.
    fn pass(&self, asked: &Asked, head: &str, body: &mut dyn Read) -> std::io::Result<TcpStream> {
        let mut registry = TcpStream::connect(self.registry.expect("there is a registry behind"))?;
        let mut head = head.to_owned();
        let moved = self.moved.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((_, to)) = moved.filter(|(from, _)| asked.is("GET", from)) {
            head = head.replacen(&asked.path, &to, 1);
        }
        registry.write_all(head.as_bytes())?;
        std::io::copy(body, &mut registry)?;
        Ok(registry)
    }

    fn whole(
        &self,
        asked: &Asked,
        head: &str,
        body: &mut dyn Read,
    ) -> std::io::Result<(String, Vec<u8>)> {
        let mut bytes = Vec::new();
        self.pass(asked, head, &mut body.take(asked.length))?.read_to_end(&mut bytes)?;
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").map_or(0, |at| at + 4);
        let rest = bytes.split_off(end);
        Ok((String::from_utf8_lossy(&bytes).into_owned(), rest))
    }

    fn keep_part(&self, asked: &Asked, body: &mut dyn Read) -> std::io::Result<()> {
        let mut part = Vec::new();
        body.read_to_end(&mut part)?;
        let (session, _) = asked.path.split_once("&digest=").unwrap_or((&asked.path, ""));
        let host = asked.header("host").unwrap_or_default();
        let head = format!(
            "PATCH {session} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\
             content-type: application/octet-stream\r\ncontent-length: {}\r\n\r\n",
            part.len()
        );
        let patch = Asked { method: "PATCH".to_owned(), ..asked.clone() };
        let mut text = String::new();
        self.pass(&patch, &head, &mut part.as_slice())?.read_to_string(&mut text)?;
        assert!(text.starts_with("HTTP/1.1 202"), "the registry takes a part: {text}");
        let location = text.lines().find_map(|line| line.strip_prefix("Location: "));
        let location = location.expect("a part has a location").trim();
        let path = location.split_once(host).expect("it is here").1.to_owned();
        let mut moved = self.moved.lock().unwrap_or_else(PoisonError::into_inner);
        *moved = Some((session.to_owned(), path));
        Ok(())
    }
}

/// The head, as it is passed on: one request a connection.
fn read_head(stream: &mut BufReader<TcpStream>) -> std::io::Result<(Asked, String)> {
    let mut first = String::new();
    stream.read_line(&mut first)?;
    let mut words = first.split(' ');
    let mut word = || words.next().unwrap_or_default().to_owned();
    let mut asked =
        Asked { method: word(), path: word(), headers: Vec::new(), length: 0, form: String::new() };
    let mut head = first.clone();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        let name = name.to_ascii_lowercase();
        if name != "connection" {
            head += &line;
        }
        asked.headers.push((name, value.trim().to_owned()));
    }
    head += "connection: close\r\n\r\n";
    asked.length = asked.header("content-length").and_then(|n| n.parse().ok()).unwrap_or(0);
    Ok((asked, head))
}
