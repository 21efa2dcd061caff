//! Libraries of the system for real packages, from the archive and the index that this machine is
//! set up for: what is added, by which rule, and that it is enough.

use super::archive::spec;
use super::image::{no_container, shared_downloads};
use super::wheels::{shared_cache, tools};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use windlass_build::debian::ArchiveAccess;
use windlass_build::download::{DownloadSettings, Downloader};
use windlass_build::explain::explain;
use windlass_build::image::Interpreter;
use windlass_build::scheme::PythonBuild;
use windlass_build::toolchain::{Lookup, missing};
use windlass_build::{BuildDirs, BuildError, BuildRequest, BuildSettings, BuiltImage, build};
use windlass_model::{BuildSpec, DebianPackage, Dependencies, Evidence, PythonVersion};
use windlass_oci::{ImageStore, LayerCache};

/// A project of requirements and nothing else, built in folders of its own; what is fetched is
/// kept between tests.
struct Place {
    dir: tempfile::TempDir,
    spec: BuildSpec,
}

impl Place {
    fn new(requirements: &str) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let mut spec = spec(PythonVersion::three(13));
        spec.dependencies =
            Dependencies::Requirements { files: vec!["requirements.txt".to_owned()] };
        let place = Self { dir, spec };
        for (name, text) in [("requirements.txt", requirements), ("main.py", "")] {
            let path = place.dir.path().join("project").join(name);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            std::fs::write(path, text).expect("written");
        }
        let cache = place.dirs().cache;
        std::fs::create_dir_all(cache.join("debian")).expect("made");
        for (kind, shared) in [
            ("debian/debs", shared_downloads().join("debs")),
            ("debian/indexes", shared_downloads().join("indexes")),
            ("wheels", shared_cache().join("wheels")),
            ("uv-tool", shared_cache().join("uv-tool")),
        ] {
            std::fs::create_dir_all(&shared).expect("made");
            std::os::unix::fs::symlink(shared, cache.join(kind)).expect("linked");
        }
        place
    }

    fn dirs(&self) -> BuildDirs {
        let below = |name: &str| self.dir.path().join(name);
        BuildDirs {
            cache: below("cache"),
            images: below("images"),
            layers: below("build-layers"),
            scratch: below("scratch"),
        }
    }

    fn try_build(&self) -> Result<BuiltImage, BuildError> {
        let settings = BuildSettings { tools: tools(), ..BuildSettings::default() };
        let request = BuildRequest {
            spec: &self.spec,
            platforms: &[],
            project: &self.dir.path().join("project"),
            dirs: &self.dirs(),
            settings: &settings,
            cancelled: &AtomicBool::new(false),
            run_step: &no_container,
            output: &|_| {},
        };
        build(&request, &|_| {})
    }

    fn build(&self) -> BuiltImage {
        self.try_build().expect("an image")
    }

    /// What Python in the image prints for a script, run on this machine.
    fn python(&self, image: &BuiltImage, script: &str) -> String {
        let root = self.root(image);
        let packages = root.join("usr/local/lib/python3.13/dist-packages");
        let architecture = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };
        let python = PythonVersion::three(13);
        let (build, architecture) = (PythonBuild::Debian, architecture.to_owned());
        let interpreter = Interpreter { root, python, build, architecture, twin: None };
        let mut command = interpreter.command();
        command.env("PYTHONPATH", packages).args(["-c", script]);
        let output = command.output().expect("it starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// All layers of an image in one folder.
    fn root(&self, image: &BuiltImage) -> PathBuf {
        let store = ImageStore::open(self.dirs().images).expect("a layout");
        let layers = LayerCache::open(self.dir.path().join("layers")).expect("a cache");
        let root = self.dir.path().join("root");
        std::fs::create_dir_all(&root).expect("made");
        for layer in layers.ensure(&store, &image.manifest).expect("unpacked") {
            let from = layer.join(".");
            let copied = std::process::Command::new("cp")
                .args(["-a", "--link", "--force", "--no-target-directory"])
                .args([from.as_path(), &root])
                .output()
                .expect("cp runs");
            assert!(copied.status.success(), "{}", String::from_utf8_lossy(&copied.stderr));
        }
        root
    }

    fn locked_packages(&self) -> BTreeSet<String> {
        let lock = std::fs::read_to_string(self.dir.path().join("project/windlass.lock"));
        let lock = lock.expect("a lock");
        let debian = lock.split("[[package]]").next().unwrap_or_default();
        let names = debian.lines().filter_map(|line| line.strip_prefix("name = \""));
        names.map(|name| name.trim_end_matches('"').to_owned()).collect()
    }
}

fn told(image: &BuiltImage) -> Vec<String> {
    let told = image.findings.iter().map(|f| format!("{}: {}", f.value, f.evidence[0].note));
    told.collect()
}

fn codes(image: &BuiltImage) -> Vec<&str> {
    image.warnings.iter().map(|problem| problem.code.as_str()).collect()
}

#[test]
fn opencv_with_windows_gets_what_it_links_to() {
    let place = Place::new("opencv-python\n");
    let image = place.build();
    let said = told(&image);
    assert!(
        said.iter().any(|line| line.starts_with("libgl1: libGL.so.1 needed by cv2/")),
        "{said:?}"
    );
    assert!(!codes(&image).contains(&"library-missing"), "{:?}", image.warnings);
    assert!(place.locked_packages().contains("libgl1"));
    assert_eq!(place.python(&image, "import cv2; print(cv2.__name__)"), "cv2");

    let again = place.build();
    assert_eq!((again.manifest, again.lock_written), (image.manifest, false));
    assert_eq!((told(&again), codes(&again)), (said, vec![]));
    let parts: BTreeSet<&str> = again.parts.iter().map(|part| part.part.as_str()).collect();
    let quiet = BTreeSet::from(["app", "dependencies", "libraries", "resolve", "root"]);
    assert_eq!(parts, quiet, "nothing is looked for again");
}

fn asked(name: &str, line: u32, required: bool) -> DebianPackage {
    let evidence = Evidence::at(if required { "Aptfile" } else { "Dockerfile" }, line, "`it`");
    DebianPackage { name: name.to_owned(), required, evidence }
}

#[test]
fn a_table_knows_what_is_loaded_by_name_and_a_whole_wheel_needs_nothing() {
    let mut place = Place::new("psycopg2-binary\npython-magic\n");
    place.spec.apt = vec![asked("liblapack3", 1, true), asked("no-such-thing", 2, false)];
    let image = place.build();
    assert_eq!(told(&image), ["libmagic1t64: python-magic loads the library by its name"]);
    let locked = place.locked_packages();
    assert!(locked.contains("libmagic1t64") && locked.contains("liblapack3"), "{locked:?}");
    assert!(!locked.contains("libpq5"), "psycopg2-binary brings its own: {locked:?}");
    // What Debian's scripts would have linked is linked, so that everything resolves.
    assert_eq!(codes(&image), ["package-scripts-not-run", "packages-left-out"]);
    let script = "import ctypes, magic, psycopg2; ctypes.CDLL('liblapack.so.3'); \
                  print(magic.version() > 500, psycopg2.__libpq_version__ > 0)";
    assert_eq!(place.python(&image, script), "True True");
}

#[test]
fn an_unknown_package_is_refused_with_its_place_and_its_neighbours() {
    let mut place = Place::new("");
    place.spec.apt = vec![asked("libmagic2", 3, true)];
    let problem = explain(&place.try_build().expect_err("refused"));
    assert_eq!(problem.code, "package-unknown");
    assert_eq!(problem.causes, ["Aptfile:3: `it`"]);
    assert!(problem.hints[0].contains("libmagic1t64"), "{problem:?}");
}

#[test]
fn the_archive_knows_what_a_build_lacked() {
    let place = Place::new("");
    let lookup = Lookup {
        access: &ArchiveAccess::default(),
        downloader: &Downloader::new(DownloadSettings::default()),
        cache: &place.dirs().cache.join("debian"),
        architecture: if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" },
        python: PythonVersion::three(13),
    };
    let lacked = missing(
        "Error: pg_config executable not found.\n\
         a.c:1:10: fatal error: libxml/xpath.h: No such file or directory\n\
         a.c:1:10: fatal error: Python.h: No such file or directory\n\
         a.c:1:10: fatal error: jpeglib.h: No such file or directory\n\
         /usr/bin/ld: cannot find -lldap: No such file or directory\n\
         Package 'cairo', required by 'virtual:world', not found\n\
         sh: 1: no-such-program-anywhere: not found\n",
    );
    let found = lookup.packages(&lacked).expect("an archive");
    let packages: Vec<&str> =
        lacked.iter().filter_map(|thing| found.get(thing)).map(String::as_str).collect();
    let expected = [
        "libpq-dev",
        "libxml2-dev",
        "libpython3.13-dev",
        "libjpeg62-turbo-dev",
        "libldap-dev",
        "libcairo2-dev",
    ];
    assert_eq!((lacked.len(), packages.as_slice()), (7, expected.as_slice()));
}
