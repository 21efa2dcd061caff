//! Whole images from the archive that this machine is set up for. Packages and indexes are kept
//! between runs; everything that is made from them is made anew.

mod packages;

use super::archive::spec;
use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use windlass_build::image::Interpreter;
use windlass_build::scheme::PythonBuild;
use windlass_build::{
    BuildDirs, BuildError, BuildRequest, BuildSettings, BuiltImage, StepError, StepSpec, build,
};
use windlass_model::{BuildSpec, ExitReason, PersistPath, Problem, PythonVersion};
use windlass_oci::{ImageStore, LayerCache, Manifest};

/// A project and a builder's folders, at a path of their own.
pub(crate) struct Workplace {
    pub(crate) dir: tempfile::TempDir,
}

impl Workplace {
    pub(crate) fn new(prefix: &str, mode: u32) -> Self {
        let dir = tempfile::Builder::new().prefix(prefix).tempdir().expect("a folder");
        let place = Self { dir };
        let downloads = shared_downloads();
        std::fs::create_dir_all(place.dirs().cache.join("debian")).expect("made");
        for kind in ["debs", "indexes"] {
            let shared = downloads.join(kind);
            std::fs::create_dir_all(&shared).expect("made");
            let link = place.dirs().cache.join("debian").join(kind);
            std::os::unix::fs::symlink(shared, link).expect("linked");
        }
        let project = place.project();
        for (path, text) in [
            ("main.py", "print('hello')\n"),
            ("shop/__init__.py", "NAME = 'shop'\nTAGS = {'a', 'b', 'c'}\n"),
            ("shop/broken.py", "this is no Python\n"),
            ("tests/test_main.py", "import main\n"),
            ("instance/shop.db", "data\n"),
            (".env", "SECRET=1\n"),
            ("shop/.env", "SECRET=1\n"),
            ("shop/__pycache__/__init__.cpython-313.pyc", "stale"),
            ("shop/__pycache__/__init__.cpython-39.pyc", "stale"),
            (".dockerignore", "*\n!main.py\n!run.sh\n!shop\n!tests\n!instance\n"),
            ("run.sh", "#!/bin/sh\n"),
        ] {
            let file = project.join(path);
            std::fs::create_dir_all(file.parent().expect("a folder")).expect("made");
            std::fs::write(&file, text).expect("written");
            let executable = if path == "run.sh" { 0o100 } else { 0 };
            let mode = std::fs::Permissions::from_mode(mode | executable);
            std::fs::set_permissions(&file, mode).expect("set");
        }
        place
    }

    pub(crate) fn project(&self) -> PathBuf {
        self.dir.path().join("project")
    }

    pub(crate) fn dirs(&self) -> BuildDirs {
        let below = |name: &str| self.dir.path().join(name);
        BuildDirs {
            cache: below("cache"),
            images: below("images"),
            layers: below("layers"),
            scratch: below("scratch"),
        }
    }

    pub(crate) fn build(&self, spec: &BuildSpec) -> BuiltImage {
        self.build_until(spec, "").expect("an image")
    }

    /// Builds, and is cancelled once this part has ended.
    fn build_until(&self, spec: &BuildSpec, part: &str) -> Result<BuiltImage, BuildError> {
        self.build_with(spec, part, &BuildSettings::default())
    }

    pub(crate) fn build_with(
        &self,
        spec: &BuildSpec,
        part: &str,
        settings: &BuildSettings,
    ) -> Result<BuiltImage, BuildError> {
        let cancelled = AtomicBool::new(false);
        let request = BuildRequest {
            spec,
            platforms: &[],
            project: &self.project(),
            dirs: &self.dirs(),
            settings,
            cancelled: &cancelled,
            run_step: &no_container,
            output: &|_| {},
        };
        build(&request, &|progress| {
            if progress.part == part && progress.elapsed_ms.is_some() {
                cancelled.store(true, Ordering::Relaxed);
            }
        })
    }

    pub(crate) fn manifest(&self, image: &BuiltImage) -> Manifest {
        let store = ImageStore::open(self.dirs().images).expect("a layout");
        store.read_manifest(&image.manifest).expect("a manifest")
    }
}

/// A machine without containers: source archives are built there, and no project has a command.
pub(crate) fn no_container(
    step: &StepSpec,
    _: &mut dyn FnMut(&str),
) -> Result<ExitReason, StepError> {
    assert_eq!(step.name, "wheel", "{:?} was to be run", step.command);
    Err(StepError::Container { problem: Box::new(Problem::environment("none", "it runs none")) })
}

pub(crate) fn shared_downloads() -> PathBuf {
    use std::os::unix::fs::MetadataExt as _;
    let user = std::fs::metadata("/proc/self").expect("/proc").uid();
    std::env::temp_dir().join(format!("windlass-build-tests-{user}")).join("debian")
}

fn shop() -> BuildSpec {
    let mut spec = spec(PythonVersion::three(13));
    spec.persist = vec![PersistPath { path: "instance".to_owned(), directory: true }];
    spec
}

fn parts(image: &BuiltImage) -> BTreeSet<&str> {
    image.parts.iter().map(|part| part.part.as_str()).collect()
}

#[test]
fn a_cancelled_build_leaves_lock_and_tag_alone() {
    let place = Workplace::new("cancelled-", 0o644);
    let locked = || place.project().join("windlass.lock").exists();
    let tagged = || {
        let store = ImageStore::open(place.dirs().images).expect("a layout");
        store.resolve(shop().app.as_str()).expect("readable").is_some()
    };
    for part in ["resolve", "app"] {
        let ended = place.build_until(&shop(), part);
        assert!(matches!(ended, Err(BuildError::Cancelled)), "{part}: {ended:?}");
        assert!(!locked() && !tagged(), "{part}");
    }
    place.build(&shop());
    assert!(locked() && tagged());
}

#[test]
fn one_source_gives_one_digest_and_a_change_one_layer() {
    let here = Workplace::new("here-", 0o644);
    let there = Workplace::new("somewhere-else-altogether-", 0o600);
    let first = here.build(&shop());
    let second = there.build(&shop());
    assert_eq!(first.manifest, second.manifest, "another path, other modes, another time");
    assert!(first.lock_written);

    let again = here.build(&shop());
    assert_eq!((again.manifest, again.lock_written), (first.manifest, false));
    assert_eq!(parts(&again), BTreeSet::from(["app", "resolve", "root"]), "nothing is made again");

    std::fs::write(here.project().join("main.py"), "print('bye')\n").expect("written");
    let changed = here.build(&shop());
    let (old, new) = (here.manifest(&first), here.manifest(&changed));
    let below = old.layers.len() - 1;
    assert_eq!(old.layers[..below], new.layers[..below]);
    assert_ne!(old.layers[below], new.layers[below]);
    looks_right(&here, &first);
    config_looks_right(&here, &first);
    python_works(&here);
}

fn looks_right(place: &Workplace, image: &BuiltImage) {
    let store = ImageStore::open(place.dirs().images).expect("a layout");
    assert!(store.resolve("shop").expect("an index").is_some());
    let layers = LayerCache::open(place.dir.path().join("layers")).expect("a cache");
    let layers = layers.ensure(&store, &image.manifest).expect("unpacked");
    let find = |path: &str| {
        layers.iter().rev().map(|layer| layer.join(path)).find(|p| p.symlink_metadata().is_ok())
    };
    for path in [
        "etc/ld.so.cache",
        "etc/ssl/certs/ca-certificates.crt",
        "etc/os-release",
        "usr/bin/dash",
        "usr/bin/sh",
        "usr/bin/ls",
        "usr/sbin/ldconfig",
        "usr/share/zoneinfo/Europe/Berlin",
        "usr/local/bin/python",
        "usr/lib/python3/dist-packages/windlass.pth",
        "usr/lib/python3.13/json/__pycache__/decoder.cpython-313.pyc",
        "var/lib/dpkg/status.d/libc6",
        "app/shop/__pycache__/__init__.cpython-313.pyc",
        "app/shop/broken.py",
        "app/tests/test_main.py",
    ] {
        assert!(find(path).is_some(), "{path} is missing");
    }
    for path in [
        "app/.env",
        "app/shop/.env",
        "app/shop/__pycache__/__init__.cpython-39.pyc",
        "app/instance/shop.db",
        "app/windlass.lock",
        "app/shop/__pycache__/broken.cpython-313.pyc",
        "usr/share/man",
    ] {
        assert!(find(path).is_none(), "{path} is in the image");
    }
    let text = |path: &str| std::fs::read_to_string(find(path).expect(path)).expect(path);
    assert!(text("etc/passwd").contains("app:x:65532:65532:"));
    let link = std::fs::read_link(find("app/instance").expect("a link")).expect("a link");
    assert_eq!(link, Path::new("/data/instance"));
    assert!(find("data/instance").expect("the link's end").is_dir());
    let mode = |path: &str| find(path).expect(path).metadata().expect(path).permissions().mode();
    assert_eq!((mode("app/run.sh") & 0o777, mode("app/main.py") & 0o777), (0o755, 0o644));
    // PEP 552: flags 1 is "hash-based, source not looked at".
    let bytecode = std::fs::read(find("app/shop/__pycache__/__init__.cpython-313.pyc").expect("x"));
    assert_eq!(bytecode.expect("readable")[4..8], [1, 0, 0, 0]);
}

fn config_looks_right(place: &Workplace, image: &BuiltImage) {
    let store = ImageStore::open(place.dirs().images).expect("a layout");
    let config = store.read_config(&place.manifest(image)).expect("a config");
    assert_eq!(config.user, "65532:65532");
    assert_eq!(config.cmd, ["python", "main.py"]);
    assert!(config.env.contains(&"PYTHONPATH=/app".to_owned()), "{:?}", config.env);
}

/// The loader is named by an absolute path in every program: without the link nothing starts.
#[test]
fn an_older_suite_has_the_links_of_the_merged_folders_too() {
    let place = Workplace::new("older-", 0o644);
    let image = place.build(&spec(PythonVersion::three(11)));
    let store = ImageStore::open(place.dirs().images).expect("a layout");
    let layers = LayerCache::open(place.dir.path().join("layers")).expect("a cache");
    let layers = layers.ensure(&store, &image.manifest).expect("unpacked");
    let folder = if cfg!(target_arch = "aarch64") { "lib" } else { "lib64" };
    for name in ["bin", "lib", "sbin", folder] {
        let link = layers.iter().find_map(|layer| std::fs::read_link(layer.join(name)).ok());
        assert_eq!(link, Some(Path::new("usr").join(name)), "{name}");
    }
}

/// The unpacked root's Python, through its own loader, on this machine.
fn python_works(place: &Workplace) {
    let folder = place.dirs().cache.join("debian/interpreters");
    let root = std::fs::read_dir(folder)
        .expect("interpreters")
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.is_dir())
        .expect("one");
    let architecture = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };
    let python = PythonVersion::three(13);
    let build = PythonBuild::Debian;
    let interpreter =
        Interpreter { root, python, build, architecture: architecture.to_owned(), twin: None };
    let script = "import ssl, sqlite3, zoneinfo, ctypes.util, multiprocessing, bz2, lzma, curses, \
                  readline, uuid, json, sys; print(sys.version_info[:2], json.__cached__)";
    let output = interpreter.command().args(["-c", script]).output().expect("it starts");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.starts_with("(3, 13)") && said.contains("cpython-313.pyc"), "{said}");
}
