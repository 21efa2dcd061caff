//! The edge as a process: killed and started again, with a good and a bad snapshot.

use crate::app;
use crate::visitor::{BOUND, Visitor};
use crate::world::{World, config_in};
use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command};
use tempfile::TempDir;
use windlass_proxy::{Edge, EdgeClient, EdgeError, EdgeStatus, PoolOptions, SnapshotState};

/// The example program `edge`, which cargo builds beside the tests.
fn program() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let path = tests.parent().unwrap().parent().unwrap().join("examples/edge");
    assert!(path.exists(), "build {} with `cargo build --examples`", path.display());
    path
}

/// An edge in a process of its own; killed when dropped.
struct Process(Child);

impl Process {
    fn start(folder: &TempDir) -> Self {
        let child = Command::new(program())
            .args(["127.0.0.1:0", "2"])
            .args([folder.path().join("edge.sock"), folder.path().join("routes.json")])
            .spawn();
        Self(child.unwrap())
    }

    async fn status(&self, client: &EdgeClient) -> EdgeStatus {
        let answers = async {
            loop {
                match client.status().await {
                    // What a killed edge left may still be there; its successor has another pid.
                    Ok(status) if status.pid == self.0.id() => return status,
                    _ => tokio::time::sleep(std::time::Duration::from_millis(5)).await,
                }
            }
        };
        tokio::time::timeout(BOUND, answers).await.expect("the edge starts")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn a_killed_edge_starts_again_with_its_last_table() {
    let mut world = World::start();
    drop(world.edge.take());
    let _app = app::say(&world.socket("a"), "served");
    let edge = Process::start(&world.folder);
    let first = edge.status(&world.client).await;
    assert_eq!((first.generation, first.snapshot), (0, SnapshotState::Absent));
    world.route_to(7, &["a"]).await;
    assert_eq!(Visitor::to(first.listen).await.get("/").await.body, "served");
    drop(edge);

    let edge = Process::start(&world.folder);
    let second = edge.status(&world.client).await;
    assert_eq!(second.generation, 7);
    assert_eq!(second.snapshot, SnapshotState::Loaded { generation: 7 });
    assert_eq!(Visitor::to(second.listen).await.get("/").await.body, "served");
}

#[tokio::test]
async fn want_of_descriptors_is_no_fault_of_the_app() {
    let mut world = World::start();
    drop(world.edge.take());
    let _app = app::say(&world.socket("a"), "served");
    let edge = Process::start(&world.folder);
    let status = edge.status(&world.client).await;
    let mut visitor = Visitor::to(status.listen).await;
    assert_eq!(visitor.get("/").await.status, 404, "accepted before there is a table");
    world.route_to(1, &["a"]).await;
    let pid = Pid::from_raw(status.pid as i32);
    let none = Rlimit { current: Some(0), ..getrlimit(Resource::Nofile) };
    let before = prlimit(pid, Resource::Nofile, none).unwrap();
    let answer = visitor.get("/").await;
    assert_eq!(answer.status, 503);
    assert!(answer.body.contains("edge-exhausted"), "{}", answer.body);
    prlimit(pid, Resource::Nofile, before).unwrap();
    assert_eq!(visitor.get("/").await.body, "served");
    assert_eq!(world.target("a").await.failed, 0);
}

#[tokio::test]
async fn sigterm_ends_the_process_cleanly() {
    let folder = tempfile::tempdir().unwrap();
    let mut edge = Process::start(&folder);
    let client = EdgeClient::new(folder.path().join("edge.sock"));
    let status = edge.status(&client).await;
    let pid = rustix::process::Pid::from_raw(status.pid as i32).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert!(edge.0.wait().unwrap().success());
    assert!(!folder.path().join("edge.sock").exists(), "the control socket is removed");
}

#[tokio::test]
async fn a_damaged_snapshot_is_set_aside_and_reported() {
    let folder = tempfile::tempdir().unwrap();
    let config = config_in(&folder);
    let client = EdgeClient::new(&config.control);
    let world = World::start();
    let good = windlass_proxy::encode(&world.table(3, &["a"], PoolOptions::default()));
    let half = &good[..good.len() / 2];
    std::fs::write(&config.snapshot, half).unwrap();
    let _edge = Edge::start(config.clone()).unwrap();
    let status = client.status().await.unwrap();
    let SnapshotState::SetAside { path, reason } = status.snapshot else {
        panic!("{:?}", status.snapshot)
    };
    assert!(reason.contains("checksum"), "{reason}");
    assert_eq!(std::fs::read(path).unwrap(), half);
    assert_eq!(status.generation, 0);
    assert_eq!(Visitor::to(status.listen).await.get("/").await.status, 404);
    // It takes up tables all the same.
    let table = world.table(1, &["a"], PoolOptions::default());
    assert_eq!(client.put_table(&table).await.unwrap(), 1);
    assert_eq!(windlass_proxy::decode(&std::fs::read(&config.snapshot).unwrap()).unwrap(), table);
}

#[tokio::test]
async fn a_table_that_cannot_be_made_durable_is_not_taken_up() {
    let world = World::start();
    let _a = app::say(&world.socket("a"), "a");
    let _b = app::say(&world.socket("b"), "b");
    world.route_to(1, &["a"]).await;
    // A folder in the place of the temporary file: writing fails for root as for anybody.
    std::fs::create_dir(world.folder.path().join("routes.json.new")).unwrap();
    let table = world.table(2, &["b"], PoolOptions::default());
    let error = world.client.put_table(&table).await.unwrap_err();
    assert!(matches!(error, windlass_proxy::EdgeCallError::NotDurable { .. }), "{error}");
    assert_eq!(world.client.status().await.unwrap().generation, 1);
    assert_eq!(Visitor::to(world.at).await.get("/").await.body, "a");
}

#[tokio::test]
async fn there_is_one_edge_and_only_its_owner_may_command_it() {
    let world = World::start_with(|_| {});
    let mut config = config_in(&world.folder);
    let second = Edge::start(config.clone());
    assert!(matches!(second.err(), Some(EdgeError::AlreadyRunning { .. })));
    let mode = std::fs::metadata(&config.control).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let other = tempfile::tempdir().unwrap();
    config = config_in(&other);
    config.listen = vec![world.at];
    let refused = Edge::start(config.clone());
    let Some(EdgeError::Listen { refused }) = refused.err() else { panic!("the port is taken") };
    assert_eq!(refused[0].0, world.at);
    config.listen.push("127.0.0.1:0".parse().unwrap());
    let edge = Edge::start(config).unwrap();
    assert_ne!(edge.status().listen, world.at);
}

#[tokio::test]
async fn answers_are_logged_as_json_without_their_query() {
    let mut world = World::start_with(|config| {
        let folder = config.control.parent().unwrap().to_owned();
        config.logs = Some(windlass_proxy::LogConfig::in_folder(folder));
    });
    let _app = app::say(&world.socket("a"), "four");
    world.route_to(1, &["a"]).await;
    let mut visitor = Visitor::to(world.at).await;
    visitor.get("/page?token=secret").await;
    visitor.send("TRACE / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    visitor.answer().await.unwrap();
    world.edge.take().unwrap().stop();
    let read = |name: &str| {
        let text = std::fs::read_to_string(world.folder.path().join(name)).unwrap();
        assert!(!text.contains("secret"), "{text}");
        let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
        lines.collect::<Vec<serde_json::Value>>()
    };
    let lines = read("access.jsonl");
    assert_eq!(lines.len(), 2);
    let (first, second) = (&lines[0], &lines[1]);
    assert_eq!(
        (&first["path"], &first["status"], &first["bytes"]),
        (&"/page".into(), &200.into(), &4.into())
    );
    assert_eq!((&first["target"], &first["client"]), (&"a".into(), &"127.0.0.1".into()));
    assert!(first.get("fault").is_none());
    assert_eq!((&second["status"], &second["fault"]), (&405.into(), &"method-not-allowed".into()));
    let events: Vec<_> = read("edge.jsonl").iter().map(|line| line["event"].clone()).collect();
    assert_eq!(events, ["started", "table", "stopping", "stopped"]);
}
