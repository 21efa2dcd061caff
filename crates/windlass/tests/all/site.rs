//! What the tests share: a world, and an app that answers in it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use windlass_testkit::world::{address_of, host_of};
use windlass_testkit::{Load, LoadSpec, Page, Project, World};

/// A user that nobody is: no name, no home, no subordinate ids.
const NOBODY_ELSE: u32 = 61_357;

/// An app that was deployed, in a world of its own.
pub(crate) struct Site {
    pub(crate) world: World,
    pub(crate) project: PathBuf,
    pub(crate) app: String,
    pub(crate) url: String,
}

/// A world for the user that runs the tests.
pub(crate) fn world() -> World {
    World::new(binary(), &Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache"))
}

/// A world with a build cache of its own, which starts with the packages that others fetched: what
/// one test sweeps is then nobody else's.
pub(crate) fn world_with_cache() -> (World, tempfile::TempDir) {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let own = tempfile::tempdir_in(target).expect("a folder");
    for kind in ["debian/debs", "debian/indexes", "wheels", "uv-tool"] {
        let (from, to) = (target.join("cache").join(kind), own.path().join(kind));
        if from.is_dir() {
            std::fs::create_dir_all(to.parent().expect("a folder")).expect("made");
            // Links to the same files; what another test is just fetching is left out.
            let mut copy = std::process::Command::new("cp");
            copy.arg("-al").arg(&from).arg(&to).stderr(std::process::Stdio::null());
            copy.status().expect("cp runs");
        }
    }
    (World::new(binary(), own.path()), own)
}

/// A world for a user without any privilege: another one when root runs the tests.
pub(crate) fn world_without_root() -> World {
    if rustix::process::geteuid().is_root() {
        World::of_user(binary(), NOBODY_ELSE)
    } else {
        world()
    }
}

fn binary() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_windlass"))
}

/// The example in this repository.
pub(crate) fn shop_source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/shop")
}

impl Site {
    /// Deploys a project for the first time.
    pub(crate) fn deploy(world: World, app: &str, project: &Project) -> Self {
        let dir = world.project(app, project);
        let url = world.deploy(&dir);
        Self { world, project: dir, app: app.to_owned(), url }
    }

    /// Deploys the smallest Flask app, which answers `text`.
    pub(crate) fn flask(app: &str, text: &str) -> Self {
        Self::deploy(world(), app, &Project::flask(app, text))
    }

    /// Writes another version of the project over the one there.
    pub(crate) fn write(&self, project: &Project) {
        self.world.project(&self.app, project);
    }

    /// Deploys what is in the project's folder now.
    pub(crate) fn again(&self) {
        self.world.deploy(&self.project);
    }

    pub(crate) fn address(&self) -> SocketAddr {
        address_of(&self.url)
    }

    pub(crate) fn host(&self) -> String {
        host_of(&self.url)
    }

    pub(crate) fn get(&self, path: &str) -> Page {
        Page::get(self.address(), &self.host(), path)
    }

    /// Constant load on `/`.
    pub(crate) fn load(&self, connections: usize, pause_ms: u64) -> Load {
        let spec = LoadSpec::at(self.address(), self.host());
        Load::start(LoadSpec { connections, pause_ms, ..spec })
    }

    /// `windlass status --json` of the app.
    pub(crate) fn status(&self) -> serde_json::Value {
        self.world.run(&["status", "--app", &self.app, "--json"]).expect_code(0).json()
    }

    /// The number of the release that is current.
    pub(crate) fn release(&self) -> u64 {
        let status = self.status();
        status["release"]["number"].as_u64().unwrap_or_else(|| panic!("no release in {status}"))
    }

    /// Store, routes and containers tell the same: the replicas that should run do, no other
    /// container of the app does, and the app answers `text`.
    pub(crate) fn assert_agreement(&self, release: u64, text: &str) {
        let status = self.status();
        assert_eq!(status["release"]["number"].as_u64(), Some(release), "{status}");
        let replicas = status["replicas"].as_array().cloned().unwrap_or_default();
        let mut wanted: Vec<String> = replicas
            .iter()
            .map(|replica| {
                assert_eq!(replica["state"], "running", "{status}");
                replica["container"].as_str().unwrap_or_default().to_owned()
            })
            .collect();
        wanted.sort();
        assert!(wanted.iter().all(|id| id.contains(&format!("-r{release}-"))), "{wanted:?}");
        assert_eq!(self.containers(), wanted, "containers that run, and that should");
        assert_eq!(self.get("/").body, text);
    }

    /// The ids of the app's containers whose shim runs.
    pub(crate) fn containers(&self) -> Vec<String> {
        let prefix = format!("{}-r", self.app);
        let mut ids: Vec<String> = self
            .world
            .in_role("shim")
            .iter()
            .filter_map(|process| {
                let names = process.arguments.iter().filter_map(|a| a.rsplit('/').next());
                names.map(str::to_owned).find(|name| name.starts_with(&prefix))
            })
            .collect();
        ids.sort();
        ids
    }
}
