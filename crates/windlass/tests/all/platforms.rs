//! Images for other machines than this one: made without running anything of theirs.

use crate::site::world;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::process::Command;
use windlass_model::{Digest, Machine};
use windlass_oci::{Expected, ImageStore, Item, Platform, walk_layer};
use windlass_testkit::{Project, RegistryAuth, RegistryService, World, tools};

const BOTH: &str = "linux/amd64,linux/arm64";

/// This machine, and the one that it is not.
fn machines() -> (Machine, Machine) {
    let here = Machine::of_this().expect("a machine that images are made for");
    let other = Machine::ALL.into_iter().find(|machine| *machine != here).expect("there are two");
    (here, other)
}

/// Something compiled among its packages, and something made while it is built.
fn project(app: &str) -> Project {
    let config =
        "build = [\"python -c 'open(\\\"made.txt\\\", \\\"w\\\").write(\\\"made\\\")'\"]\n";
    let packages = "flask\ngunicorn\nmarkupsafe\n";
    Project::flask(app, "1").file("requirements.txt", packages).config(app, config)
}

fn build(world: &World, words: &[&str]) -> Value {
    let line: Vec<&str> = ["build", "--json"].iter().chain(words).copied().collect();
    world.run(&line).expect_code(0).json()
}

fn digest(value: &Value) -> Digest {
    value.as_str().expect("a digest").parse().expect("a digest")
}

fn store(world: &World) -> ImageStore {
    ImageStore::open(world.layout().images()).expect("a layout")
}

#[test]
fn an_image_for_two_machines_is_built_pushed_and_pulled_in_part() {
    let registry = RegistryService::start(world(), &RegistryAuth::Open);
    let world = registry.world();
    let (here, other) = machines();
    let folder = world.project("both", &project("both"));
    let path = folder.to_string_lossy();
    let plain = build(world, &[&path]);
    let both = build(world, &[&path, "--platform", BOTH]);
    let of = |machine: Machine| {
        let all = both["platforms"].as_array().expect("a list").iter();
        let mut found = all.filter(|one| one["platform"] == machine.to_string().as_str());
        digest(&found.next().expect("an image for it")["image"])
    };
    assert_eq!(digest(&plain["image"]), of(here), "the same alone and with others");
    let (index, foreign) = (digest(&both["image"]), of(other));
    listed_in_order(&store(world), &index, [of(Machine::X86_64), of(Machine::Aarch64)]);
    holds_only(&store(world), &foreign, other);

    let again = build(world, &[&path, "--platform", BOTH]);
    assert_eq!((&again["image"], &again["lock_written"]), (&both["image"], &false.into()));
    let alone = build(world, &[&path, "--platform", &other.to_string()]);
    assert_eq!(digest(&alone["image"]), foreign, "the same alone and with others");
    assert_eq!(alone["lock_written"], false, "the lock holds for both");
    build(world, &[&path, "--platform", BOTH]);

    crate::trust::each_machine_is_told_and_signed(world, "both");
    let name = registry.name("team/both");
    let pushed = world.run(&["push", "both", &name, "-t", "1"]).expect_code(0);
    assert_eq!(pushed.stdout.trim(), format!("{name}@{index}"));
    let elsewhere = crate::site::world();
    let pull = ["pull", &format!("{name}:1"), "--platform", &other.to_string(), "--json"];
    assert_eq!(digest(&elsewhere.run(&pull).expect_code(0).json()["digest"]), foreign);
    holds_only(&store(&elsewhere), &foreign, other);
    skopeo_finds(&format!("docker://{name}:1"), other);
    crate::trust::one_of_them_is_verified(world, &elsewhere, (&format!("{name}:1"), other));
    verbs_know_an_index(world, &elsewhere, &index);
    is_locked_for_both(world, &folder);
}

/// A lock that is written anew leaves no machine behind.
fn is_locked_for_both(world: &World, folder: &Path) {
    let path = folder.to_string_lossy();
    let read = || fs::read_to_string(folder.join("windlass.lock")).expect("a lock");
    let before = read();
    world.run(&["lock", &path]).expect_code(0);
    assert_eq!(read(), before, "it was right already");
    let packages = folder.join("requirements.txt");
    let text = fs::read_to_string(&packages).expect("readable") + "iniconfig==2.0.0\n";
    fs::write(&packages, text).expect("written");
    world.run(&["lock", &path]).expect_code(0);
    let locked = read();
    assert_eq!(locked.matches("name = \"iniconfig\"").count(), 2, "{locked}");
    assert_eq!(locked.matches("name = \"markupsafe\"").count(), 2, "{locked}");
}

/// Both verbs that show, and those that carry.
fn verbs_know_an_index(world: &World, elsewhere: &World, index: &Digest) {
    let shown = world.run(&["image", "inspect", "both"]).expect_code(0);
    assert!(
        shown.stdout.contains("linux/amd64") && shown.stdout.contains("linux/arm64"),
        "{shown}"
    );
    let file = world.home().join("both.tar");
    let file = file.to_string_lossy();
    world.run(&["image", "export", "both", &file]).expect_code(0);
    elsewhere.run(&["image", "load", &file]).expect_code(0);
    assert_eq!(store(elsewhere).resolve("both").expect("an index"), Some(*index));
    elsewhere.run(&["image", "prune"]).expect_code(0);
    let kept = store(elsewhere);
    let reached = kept.reached(index).expect("whole");
    assert!(reached.iter().all(|digest| kept.blob_path(digest).is_file()));
}

fn listed_in_order(store: &ImageStore, index: &Digest, images: [Digest; 2]) {
    let index = store.read_index(index).expect("an index");
    let listed: Vec<Digest> = index.manifests.iter().map(|listed| listed.digest).collect();
    assert_eq!(listed, images);
    let platforms: Vec<_> = index.manifests.iter().map(|it| it.platform.clone()).collect();
    let arm64: Platform = "linux/arm64/v8".parse().expect("a platform");
    assert_eq!(platforms, [Some(Platform::linux("amd64")), Some(arm64)]);
    for (image, architecture) in images.iter().zip(["amd64", "arm64"]) {
        let manifest = store.read_manifest(image).expect("a manifest");
        assert_eq!(store.read_config(&manifest).expect("a config").architecture, architecture);
    }
}

/// Every program and library of an image is made for the machine, and so is what lists them.
fn holds_only(store: &ImageStore, image: &Digest, machine: Machine) {
    let files = files(store, image);
    let wanted: u16 = if machine == Machine::Aarch64 { 183 } else { 62 };
    let mut programs = 0;
    for (path, begin) in &files {
        // System V ABI, chapter 4: `e_machine` is two bytes at 18.
        if let [0x7f, b'E', b'L', b'F', .., low, high] = begin.get(..20).unwrap_or_default() {
            assert_eq!(u16::from_le_bytes([*low, *high]), wanted, "{path}");
            programs += 1;
        }
    }
    assert!(programs > 50, "{programs}");
    let name = machine.as_str();
    let compiled = format!("/markupsafe/_speedups.cpython-313-{name}-linux-gnu.so");
    assert!(files.keys().any(|path| path.ends_with(&compiled)), "no {compiled}");
    let bytecode = |package: &str| files.keys().any(|path| path.contains(package));
    assert!(bytecode("/flask/__pycache__/app.cpython-313.pyc"), "bytecode of packages");
    assert!(bytecode("usr/lib/python3.13/__pycache__/ast.cpython-313.pyc"), "and of Python's own");
    assert!(files.contains_key("app/made.txt"), "what a command made is in all images");
    let cache = &files["etc/ld.so.cache"];
    let folder = format!("/usr/lib/{name}-linux-gnu/libc.so.6");
    assert!(String::from_utf8_lossy(cache).contains(&folder), "the loader's cache");
}

/// The files of all layers: what they begin with, and small ones whole.
fn files(store: &ImageStore, image: &Digest) -> BTreeMap<String, Vec<u8>> {
    let manifest = store.read_manifest(image).expect("a manifest");
    let config = store.read_config(&manifest).expect("a config");
    let mut files = BTreeMap::new();
    for (layer, diff_id) in manifest.layers.iter().zip(&config.diff_ids) {
        let expected = Expected { digest: layer.digest, diff_id: *diff_id };
        walk_layer(&store.blob_path(&layer.digest), expected, &mut |path, item| {
            if let Item::File(content) = item {
                let mut begin = Vec::new();
                content.take(64 << 10).read_to_end(&mut begin)?;
                files.insert(path.to_owned(), begin);
            }
            Ok(())
        })
        .expect("whole");
    }
    files
}

fn skopeo_finds(image: &str, machine: Machine) {
    let skopeo = tools::need("skopeo", "skopeo");
    let architecture = format!("--override-arch={}", machine.debian());
    let words = ["inspect", "--tls-verify=false", "--format={{.Architecture}}", image];
    let output = Command::new(skopeo).arg(architecture).args(words).output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), machine.debian());
}

#[test]
fn what_commands_compile_is_not_for_other_machines() {
    let world = world();
    let (here, other) = machines();
    let own = Project::flask("tool", "1").config("tool", "build = [\"cp /usr/bin/dash tool\"]\n");
    let folder = world.project("tool", &own);
    let path = folder.to_string_lossy();
    build(&world, &[&path]);
    let refused = world.run(&["build", &path, "--platform", &other.to_string()]).expect_code(1);
    assert!(refused.stderr.contains("/app/tool"), "{refused}");
    assert!(refused.stderr.contains(&other.to_string()), "{refused}");
    build(&world, &[&path, "--platform", &here.to_string()]);
    let unknown = world.run(&["build", &path, "--platform", "linux/sparc"]).expect_code(2);
    assert!(unknown.stderr.contains("linux/arm64"), "{unknown}");
}

#[test]
fn the_project_says_its_platforms_and_a_deploy_needs_one() {
    let world = world();
    let own = "platforms = [\"linux/arm64\", \"linux/amd64\"]\n";
    let folder = world.project("said", &Project::flask("said", "1").config("said", own));
    let built = build(&world, &[&folder.to_string_lossy()]);
    assert_eq!(built["platforms"].as_array().map(Vec::len), Some(2), "{built}");
    world.deploy(&folder);
    let (here, _) = machines();
    let listed = world.run(&["image", "inspect", "said"]).expect_code(0);
    assert!(listed.stdout.contains(&here.to_string()), "{listed}");
    assert!(
        !listed.stdout.contains("index"),
        "a deploy builds for its own machine alone: {listed}"
    );
}
