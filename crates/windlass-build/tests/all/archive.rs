//! The archive's trust, on loopback: who signed, what was signed, how old, and what was changed.

use super::mirror::{Answer, Mirror};
use pgp::composed::{
    ArmorOptions, CleartextSignedMessage, KeyType, SecretKeyParamsBuilder, SignedSecretKey,
};
use pgp::types::Password;
use sha2::{Digest as _, Sha256};
use std::path::Path;
use std::sync::atomic::AtomicBool;
use windlass_build::debian::{ArchiveAccess, ArchiveSettings, CatalogueError, TrustError};
use windlass_build::download::{DownloadError, DownloadSettings};
use windlass_build::explain::explain;
use windlass_build::{BuildDirs, BuildError, BuildRequest, BuildSettings, BuiltImage, build};
use windlass_model::{AppName, BuildSpec, Dependencies, Digest, Kind, PythonVersion, Selection};

/// Not an index: whoever gets as far as to unpack it has trusted the release file.
const INDEX: &[u8] = b"not compressed";

pub(crate) fn spec(python: PythonVersion) -> BuildSpec {
    BuildSpec {
        app: AppName::from_loose("shop"),
        python,
        base: windlass_model::BaseSpec::default(),
        dependencies: Dependencies::None,
        selection: Selection::default(),
        extra_requirements: vec![],
        install_project: false,
        python_path: vec![String::new()],
        work_dir: String::new(),
        env: [].into(),
        command: ["python", "main.py"].map(str::to_owned).to_vec(),
        health_path: None,
        persist: vec![],
        apt: vec![],
        build_apt: Vec::new(),
        exclude: vec![],
        allow_files: vec![],
        build_commands: vec![],
        build_secrets: vec![],
        build_env: std::collections::BTreeMap::new(),
        collect_static: None,
        compression: windlass_model::Compression::Gzip,
    }
}

fn new_key() -> SignedSecretKey {
    let mut params = SecretKeyParamsBuilder::default();
    params
        .key_type(KeyType::Ed25519Legacy)
        .can_certify(true)
        .can_sign(true)
        .primary_user_id("Archive <archive@127.0.0.1>".to_owned());
    params.build().expect("parameters").generate(rand::thread_rng()).expect("a key")
}

fn release(codename: &str, fields: &str) -> String {
    let hash = Digest::from_bytes(Sha256::digest(INDEX).into()).hex();
    let arch = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };
    format!(
        "Origin: Debian\nSuite: stable\nCodename: {codename}\n{fields}Acquire-By-Hash: no\n\
         SHA256:\n {hash} {} main/binary-{arch}/Packages.xz\n",
        INDEX.len()
    )
}

fn signed(text: &str, key: &SignedSecretKey) -> String {
    let message = CleartextSignedMessage::sign(
        rand::thread_rng(),
        text,
        &key.primary_key,
        &Password::empty(),
    )
    .expect("signed");
    message.to_armored_string(ArmorOptions::default()).expect("armoured")
}

const TODAY: &str = "Date: Sat, 21 Nov 2026 09:15:44 UTC\n";
const EARLIER: &str = "Date: Fri, 20 Nov 2026 09:15:44 UTC\n";

/// Builds against a loopback archive; always fails, and how is the answer.
struct World {
    dir: tempfile::TempDir,
    settings: BuildSettings,
}

impl World {
    fn new(key: &SignedSecretKey) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let keyring = dir.path().join("keys.asc");
        let public = key.to_public_key().to_armored_string(ArmorOptions::default());
        std::fs::write(&keyring, public.expect("armoured")).expect("written");
        std::fs::create_dir(dir.path().join("project")).expect("made");
        let archive =
            ArchiveSettings { url: "http://127.0.0.1:1".to_owned(), security_url: None, keyring };
        let settings = BuildSettings {
            access: ArchiveAccess {
                apt_dir: dir.path().join("apt"),
                keyrings: vec![],
                archive: Some(archive),
            },
            download: DownloadSettings {
                attempts: 2,
                backoff_ms: 1,
                ..DownloadSettings::default()
            },
            ..BuildSettings::default()
        };
        Self { dir, settings }
    }

    fn build(&self, python: PythonVersion) -> Result<BuiltImage, BuildError> {
        let dirs = BuildDirs {
            cache: self.dir.path().join("cache"),
            images: self.dir.path().join("images"),
            layers: self.dir.path().join("layers"),
            scratch: self.dir.path().join("scratch"),
        };
        let project = self.dir.path().join("project");
        let request = BuildRequest {
            spec: &spec(python),
            platforms: &[],
            project: &project,
            dirs: &dirs,
            settings: &self.settings,
            cancelled: &AtomicBool::new(false),
            run_step: &super::image::no_container,
            output: &|_| {},
        };
        build(&request, &|_| {})
    }

    /// The failure against an archive that gives this release file and this index.
    fn failure(&mut self, release: &str, index: &[u8]) -> CatalogueError {
        let mirror = serve(release, index);
        self.against(&mirror.url)
    }

    fn against(&mut self, url: &str) -> CatalogueError {
        if let Some(archive) = &mut self.settings.access.archive {
            url.clone_into(&mut archive.url);
        }
        match self.build(PythonVersion::three(13)).expect_err("never an image") {
            BuildError::System(windlass_build::image::SystemError::Catalogue(error)) => error,
            other => panic!("{other:?}"),
        }
    }
}

fn serve(release: &str, index: &[u8]) -> Mirror {
    let arch = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };
    let base = "/dists/trixie";
    Mirror::start([
        (format!("{base}/InRelease"), vec![Answer::File(release.as_bytes().to_vec())]),
        (format!("{base}/main/binary-{arch}/Packages.xz"), vec![Answer::File(index.to_vec())]),
    ])
}

#[test]
fn only_what_a_trusted_key_signed_is_followed() {
    let (key, other) = (new_key(), new_key());
    let text = release("trixie", TODAY);
    let good = signed(&text, &key);
    let failure = World::new(&key).failure(&good, INDEX);
    assert!(matches!(failure, CatalogueError::Index { .. }), "trusted: {failure:?}");

    let changed = good.replace("Origin: Debian", "Origin: Debjan");
    for (bad, why) in [
        (signed(&text, &other), "another key"),
        (changed, "another text"),
        (text.clone(), "no signature"),
        (good.replace("-----END PGP SIGNATURE-----", ""), "half a signature"),
    ] {
        let failure = World::new(&key).failure(&bad, INDEX);
        assert!(matches!(failure, CatalogueError::Untrusted { .. }), "{why}: {failure:?}");
    }
    let failure = World::new(&key).failure(&good, b"another index!");
    let CatalogueError::Fetch { source, .. } = failure else { panic!("{failure:?}") };
    assert!(matches!(*source, DownloadError::Digest { .. }), "{source:?}");
}

#[test]
fn old_and_foreign_releases_are_refused() {
    let key = new_key();
    let expired = format!("{TODAY}Valid-Until: Sat, 21 Nov 2020 09:15:44 UTC\n");
    let failure = World::new(&key).failure(&signed(&release("trixie", &expired), &key), INDEX);
    assert!(matches!(failure, CatalogueError::Expired { .. }), "{failure:?}");
    let failure = World::new(&key).failure(&signed(&release("bookworm", TODAY), &key), INDEX);
    assert!(matches!(failure, CatalogueError::Release { .. }), "{failure:?}");
    let failure = World::new(&key).failure(&signed(&release("trixie", ""), &key), INDEX);
    assert!(matches!(failure, CatalogueError::Release { .. }), "no date: {failure:?}");
}

#[test]
fn no_archive_leads_back_in_time() {
    let key = new_key();
    let mut world = World::new(&key);
    let arch = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };
    let newest = signed(&release("trixie", TODAY), &key);
    let without_index = release("trixie", EARLIER).replace(arch, "m68k");
    let script = vec![
        Answer::File(newest.into_bytes()),
        Answer::File(signed(&without_index, &key).into_bytes()),
    ];
    let mirror = Mirror::start([
        ("/dists/trixie/InRelease".to_owned(), script),
        (
            format!("/dists/trixie/main/binary-{arch}/Packages.xz"),
            vec![Answer::File(INDEX.to_vec())],
        ),
    ]);
    for time in 0..2 {
        let failure = world.against(&mirror.url);
        // The older file has no index for this machine: following it would say so.
        assert!(matches!(failure, CatalogueError::Index { .. }), "{time}: {failure:?}");
    }
}

#[test]
fn a_valid_index_serves_while_the_archive_is_away() {
    let key = new_key();
    let mut world = World::new(&key);
    let good = signed(&release("trixie", TODAY), &key).into_bytes();
    let arch = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };
    let away = || vec![Answer::File(good.clone()), Answer::Status(503)];
    let mirror = Mirror::start([
        ("/dists/trixie/InRelease".to_owned(), away()),
        (
            format!("/dists/trixie/main/binary-{arch}/Packages.xz"),
            vec![Answer::File(INDEX.to_vec()), Answer::Status(503)],
        ),
    ]);
    for time in 0..2 {
        let failure = world.against(&mirror.url);
        assert!(matches!(failure, CatalogueError::Index { .. }), "{time}: {failure:?}");
    }
}

#[test]
fn what_is_missing_is_said_with_its_cure() {
    let mut world = World::new(&new_key());
    world.settings.access.archive = None;
    let apt = world.dir.path().join("apt");
    std::fs::create_dir_all(apt.join("sources.list.d")).expect("made");
    let vendor = "deb http://127.0.0.1/vendor stable-vendor main\n";
    std::fs::write(apt.join("sources.list"), vendor).expect("written");
    let problem = problem_of(&world, PythonVersion::three(13));
    assert_eq!((problem.code.as_str(), problem.kind), ("no-debian-archive", Kind::Environment));
    assert!(problem.hints[0].contains("sources.list.d/debian.sources"), "{problem:?}");
    let problem = problem_of(&world, PythonVersion::three(8));
    assert_eq!((problem.code.as_str(), problem.kind), ("python-unavailable", Kind::User));
    assert!(problem.causes[0].contains("3.9, 3.10, 3.11"), "{problem:?}");
    assert!(!Path::new(&world.dir.path().join("project/windlass.lock")).exists());
}

/// A world whose apt lists lead to these archives, each with `main` of these suites.
fn with_lists(key: &SignedSecretKey, lists: &[(&str, &str)]) -> World {
    let mut world = World::new(key);
    world.settings.access.archive = None;
    world.settings.access.keyrings = vec![world.dir.path().join("keys.asc")];
    let apt = world.dir.path().join("apt");
    std::fs::create_dir_all(&apt).expect("made");
    let lines = lists.iter().map(|(url, suite)| format!("deb {url} {suite} main\n"));
    std::fs::write(apt.join("sources.list"), lines.collect::<String>()).expect("written");
    world
}

fn failure_of(world: &World) -> CatalogueError {
    match world.build(PythonVersion::three(13)).expect_err("never an image") {
        BuildError::System(windlass_build::image::SystemError::Catalogue(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn vendors_repositories_are_passed_over() {
    let (key, other) = (new_key(), new_key());
    let debian = serve(&signed(&release("trixie", TODAY), &key), INDEX);
    let theirs = release("trixie", TODAY).replace("Origin: Debian", "Origin: Docker");
    let vendor = serve(&signed(&theirs, &key), INDEX);
    let untrusted = serve(&signed(&theirs, &other), INDEX);
    let empty = Mirror::start([]);
    let lists = [
        (empty.url.as_str(), "stable"),
        (vendor.url.as_str(), "trixie"),
        (untrusted.url.as_str(), "trixie"),
        (debian.url.as_str(), "trixie"),
    ];
    // What is no index shows that Debian's was trusted and asked for.
    let failure = failure_of(&with_lists(&key, &lists));
    assert!(matches!(failure, CatalogueError::Index { .. }), "{failure:?}");
    let asked = |mirror: &Mirror| mirror.seen().iter().any(|(path, _)| path.contains("Packages"));
    assert!(asked(&debian) && !asked(&vendor) && !asked(&untrusted));

    let failure = failure_of(&with_lists(&key, &lists[1..3]));
    assert!(matches!(failure, CatalogueError::Foreign { .. }), "{failure:?}");
    let failure = failure_of(&with_lists(&key, &lists[..1]));
    assert!(matches!(failure, CatalogueError::Fetch { .. }), "{failure:?}");
}

#[test]
fn security_updates_are_never_passed_over() {
    let key = new_key();
    let debian = serve(&signed(&release("trixie", TODAY), &key), INDEX);
    let empty = Mirror::start([]);
    let lists = [(empty.url.as_str(), "trixie-security"), (debian.url.as_str(), "trixie")];
    let failure = failure_of(&with_lists(&key, &lists));
    let CatalogueError::Fetch { suite, .. } = failure else { panic!("{failure:?}") };
    assert_eq!(suite, "trixie-security");
}

fn problem_of(world: &World, python: PythonVersion) -> windlass_model::Problem {
    explain(&world.build(python).expect_err("refused"))
}

#[test]
fn a_key_ring_that_is_none_is_named() {
    let key = new_key();
    let mut world = World::new(&key);
    std::fs::write(world.dir.path().join("keys.asc"), "nothing").expect("written");
    let failure = world.failure(&signed(&release("trixie", TODAY), &key), INDEX);
    let CatalogueError::Untrusted { source, .. } = failure else { panic!("{failure:?}") };
    assert!(matches!(source, TrustError::NotKeys { .. } | TrustError::NoKeys), "{source:?}");
}
