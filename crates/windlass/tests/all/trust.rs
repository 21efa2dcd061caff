//! What is said about images by the binary: contents, signatures, vulnerabilities; and that it
//! travels with them.

#[path = "trust/machines.rs"]
mod machines;
#[path = "trust/scan.rs"]
mod scan;
#[path = "trust/signatures.rs"]
mod signatures;

pub(crate) use machines::{each_machine_is_told_and_signed, one_of_them_is_verified};

use crate::site::{world, world_with_cache};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use windlass_testkit::{Project, World};

/// Builds a project; gives its folder and the image's digest.
fn build(world: &World, app: &str, project: &Project) -> (PathBuf, String) {
    let dir = world.project(app, project);
    let digest = build_again(world, &dir);
    (dir, digest)
}

fn build_again(world: &World, dir: &Path) -> String {
    let built = world.run(&["build", "--json", &dir.to_string_lossy()]).expect_code(0).json();
    built["image"].as_str().expect("a digest").to_owned()
}

fn git(folder: &Path, words: &[&str]) -> String {
    let identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"];
    let output = Command::new("git").arg("-C").arg(folder).args(identity).args(words).output();
    let output = output.expect("git runs");
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// The layout's own list.
fn entries(world: &World) -> Vec<Value> {
    let index = fs::read(world.layout().images().join("index.json")).expect("an index");
    let index: Value = serde_json::from_slice(&index).expect("JSON");
    index["manifests"].as_array().expect("a list").clone()
}

fn blob(world: &World, digest: &Value) -> Vec<u8> {
    let hex = digest.as_str().expect("a digest").trim_start_matches("sha256:");
    fs::read(world.layout().images().join("blobs/sha256").join(hex)).expect("a blob")
}

fn document(world: &World, digest: &Value) -> Value {
    serde_json::from_slice(&blob(world, digest)).expect("JSON")
}

/// The one payload of an image's referrer of a type.
fn attached(world: &World, image: &str, kind: &str) -> Vec<u8> {
    let of_kind = entries(world).into_iter().filter(|entry| entry["artifactType"] == kind);
    let mut manifests = of_kind.map(|entry| document(world, &entry["digest"]));
    let manifest = manifests.find(|manifest| manifest["subject"]["digest"] == image);
    let manifest = manifest.unwrap_or_else(|| panic!("no {kind}"));
    assert_eq!(manifest["layers"].as_array().map(Vec::len), Some(1), "{manifest}");
    blob(world, &manifest["layers"][0]["digest"])
}

#[test]
fn two_builds_have_one_bill_of_materials() {
    let project = Project::flask("bill", "of materials");
    let (one, two) = (world(), world());
    let (dir, digest) = build(&one, "bill", &project);
    let lock = fs::read_to_string(dir.join("windlass.lock")).expect("the build wrote it");
    let again = project.file("windlass.lock", lock);
    assert_eq!(build(&two, "bill", &again).1, digest);
    for (format, kind) in
        [("spdx", "application/spdx+json"), ("cyclonedx", "application/vnd.cyclonedx+json")]
    {
        let bill = |world: &World, more: &[&str]| {
            let words = [&["image", "sbom", "bill", "--format", format], more].concat();
            world.run(&words).expect_code(0).stdout
        };
        let first = bill(&one, &[]);
        assert_eq!(bill(&two, &[]), first, "{format}");
        bill(&two, &["--attach", "--output", "bill.json"]);
        assert_eq!(fs::read_to_string(two.home().join("bill.json")).expect("written"), first);
        assert_eq!(attached(&two, &digest, kind), first.as_bytes());
        let value: Value = serde_json::from_str(&first).expect("JSON");
        match format {
            "spdx" => names_its_packages_in_spdx(&value),
            _ => names_its_packages_in_cyclonedx(&value),
        }
    }
}

/// Flask from its wheel, with the wheel's hash; the C library from Debian's archive, with its own.
fn names_its_packages_in_spdx(bill: &Value) {
    assert_eq!(bill["spdxVersion"], "SPDX-2.3");
    let packages = bill["packages"].as_array().expect("packages");
    for (name, purl) in [("flask", "pkg:pypi/flask@"), ("libc6", "pkg:deb/debian/libc6@2.")] {
        let is_it = |package: &&Value| {
            package["name"].as_str().map(str::to_lowercase).as_deref() == Some(name)
        };
        let package = packages.iter().find(is_it).unwrap_or_else(|| panic!("no {name}"));
        assert!(package["externalRefs"].to_string().contains(purl), "{package}");
        assert_eq!(package["checksums"][0]["algorithm"], "SHA256", "{package}");
    }
}

fn names_its_packages_in_cyclonedx(bill: &Value) {
    assert_eq!((&bill["bomFormat"], &bill["specVersion"]), (&"CycloneDX".into(), &"1.6".into()));
    let components = bill["components"].as_array().expect("components");
    for purl in ["pkg:pypi/flask@", "pkg:deb/debian/libc6@2."] {
        let is_it = |it: &&Value| it["purl"].as_str().is_some_and(|text| text.starts_with(purl));
        let component = components.iter().find(is_it).unwrap_or_else(|| panic!("no {purl}"));
        assert_eq!(component["hashes"][0]["alg"], "SHA-256", "{component}");
    }
}

#[test]
fn provenance_names_the_commit_and_what_went_in() {
    let world = world();
    let (dir, _) = build(&world, "origin", &Project::flask("origin", "one"));
    git(&dir, &["init", "--quiet", "--initial-branch=main"]);
    git(&dir, &["add", "."]);
    git(&dir, &["commit", "--quiet", "-m", "one"]);
    let commit = git(&dir, &["rev-parse", "HEAD"]);
    let said = |digest: &str| -> Value {
        let statement = attached(&world, digest, "application/vnd.in-toto+json");
        let statement: Value = serde_json::from_slice(&statement).expect("JSON");
        assert_eq!(statement["_type"], "https://in-toto.io/Statement/v1");
        assert_eq!(statement["predicateType"], "https://slsa.dev/provenance/v1");
        let subject = statement["subject"][0]["digest"]["sha256"].as_str().expect("a digest");
        assert_eq!(format!("sha256:{subject}"), digest);
        statement["predicate"]["buildDefinition"].clone()
    };
    let built = said(&build_again(&world, &dir));
    let source = &built["externalParameters"]["source"];
    assert_eq!(source, &serde_json::json!({ "gitCommit": commit, "dirty": false }));
    let files = built["resolvedDependencies"].as_array().expect("a list");
    let has = |uri: &str| files.iter().any(|file| file["uri"].to_string().contains(uri));
    assert!(has("pkg:pypi/flask@") && has("pkg:deb/debian/libc6@"), "{built}");

    fs::write(dir.join("more.py"), "").expect("ours");
    let source = said(&build_again(&world, &dir))["externalParameters"]["source"].clone();
    assert_eq!(source, serde_json::json!({ "gitCommit": commit, "dirty": true }));
}

#[test]
fn what_is_said_about_an_image_stays_as_long_as_the_image() {
    let (world, _cache) = world_with_cache();
    let (_, old) = build(&world, "kept", &Project::flask("kept", "one"));
    let run = |words: &[&str]| world.run(words).expect_code(0);
    run(&["image", "generate-key"]);
    run(&["image", "sbom", "kept", "--attach", "--quiet"]);
    run(&["image", "sign", "kept", "--key", "windlass.key"]);
    let about = |digest: &str| {
        let named = format!("sha256-{}.", digest.trim_start_matches("sha256:"));
        let is_about = |entry: &&Value| {
            let name = &entry["annotations"]["org.opencontainers.image.ref.name"];
            name.as_str().is_some_and(|name| name.starts_with(&named))
                || document(&world, &entry["digest"])["subject"]["digest"] == digest
        };
        entries(&world).iter().filter(is_about).count()
    };
    // Provenance, the bill, the signature, the signed statements.
    assert_eq!(about(&old), 4);
    run(&["image", "prune"]);
    assert_eq!(about(&old), 4);
    run(&["image", "verify", "kept", "--key", "windlass.pub"]);
    let listed = run(&["image", "ls", "--json"]).json();
    assert_eq!(listed.as_array().map(Vec::len), Some(1), "what is about it is no image: {listed}");

    let (_, new) = build(&world, "kept", &Project::flask("kept", "two"));
    assert!(new != old && about(&new) == 1);
    run(&["image", "prune"]);
    assert_eq!((about(&old), about(&new)), (0, 1));
    let left = blobs(&world);
    let text = serde_json::to_string(&entries(&world)).expect("JSON");
    let reached = reached(&world, &text);
    assert_eq!(left, reached, "and none of its blobs is left");
}

fn blobs(world: &World) -> BTreeSet<String> {
    let folder = fs::read_dir(world.layout().images().join("blobs/sha256")).expect("a folder");
    folder.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

/// Every digest that a text mentions and that is a blob, and those of the documents among them.
fn reached(world: &World, text: &str) -> BTreeSet<String> {
    let folder = world.layout().images().join("blobs/sha256");
    let mut found = BTreeSet::new();
    let mut todo = vec![text.to_owned()];
    while let Some(text) = todo.pop() {
        for (at, marker) in text.match_indices("\"sha256:") {
            let Some(hex) = text.get(at + marker.len()..at + marker.len() + 64) else { continue };
            let path = folder.join(hex);
            let Ok(about) = fs::metadata(&path) else { continue };
            if found.insert(hex.to_owned()) && about.len() < 1 << 20 {
                let bytes = fs::read(path).expect("a blob");
                todo.extend(String::from_utf8(bytes).ok().filter(|text| text.starts_with('{')));
            }
        }
    }
    found
}
