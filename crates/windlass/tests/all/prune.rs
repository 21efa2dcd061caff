//! The store's upkeep: what is left after many builds, and images that come and go as files.

use crate::site::{Site, world_with_cache};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use windlass_testkit::{Project, World, tools};

/// How often the project changes and is built.
const BUILDS: usize = 50;

#[test]
fn after_fifty_builds_and_prune_the_store_holds_what_is_reachable_and_no_more() {
    let (world, _cache) = world_with_cache();
    let site = Site::deploy(world, "shop", &Project::flask("shop", "first"));
    let path = site.project.to_string_lossy().into_owned();
    for number in 0..BUILDS {
        site.write(&Project::flask("shop", &format!("build {number}")));
        let name = format!("kept:{number}");
        let mut words = vec!["build", "--quiet", &path];
        if number % 10 == 0 {
            words.extend(["--tag", &name]);
        }
        site.world.run(&words).expect_code(0);
    }
    let images = site.world.layout().images();
    let before = files_of(&images.join("blobs/sha256"));
    let reachable = reachable(&site.world, &images);
    assert!(before.len() > reachable.len() + 2 * (BUILDS - 10), "every build left something");

    let counted = prune(&site.world, &["--dry-run"]);
    assert_eq!(files_of(&images.join("blobs/sha256")), before, "a dry run removes nothing");
    let pruned = prune(&site.world, &[]);
    assert_eq!(freed(&counted, "images"), freed(&pruned, "images"));
    assert_eq!(freed(&pruned, "images").0, (before.len() - reachable.len()) as u64);
    assert_eq!(files_of(&images.join("blobs/sha256")), reachable);
    assert_eq!(unpacked(&site.world), diff_ids_of_releases(&site.world, &images));
    assert_eq!(freed(&prune(&site.world, &[]), "images"), (0, 0), "once is enough");

    // Everything still serves, builds, deploys and lists.
    assert_eq!(site.get("/").body, "first");
    site.again();
    assert_eq!(site.get("/").body, format!("build {}", BUILDS - 1));
    let listed = site.world.run(&["image", "ls", "--json"]).expect_code(0).json();
    let names = |image: &serde_json::Value| image["names"].to_string();
    let list = listed.as_array().expect("a list");
    assert!(list.iter().all(|image| image["damage"].is_null()), "{listed}");
    assert!(list.iter().any(|image| names(image).contains("\"kept:40\"")), "{listed}");

    names_can_be_taken_away(&site.world);

    // Without the server the same is done in its place, and what runs goes on.
    site.world.run(&["server", "stop"]).expect_code(0);
    let offline = prune(&site.world, &["--keep", "0", "--cache-size", "1KB"]);
    assert!(freed(&offline, "images").0 > 0, "{offline}");
    assert_eq!(site.get("/").body, format!("build {}", BUILDS - 1));
    assert_eq!(files_of(&images.join("blobs/sha256")), self::reachable(&site.world, &images));
    site.again();
}

/// A name that nobody needs any more can be taken away; a wrong one takes none.
fn names_can_be_taken_away(world: &World) {
    let wrong = world.run(&["image", "rm", "kept:0", "kept:none"]).expect_code(1);
    assert!(wrong.stderr.contains("there is no image `kept:none`"), "{wrong}");
    world.run(&["image", "rm", "kept:0", "kept:10"]).expect_code(0);
    world.run(&["image", "inspect", "kept:0"]).expect_code(1);
    world.run(&["image", "inspect", "kept:20"]).expect_code(0);
    // Of each its manifest, config and layer, and the provenance with its manifest.
    assert_eq!(freed(&prune(world, &[]), "images").0, 2 * 5);
}

#[test]
fn images_go_to_other_tools_as_files_and_come_back() {
    let (world, _cache) = world_with_cache();
    let project = world.project("traveller", &Project::flask("traveller", "far"));
    world.run(&["build", "--quiet", &project.to_string_lossy()]).expect_code(0);
    let archive = world.home().join("traveller.tar");
    let file = archive.to_string_lossy().into_owned();
    world.run(&["image", "export", "traveller", &file]).expect_code(0);
    let first = fs::read(&archive).expect("written");
    world.run(&["image", "export", "traveller", &file]).expect_code(0);
    assert_eq!(fs::read(&archive).expect("written"), first, "the same bytes every time");
    let detail = world.run(&["image", "inspect", "traveller", "--json"]).expect_code(0).json();
    let digest = detail["digest"].as_str().expect("a digest").to_owned();

    let skopeo = tools::need("skopeo", "skopeo");
    let run = |arguments: &[&str]| {
        let out = Command::new(&skopeo).args(arguments).output().expect("skopeo runs");
        let text = String::from_utf8_lossy(&out.stdout).into_owned();
        assert!(out.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&out.stderr));
        text
    };
    assert!(run(&["inspect", &format!("oci-archive:{file}")]).contains(&digest));
    // What a Docker older than 25 reads.
    run(&["inspect", &format!("docker-archive:{file}")]);
    let docker = world.home().join("docker.tar").to_string_lossy().into_owned();
    let target = format!("docker-archive:{docker}:example.org/traveller:back");
    run(&["copy", "-q", &format!("oci-archive:{file}"), &target]);
    world.run(&["image", "load", &docker]).expect_code(0);
    let name = "example.org/traveller:back";
    let back = world.run(&["image", "inspect", name, "--json"]).expect_code(0).json();
    let diff_ids = |detail: &serde_json::Value| -> Vec<String> {
        let layers = detail["layers"].as_array().expect("layers").iter();
        layers.map(|layer| layer["diff_id"].as_str().expect("a digest").to_owned()).collect()
    };
    assert_eq!(diff_ids(&back), diff_ids(&detail));
    if rustix::process::geteuid().is_root() {
        loads_into_podman(&world, &file);
    }
    let damaged = world.home().join("damaged.tar");
    let mut bytes = first;
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&damaged, bytes).expect("written");
    let refused = world.run(&["image", "load", &damaged.to_string_lossy()]).expect_code(1);
    assert!(refused.stderr.contains("damaged"), "{refused}");
}

fn loads_into_podman(world: &World, file: &str) {
    let root = world.home().join("podman").to_string_lossy().into_owned();
    let run = world.home().join("podman-run").to_string_lossy().into_owned();
    let out = Command::new(tools::need("podman", "podman"))
        .args(["--root", &root, "--runroot", &run, "--storage-driver=vfs", "load", "-i", file])
        .output()
        .expect("podman runs");
    let text = String::from_utf8_lossy(&out.stdout);
    assert!(text.contains("traveller:latest"), "{text}{}", String::from_utf8_lossy(&out.stderr));
}

#[test]
fn a_file_that_looks_like_a_secret_ends_the_build_before_anything_is_written() {
    let (world, _cache) = world_with_cache();
    // Random enough for a key, and none: digits of the clock and the process.
    let line = format!("{:032x}{:032x}", u128::from(std::process::id()) * 0x9e37_79b9, line!());
    let body = ["Zk+/q9Zk+/q9Zk+/q9", &line[..48], &line[8..56], "a1B2c3D4e5F6"].join("\n");
    let key = format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n");
    let project = Project::flask("leaky", "x").file("deploy/access", key.as_str());
    let dir = world.project("leaky", &project);
    let run = world.run(&["build", &dir.to_string_lossy()]).expect_code(1);
    assert!(run.stderr.contains("`deploy/access` looks like a private key"), "{run}");
    assert!(run.stderr.contains("allow-files"), "{run}");
    assert!(!run.stderr.contains(&line[..48]), "the key itself is not told");
    assert!(!dir.join("windlass.lock").exists());
    let blobs = world.layout().images().join("blobs/sha256");
    assert!(!blobs.exists() || files_of(&blobs).is_empty());
}

fn prune(world: &World, more: &[&str]) -> serde_json::Value {
    let words = [&["image", "prune", "--json"], more].concat();
    world.run(&words).expect_code(0).json()
}

/// Count and bytes of one kind.
fn freed(report: &serde_json::Value, what: &str) -> (u64, u64) {
    let kinds = report["pruned"].as_array().expect("a list");
    let kind = kinds.iter().find(|kind| kind["what"] == what).expect("it is told");
    (kind["count"].as_u64().expect("a count"), kind["bytes"].as_u64().expect("bytes"))
}

fn files_of(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).expect("a folder").flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

/// The names of unpacked layers; locks beside them are nobody's.
fn unpacked(world: &World) -> BTreeSet<String> {
    files_of(&world.layout().layers()).into_iter().filter(|name| !name.contains('.')).collect()
}

/// The images that the server's releases pin.
fn releases(world: &World) -> Vec<String> {
    // The store itself, so that it needs no server: every release is in one of its rows.
    let listed = world.run(&["image", "ls", "--json"]).expect_code(0).json();
    let used = |image: &&serde_json::Value| image["used_by"] != serde_json::json!([]);
    let images = listed.as_array().expect("a list").iter().filter(used);
    images.map(|image| hex(&image["digest"])).collect()
}

fn hex(digest: &serde_json::Value) -> String {
    digest.as_str().expect("a digest").trim_start_matches("sha256:").to_owned()
}

fn document(images: &Path, hex: &str) -> serde_json::Value {
    let bytes = fs::read(images.join("blobs/sha256").join(hex)).expect("a document");
    serde_json::from_slice(&bytes).expect("JSON")
}

/// Every blob that names and releases reach, by the documents themselves.
fn reachable(world: &World, images: &Path) -> BTreeSet<String> {
    let index: serde_json::Value =
        serde_json::from_slice(&fs::read(images.join("index.json")).expect("an index"))
            .expect("JSON");
    let is_named = |entry: &&serde_json::Value| {
        entry["annotations"]["org.opencontainers.image.ref.name"].is_string()
    };
    let entries = index["manifests"].as_array().expect("a list");
    let mut todo: Vec<String> =
        entries.iter().filter(is_named).map(|entry| hex(&entry["digest"])).collect();
    todo.extend(releases(world));
    // Where an image came from is told beside it, and stays as long as it does.
    for entry in entries.iter().filter(|entry| !is_named(entry)) {
        let about = document(images, &hex(&entry["digest"]));
        if todo.contains(&hex(&about["subject"]["digest"])) {
            todo.push(hex(&entry["digest"]));
        }
    }
    let mut found = BTreeSet::new();
    while let Some(root) = todo.pop() {
        let manifest = document(images, &root);
        found.insert(root);
        found.insert(hex(&manifest["config"]["digest"]));
        let layers = manifest["layers"].as_array().expect("layers").iter();
        found.extend(layers.map(|layer| hex(&layer["digest"])));
    }
    found
}

fn diff_ids_of_releases(world: &World, images: &Path) -> BTreeSet<String> {
    let of = |image: String| {
        let config = document(images, &hex(&document(images, &image)["config"]["digest"]));
        let layers = config["rootfs"]["diff_ids"].as_array().expect("layers").clone();
        layers.iter().map(hex).collect::<Vec<_>>()
    };
    releases(world).into_iter().flat_map(of).collect()
}
