//! The servers that real apps run in, replaced under load: gunicorn and uvicorn.

use crate::switch::Load;
use crate::visitor::BOUND;
use crate::world::World;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tokio::time::timeout;
use windlass_model::ProbeSpec;
use windlass_proxy::{Address, ProbeRequest, probe};

const APP: &str = r#"
import asyncio, time

def wsgi(environ, start_response):
    time.sleep(0.005)
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]

async def asgi(scope, receive, send):
    await asyncio.sleep(0.005)
    headers = [(b"content-length", b"2")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"ok"})
"#;

/// The programs of a virtual environment that is made once and kept in cargo's folder for tests.
fn programs() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("edge-servers");
    std::fs::create_dir_all(&folder).unwrap();
    let lock = File::create(folder.join("lock")).unwrap();
    lock.lock().unwrap();
    let made = folder.join("made");
    if !made.exists() {
        let run = |program: &Path, arguments: &[&str]| {
            let output = Command::new(program).args(arguments).output();
            let output = output.unwrap_or_else(|e| panic!("this test needs python3: {e}"));
            let text = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.success(), "{} {arguments:?}: {text}", program.display());
        };
        let venv = folder.join("venv");
        run(Path::new("python3"), &["-m", "venv", "--clear", venv.to_str().unwrap()]);
        let pip = venv.join("bin/pip");
        run(&pip, &["install", "-q", "--timeout", "60", "gunicorn>=23,<28", "uvicorn>=0.30,<1"]);
        std::fs::write(made, "").unwrap();
    }
    folder.join("venv/bin")
}

/// A server process with its socket.
struct Server {
    child: Child,
    name: String,
}

impl Server {
    /// Starts it and waits until it has proved itself, as a release does.
    async fn start(world: &World, kind: &str, number: u64) -> Self {
        let name = format!("{kind}{number}");
        let socket = world.socket(&name);
        let text = socket.to_str().unwrap();
        let bind = format!("unix:{text}");
        let arguments: Vec<&str> = match kind {
            "gunicorn" => vec!["-b", &bind, "-k", "gthread", "--threads", "16", "app:wsgi"],
            "sync" => vec!["-b", &bind, "-w", "2", "app:wsgi"],
            _ => vec!["--uds", text, "--timeout-graceful-shutdown", "5", "app:asgi"],
        };
        let program = if kind == "uvicorn" { "uvicorn" } else { "gunicorn" };
        let child = Command::new(programs().join(program))
            .args(arguments)
            .current_dir(world.folder.path())
            .stdout(Stdio::null())
            .stderr(File::create(world.folder.path().join(format!("{name}.log"))).unwrap())
            .spawn()
            .unwrap();
        let server = Self { child, name };
        let request = ProbeRequest {
            host: "shop.example".into(),
            path: "/".into(),
            timeout_ms: 5_000,
            headers: Vec::new(),
        };
        let (spec, address) = (ProbeSpec::at("/"), Address::Unix(socket));
        let healthy = async {
            let mut in_a_row = 0;
            while in_a_row < spec.successes {
                in_a_row = spec.tally(in_a_row, &probe(&address, &request).await);
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let log =
            || std::fs::read_to_string(world.folder.path().join(format!("{}.log", server.name)));
        assert!(timeout(BOUND, healthy).await.is_ok(), "{kind} never answered: {:?}", log());
        server
    }

    /// SIGTERM, and wait for the end.
    async fn stop(mut self) {
        let pid = rustix::process::Pid::from_raw(self.child.id() as i32).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        let ended = async {
            while self.child.try_wait().unwrap().is_none() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(BOUND, ended).await.expect("it ends by itself");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn replace_under_load(kind: &str) {
    programs();
    let world = World::start();
    std::fs::write(world.folder.path().join("app.py"), APP).unwrap();
    let mut current = Server::start(&world, kind, 1).await;
    world.route_to(1, &[&current.name]).await;
    let load = Load::on(world.at, 32);
    for number in 2..=4 {
        let next = Server::start(&world, kind, number).await;
        world.route_to(number, &[&next.name]).await;
        let report = world.client.drain(&[current.name.clone()], 10_000).await.unwrap();
        assert_eq!(report.cut, 0);
        std::mem::replace(&mut current, next).stop().await;
        load.pass(100).await;
    }
    let (sent, failures) = load.end().await;
    assert!(failures.is_empty(), "{} of {sent} failed: {}", failures.len(), failures[0]);
    current.stop().await;
}

#[tokio::test]
async fn gunicorn_with_threads_is_replaced_without_a_failure() {
    replace_under_load("gunicorn").await;
}

#[tokio::test]
async fn gunicorn_without_keep_alive_is_replaced_without_a_failure() {
    replace_under_load("sync").await;
}

#[tokio::test]
async fn uvicorn_is_replaced_without_a_failure() {
    replace_under_load("uvicorn").await;
}
