//! An installation of Windlass of its own: a temporary home, the real binary, and an end to
//! everything that it started.
//!
//! Invariant: nothing outlives a [`World`], not even when the test panics: its processes are
//! found by its home folder and ended by pid. Downloads are shared between worlds, since every
//! home's `cache` is a link to one folder of the machine.

use crate::cgroups;
use crate::processes::{self, Process};
use crate::project::Project;
use crate::run::{Run, Running};
use std::collections::BTreeSet;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::{
    DirBuilderExt as _, MetadataExt as _, PermissionsExt as _, chown, symlink,
};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use windlass_model::Layout;

/// Longest that one run of the binary may take: a first build downloads a whole Python.
const LIMIT: Duration = Duration::from_mins(5);

/// A temporary installation.
#[derive(Debug)]
pub struct World {
    home: TempDir,
    binary: PathBuf,
    user: Option<u32>,
}

impl World {
    /// A world for the user that runs the test. `cache` is shared between worlds.
    pub fn new(binary: &Path, cache: &Path) -> Self {
        Self::make(binary, cache, None)
    }

    /// A world for another user, by number, without any privilege. Needs root.
    ///
    /// The binary is copied, since that user may not be able to reach the build folder.
    pub fn of_user(binary: &Path, user: u32) -> Self {
        let cache = cache_of(user);
        let mut world = Self::make(binary, &cache, Some(user));
        let copy = world.home().join("windlass");
        fs::copy(binary, &copy).expect("the binary can be copied");
        fs::set_permissions(&copy, fs::Permissions::from_mode(0o755)).expect("it is ours");
        world.binary = copy;
        world
    }

    fn make(binary: &Path, cache: &Path, user: Option<u32>) -> Self {
        // Short, whatever TMPDIR says: the paths of Unix sockets have at most 107 bytes.
        let home =
            tempfile::Builder::new().prefix("wl").tempdir_in("/tmp").expect("a temporary folder");
        if user.is_none() {
            fs::create_dir_all(cache).expect("a shared cache can be made");
        }
        symlink(cache, home.path().join("cache")).expect("a link can be made");
        give(home.path(), user);
        Self { home, binary: binary.to_owned(), user }
    }

    /// The home folder.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Where things are in it.
    pub fn layout(&self) -> Layout {
        Layout::under(self.home())
    }

    /// A command of the binary in this world.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = match self.user {
            None => Command::new(&self.binary),
            Some(user) => {
                let mut command = Command::new("setpriv");
                command.args([
                    format!("--reuid={user}"),
                    format!("--regid={user}"),
                    "--clear-groups".to_owned(),
                    "--inh-caps=-all".to_owned(),
                    "--".to_owned(),
                ]);
                command.arg(&self.binary).env("HOME", self.home());
                command
            }
        };
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("WINDLASS_") || text.starts_with("XDG_") {
                command.env_remove(&name);
            }
        }
        command
            .args(arguments)
            .current_dir(self.home())
            .env("WINDLASS_HOME", self.home())
            .env("WINDLASS_HTTP", "127.0.0.1:0")
            .env("NO_COLOR", "1");
        command
    }

    /// Runs the binary to its end.
    pub fn run(&self, arguments: &[&str]) -> Run {
        self.start(arguments).finish(LIMIT)
    }

    /// Starts the binary and returns at once.
    pub fn start(&self, arguments: &[&str]) -> Running {
        Running::start(self.command(arguments))
    }

    /// Writes a project to a folder of this world.
    pub fn project(&self, name: &str, project: &Project) -> PathBuf {
        let dir = self.home().join("projects").join(name);
        project.write(&dir);
        self.own(&self.home().join("projects"));
        dir
    }

    /// Gives a folder and all below it to the world's user.
    pub fn own(&self, folder: &Path) {
        if self.user.is_some() {
            give_all(folder, self.user);
        }
    }

    /// Deploys a folder that must succeed, and gives the URL that was printed.
    pub fn deploy(&self, project: &Path) -> String {
        let run = self.run(&["deploy", "--quiet", &project.to_string_lossy()]).expect_code(0);
        let url = run.stdout.lines().find(|line| line.starts_with("http://"));
        url.unwrap_or_else(|| panic!("no URL was printed\n{run}")).trim().to_owned()
    }

    /// The processes of this world: server, edge, shims and what runs in the containers.
    pub fn processes(&self) -> Vec<Process> {
        processes::of_home(self.home())
    }

    /// The pid of a process in this role: `server`, `edge` or `shim`.
    pub fn pid_of(&self, role: &str) -> Option<i32> {
        self.in_role(role).first().map(|process| process.pid)
    }

    /// The processes in a role: `server`, `edge` or `shim`.
    pub fn in_role(&self, role: &str) -> Vec<Process> {
        let mut found = self.processes();
        found.retain(|process| {
            let has = |word: &str| process.arguments.iter().any(|argument| argument == word);
            // `windlass server status` is a client.
            has(role) && (role != "server" || has("--foreground"))
        });
        // A shim's first child, the init of its container, is the same program.
        let pids: Vec<i32> = found.iter().map(|process| process.pid).collect();
        found.retain(|process| !pids.contains(&process.parent));
        found
    }

    /// Waits until `done` is true; panics with `what` when `limit` passes first.
    pub fn await_until(&self, what: &str, limit: Duration, mut done: impl FnMut(&Self) -> bool) {
        let end = Instant::now() + limit;
        while !done(self) {
            assert!(Instant::now() < end, "{what}: not within {limit:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// What the server and the edge logged, the last lines of each file.
    pub fn own_logs(&self) -> String {
        let mut text = String::new();
        for entry in fs::read_dir(self.layout().own_logs()).into_iter().flatten().flatten() {
            // One line a request: the load has counted them.
            if entry.file_name().to_string_lossy().starts_with("access") {
                continue;
            }
            let log = fs::read_to_string(entry.path()).unwrap_or_default();
            let from = log.lines().count().saturating_sub(40);
            let name = entry.file_name();
            text.extend(["--- ", &name.to_string_lossy(), "\n"]);
            text.extend(log.lines().skip(from).flat_map(|line| [line, "\n"]));
        }
        text
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // Captured with the test's own output; the only account of what the server did.
            #[expect(clippy::print_stderr, reason = "part of a failing test's report")]
            {
                eprintln!("{}", self.own_logs());
            }
        }
        let end = Instant::now() + Duration::from_secs(10);
        let mut groups = BTreeSet::new();
        loop {
            let left = self.processes();
            if left.is_empty() || Instant::now() > end {
                break;
            }
            for process in left {
                groups.extend(cgroups::of_container(process.pid));
                processes::kill(process.pid);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        cgroups::remove(&groups);
        for mount in mounts_below(self.home()) {
            // A mount that cannot be undone here makes the removal fail, which loses only space.
            let _ = rustix::mount::unmount(mount, rustix::mount::UnmountFlags::DETACH);
        }
    }
}

/// The address behind a URL that names a port: every name in it is this machine.
pub fn address_of(url: &str) -> SocketAddr {
    let authority = url.trim_start_matches("http://").split('/').next().unwrap_or_default();
    let port = authority.rsplit_once(':').map_or(Some(80), |(_, port)| port.parse().ok());
    let port = port.unwrap_or_else(|| panic!("no port in {url}"));
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

/// The host name in a URL.
pub fn host_of(url: &str) -> String {
    let authority = url.trim_start_matches("http://").split('/').next().unwrap_or_default();
    authority.split(':').next().unwrap_or_default().to_owned()
}

/// Mounts of this process's own namespace below a folder, innermost first.
pub fn mounts_below(folder: &Path) -> Vec<PathBuf> {
    let table = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let places = table.lines().filter_map(|line| line.split(' ').nth(4)).map(PathBuf::from);
    let mut below: Vec<PathBuf> = places.filter(|place| place.starts_with(folder)).collect();
    below.reverse();
    below
}

/// The shared cache of another user: one that nobody else can have put there.
fn cache_of(user: u32) -> PathBuf {
    let cache = PathBuf::from(format!("/tmp/windlass-tests-{user}"));
    if fs::DirBuilder::new().mode(0o700).create(&cache).is_ok() {
        give(&cache, Some(user));
    }
    let meta = fs::symlink_metadata(&cache).expect("the shared cache was made");
    assert!(meta.is_dir() && meta.uid() == user, "{} is not ours", cache.display());
    cache
}

fn give(path: &Path, user: Option<u32>) {
    if let Some(user) = user {
        chown(path, Some(user), Some(user))
            .unwrap_or_else(|e| panic!("cannot give {} away: {e}", path.display()));
    }
}

fn give_all(path: &Path, user: Option<u32>) {
    give(path, user);
    for entry in fs::read_dir(path).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            give_all(&entry.path(), user);
        } else {
            give(&entry.path(), user);
        }
    }
}
