//! A standalone Python, fetched by uv from a mirror on loopback, as a layer of an image.
//!
//! The build that the mirror has is assembled here, in the form that such builds have, from a
//! Python that Debian packs.

use super::archive::spec;
use super::image::Workplace;
use super::mirror::{Answer, Mirror};
use super::wheels::tools;
use sha2::{Digest as _, Sha256};
use std::fs;
use std::path::{Path, PathBuf};
use windlass_build::image::Interpreter;
use windlass_build::scheme::PythonBuild;
use windlass_build::wheels::StandaloneError;
use windlass_build::wheels::lock::{self, WindlassLock};
use windlass_build::{BuildError, BuildSettings};
use windlass_model::{BuildSpec, Digest, PythonVersion};
use windlass_oci::{ImageStore, LayerCache};

const PYTHON: PythonVersion = PythonVersion::three(13);
const VERSION: &str = "3.13.77";
const MACHINE: &str = if cfg!(target_arch = "aarch64") { "aarch64" } else { "x86_64" };
const ARCHITECTURE: &str = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };

fn standalone() -> BuildSpec {
    let mut spec = spec(PYTHON);
    spec.base.standalone = true;
    spec
}

/// The root of the one interpreter that a build left in its cache.
fn interpreter_root(place: &Workplace) -> PathBuf {
    let folder = place.dirs().cache.join("debian/interpreters");
    let mut roots = fs::read_dir(folder).expect("interpreters").flatten().map(|entry| entry.path());
    roots.find(|path| path.is_dir()).expect("one")
}

/// Debian's Python in the form `install_only`, with what such builds have and no image needs.
fn assembled() -> Vec<u8> {
    let place = Workplace::new("assembled-", 0o644);
    place.build(&spec(PYTHON));
    let usr = interpreter_root(&place).join("usr");
    let out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let mut archive = tar::Builder::new(out);
    archive.follow_symlinks(true);
    let mut add = |from: &Path, to: &str| {
        archive.append_path_with_name(from, format!("python/{to}")).expect("added");
    };
    add(&usr.join("bin/python3.13"), "bin/python3.13");
    for library in ["libexpat.so.1", "libz.so.1"] {
        let folder = usr.join(format!("lib/{MACHINE}-linux-gnu"));
        add(&folder.join(library), &format!("lib/{library}"));
    }
    let mut folders = vec![usr.join("lib/python3.13")];
    while let Some(folder) = folders.pop() {
        let mut children: Vec<_> =
            fs::read_dir(&folder).expect("a folder").flatten().map(|entry| entry.path()).collect();
        children.sort();
        for child in children {
            let inside = child.strip_prefix(&usr).expect("inside").display().to_string();
            if child.is_dir() {
                folders.push(child);
            } else if child.exists() && child.extension() != Some("pyc".as_ref()) {
                add(&child, &inside);
            }
        }
    }
    let settings = "build = {'CC': 'clang -pthread', 'prefix': '/install', 'AR': '/t/llvm-ar'}\n";
    for (path, text) in [
        ("bin/pip", "#!/bin/sh\n"),
        ("include/python3.13/Python.h", "/* for compilers */\n"),
        ("lib/python3.13/ensurepip/__init__.py", "\n"),
        ("lib/python3.13/EXTERNALLY-MANAGED", "[externally-managed]\n"),
        ("lib/python3.13/site-packages/pip/__init__.py", "\n"),
        ("lib/python3.13/_sysconfigdata__test.py", settings),
    ] {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o664);
        let path = format!("python/{path}");
        archive.append_data(&mut header, path, text.as_bytes()).expect("added");
    }
    archive.into_inner().expect("packed").finish().expect("packed")
}

/// A mirror with one build, and the settings of a machine that fetches from it.
struct Offer {
    mirror: Mirror,
    settings: BuildSettings,
    sha256: Digest,
    _list: tempfile::NamedTempFile,
}

impl Offer {
    /// `listed` is the digest that uv is told.
    fn new(archive: Vec<u8>, listed: Option<Digest>) -> Self {
        let sha256 = Digest::from_bytes(Sha256::digest(&archive).into());
        let path = format!("/cpython-{VERSION}%2B1-{MACHINE}-unknown-linux-gnu.tar.gz");
        let mirror = Mirror::start([(path.clone(), vec![Answer::File(archive)])]);
        let build = serde_json::json!({
            "name": "cpython", "arch": { "family": MACHINE, "variant": null }, "os": "linux",
            "libc": "gnu", "major": 3, "minor": 13, "patch": 77, "prerelease": "",
            "url": format!("{}{path}", mirror.url), "variant": null, "build": "1",
            "sha256": listed.unwrap_or(sha256).hex(),
        });
        let list = tempfile::NamedTempFile::with_suffix(".json").expect("a file");
        let key = format!("cpython-{VERSION}-linux-{MACHINE}-gnu");
        let all = serde_json::json!({ key: build });
        fs::write(list.path(), all.to_string()).expect("written");
        let mut tools = tools();
        let shown = list.path().display().to_string();
        tools.environment.insert("UV_PYTHON_DOWNLOADS_JSON_URL".to_owned(), shown);
        tools.environment.insert("NO_PROXY".to_owned(), "127.0.0.1".to_owned());
        for name in ["UV_PYTHON_INSTALL_MIRROR", "UV_PYTHON_CACHE_DIR", "UV_PYTHON_DOWNLOADS"] {
            tools.environment.remove(name);
        }
        let settings = BuildSettings { tools, ..BuildSettings::default() };
        Self { mirror, settings, sha256, _list: list }
    }
}

#[test]
fn a_standalone_python_is_fetched_pinned_and_made_into_a_layer() {
    let offer = Offer::new(assembled(), None);
    let (here, there) = (Workplace::new("alone-", 0o644), Workplace::new("alone-again-", 0o600));
    let image = here.build_with(&standalone(), "", &offer.settings).expect("an image");
    let locked = lock::read(&here.project()).expect("readable").expect("a lock");
    let python = locked.interpreter.as_ref().expect("pinned");
    assert_eq!((python.version.as_str(), python.sha256), (VERSION, offer.sha256));
    assert!(locked.debian.iter().all(|package| !package.name.contains("python")), "{locked:?}");
    looks_right(&here, &image.manifest);
    runs(&here);

    // What is pinned and fetched needs neither uv nor a network.
    let mut without = offer.settings.clone();
    without.tools.search.explicit = Some("/nowhere/uv".into());
    fs::write(here.project().join("main.py"), "print('bye')\n").expect("written");
    let changed = here.build_with(&standalone(), "", &without).expect("an image");
    let (old, new) = (here.manifest(&image), here.manifest(&changed));
    assert_eq!(old.layers[..old.layers.len() - 1], new.layers[..new.layers.len() - 1]);

    let asked = offer.mirror.seen().len();
    let again = there.build_with(&standalone(), "", &offer.settings).expect("an image");
    assert_eq!(again.manifest, image.manifest, "another path, another time, fetched again");
    assert!(offer.mirror.seen().len() > asked);
}

fn looks_right(place: &Workplace, manifest: &Digest) {
    let store = ImageStore::open(place.dirs().images).expect("a layout");
    let layers = LayerCache::open(place.dir.path().join("layers")).expect("a cache");
    let layers = layers.ensure(&store, manifest).expect("unpacked");
    let find = |path: &str| {
        layers.iter().rev().map(|layer| layer.join(path)).find(|p| p.symlink_metadata().is_ok())
    };
    for path in [
        "usr/local/bin/python3.13",
        "usr/local/lib/python3.13/json/__pycache__/decoder.cpython-313.pyc",
        "usr/local/lib/python3.13/site-packages/windlass.pth",
        "etc/ssl/cert.pem",
        "app/shop/__pycache__/__init__.cpython-313.pyc",
    ] {
        assert!(find(path).is_some(), "{path} is missing");
    }
    for path in [
        "usr/bin/python3.13",
        "usr/local/bin/pip",
        "usr/local/include/python3.13/Python.h",
        "usr/local/lib/python3.13/ensurepip",
        "usr/local/lib/python3.13/EXTERNALLY-MANAGED",
        "usr/local/lib/python3.13/site-packages/pip",
        "var/lib/dpkg/status.d/python3.13",
    ] {
        assert!(find(path).is_none(), "{path} is in the image");
    }
    let link = fs::read_link(find("usr/local/bin/python").expect("a link")).expect("a link");
    assert_eq!(link, Path::new("python3.13"));
    let settings = find("usr/local/lib/python3.13/_sysconfigdata__test.py").expect("settings");
    let settings = fs::read_to_string(settings).expect("readable");
    assert_eq!(settings, "build = {'CC': 'cc -pthread', 'prefix': '/usr/local', 'AR': 'ar'}\n");
}

/// The layer's Python, through the image's loader, on this machine.
fn runs(place: &Workplace) {
    let interpreter = Interpreter {
        root: interpreter_root(place),
        python: PYTHON,
        build: PythonBuild::Local,
        architecture: ARCHITECTURE.to_owned(),
        twin: None,
    };
    let script = "import json, sys; print(json.__cached__, sys.prefix)";
    let output = interpreter.command().args(["-c", script]).output().expect("it starts");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("usr/local/lib/python3.13/json/__pycache__/"), "{said}");
    assert!(said.trim_end().ends_with("usr/local"), "{said}");
}

fn failure(settings: &BuildSettings, spec: &BuildSpec) -> StandaloneError {
    let place = Workplace::new("alone-refused-", 0o644);
    match place.build_with(spec, "", settings).expect_err("no image") {
        BuildError::Python(error) => {
            assert!(!place.project().join(WindlassLock::FILE).exists());
            error
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_build_that_cannot_be_had_or_is_another_is_refused() {
    let other = Digest::from_bytes([7; 32]);
    let mut offer = Offer::new(b"not what was listed".to_vec(), Some(other));
    let refused = failure(&offer.settings, &standalone());
    assert!(matches!(refused, StandaloneError::Uv(_)), "{refused:?}");
    let refused = failure(&offer.settings, &spec(PythonVersion::three(12)));
    assert!(
        matches!(refused, StandaloneError::NotOffered { .. } | StandaloneError::Uv(_)),
        "{refused:?}"
    );
    let forbid = ("UV_PYTHON_DOWNLOADS".to_owned(), "never".to_owned());
    offer.settings.tools.environment.extend([forbid]);
    let refused = failure(&offer.settings, &standalone());
    assert!(matches!(refused, StandaloneError::Forbidden { .. }), "{refused:?}");
}
