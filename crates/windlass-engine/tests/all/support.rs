//! A world for one test: an engine over temporary folders, and a root file system made from the
//! host's own files, so that nothing has to be fetched.

mod root;
mod shim_entry;

pub(crate) use root::copy_layers;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;
use windlass_engine::{
    ContainerSpec, Engine, EngineDirs, LogLine, LogSpec, LogStream, Mount, log_tail,
};
use windlass_model::{ContainerId, ExitReason, Resources};

/// Longer than anything takes on a busy machine; a test that waits this long has failed.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// One installation in a temporary folder; every container of it is gone at the end.
pub(crate) struct World {
    pub(crate) engine: Engine,
    pub(crate) folder: PathBuf,
    owned: Option<tempfile::TempDir>,
}

impl World {
    pub(crate) fn new() -> Self {
        let dir = tempfile::Builder::new().prefix("wl-").tempdir_in("/tmp").expect("a folder");
        let engine = open_engine(dir.path());
        Self { engine, folder: dir.path().to_owned(), owned: Some(dir) }
    }

    /// The world of another process, which cleans it up.
    pub(crate) fn at(folder: &Path) -> Self {
        Self { engine: open_engine(folder), folder: folder.to_owned(), owned: None }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// A container that runs a command in the test root.
    pub(crate) fn spec(&self, id: &str, command: &[&str]) -> ContainerSpec {
        ContainerSpec {
            id: id.parse().expect("valid"),
            labels: BTreeMap::from([("test".to_owned(), id.to_owned())]),
            layers: root::layers(),
            command: command.iter().map(|word| (*word).to_owned()).collect(),
            env: BTreeMap::from([("PATH".to_owned(), "/usr/bin:/bin".to_owned())]),
            cwd: "/".into(),
            user: 65_532,
            mounts: Vec::new(),
            hosts: Vec::new(),
            hostname: "box".to_owned(),
            limits: Resources::DEFAULT,
            log: LogSpec {
                path: self.path(&format!("logs/{id}.log")),
                max_bytes: 1_000_000,
                keep: 2,
            },
            socket: false,
            exit_with_exec: false,
        }
    }

    pub(crate) fn shell(&self, id: &str, script: &str) -> ContainerSpec {
        self.spec(id, &["/bin/sh", "-c", script])
    }

    pub(crate) fn python(&self, id: &str, code: &str) -> ContainerSpec {
        self.spec(id, &["/usr/bin/python3", "-c", code])
    }

    /// Runs a container to its end.
    pub(crate) fn run(&self, spec: &ContainerSpec) -> (ExitReason, String) {
        self.engine.start(spec).unwrap_or_else(|error| panic!("{}", shown(&error)));
        let reason = self.engine.wait(&spec.id, PATIENCE).expect("it ends");
        (reason, self.output(&spec.id))
    }

    /// Runs a container that must succeed, and returns what it wrote.
    pub(crate) fn output_of(&self, spec: &ContainerSpec) -> String {
        let (reason, output) = self.run(spec);
        assert_eq!(reason, ExitReason::Code { code: 0 }, "{output}");
        output
    }

    /// What a container has written so far, both streams.
    pub(crate) fn output(&self, id: &ContainerId) -> String {
        self.lines(id).into_iter().fold(String::new(), |text, line| text + &line.text + "\n")
    }

    pub(crate) fn lines(&self, id: &ContainerId) -> Vec<LogLine> {
        let log = self.path(&format!("logs/{id}.log"));
        let mut lines = log_tail(&log, 100_000).expect("a readable log");
        lines.retain(|line| line.stream != LogStream::Log);
        lines
    }

    /// The pid of a container's shim, from its record.
    pub(crate) fn shim_pid(&self, id: &str) -> i32 {
        let path = self.path(&format!("containers/{id}/state.json"));
        let record: serde_json::Value =
            serde_json::from_slice(&fs::read(path).expect("a record")).expect("JSON");
        record["shim"]["pid"].as_i64().expect("a pid") as i32
    }

    /// Waits until a container has written a line that contains `text`.
    pub(crate) fn await_line(&self, id: &ContainerId, text: &str) {
        until(&format!("`{text}` in the log of {id}"), || self.output(id).contains(text));
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if self.owned.is_none() {
            return;
        }
        for found in self.engine.observe().expect("observable") {
            let removed = self.engine.remove(&found.id);
            if !std::thread::panicking() {
                removed.unwrap_or_else(|error| panic!("{}", shown(&error)));
            }
        }
        if !std::thread::panicking() {
            assert_nothing_left(&self.folder);
        }
    }
}

pub(crate) fn mount(source: &Path, target: &str, read_only: bool) -> Mount {
    Mount { source: source.to_owned(), target: target.into(), read_only }
}

pub(crate) fn open_engine(dir: &Path) -> Engine {
    let dirs = EngineDirs { containers: dir.join("containers"), runs: dir.join("r") };
    Engine::open(dirs, shim_entry::command()).expect("an engine")
}

/// No mount, process or cgroup may still name the world's folder or its containers.
fn assert_nothing_left(dir: &Path) {
    let name = dir.to_str().expect("UTF-8");
    let mounts = fs::read_to_string("/proc/self/mountinfo").expect("mounts");
    assert!(!mounts.contains(name), "a mount is left: {mounts}");
    until("no process of the world is left", || {
        !processes().any(|pid| {
            let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            String::from_utf8_lossy(&line).contains(&format!("{name}/containers"))
        })
    });
    let left = fs::read_dir(dir.join("containers")).expect("the folder").flatten();
    let left: Vec<_> = left.map(|entry| entry.file_name()).filter(|n| n != ".locks").collect();
    assert!(left.is_empty(), "{left:?}");
    assert!(fs::read_dir(dir.join("r")).expect("the folder").next().is_none());
}

pub(crate) fn processes() -> impl Iterator<Item = i32> {
    let entries = fs::read_dir("/proc").expect("/proc").flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// Waits for something that another process does; the pause only spares the processor.
pub(crate) fn until(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = std::time::Instant::now() + PATIENCE;
    while !done() {
        assert!(std::time::Instant::now() < deadline, "in vain: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Sends a signal to a process that may be gone already.
pub(crate) fn signal(pid: i32, signal: rustix::process::Signal) {
    let pid = rustix::process::Pid::from_raw(pid).expect("a pid");
    match rustix::process::kill_process(pid, signal) {
        Ok(()) | Err(rustix::io::Errno::SRCH) => {}
        Err(errno) => panic!("{errno}"),
    }
}

pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// An error with its reasons.
pub(crate) fn shown(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        text = format!("{text}: {source}");
        next = source.source();
    }
    text
}
