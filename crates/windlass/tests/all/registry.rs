//! Pushing to and pulling from a real registry, Debian's, which Windlass itself builds and runs.

#[path = "registry/asking.rs"]
mod asking;
#[path = "registry/base.rs"]
mod base;
#[path = "registry/broken.rs"]
mod broken;
#[path = "registry/front.rs"]
pub(crate) mod front;
#[path = "registry/refused.rs"]
mod refused;
#[path = "registry/small.rs"]
mod small;
#[path = "registry/tokens.rs"]
mod tokens;

use crate::site::world;
use serde_json::Value;
use small::{Small, pull, push, put};
use std::fs;
use std::path::Path;
use std::process::Command;
use windlass_model::Digest;
use windlass_oci::http::HttpSettings;
use windlass_oci::registry::{BlobReport, How, Keychain, Registry, RegistrySettings};
use windlass_oci::{Attachment, Descriptor, ImageStore, Index, Payload};
use windlass_testkit::{Page, RegistryAuth, RegistryService, World, tools};

/// A registry in a world of its own.
pub(crate) fn registry(auth: &RegistryAuth) -> RegistryService {
    RegistryService::start(world(), auth)
}

/// A client that does not wait long between attempts.
pub(crate) fn client(keychain: Keychain) -> Registry {
    let http = HttpSettings { backoff_ms: 1, ..HttpSettings::default() };
    Registry::new(RegistrySettings { http, keychain, ..RegistrySettings::default() })
}

fn hows(blobs: &[BlobReport]) -> Vec<How> {
    blobs.iter().map(|blob| blob.how.clone()).collect()
}

#[test]
fn an_image_goes_to_a_registry_and_comes_back_the_same() {
    let registry = registry(&RegistryAuth::Open);
    let name = registry.name("team/shop");
    let pushed = registry.world().run(&["push", "registry", &name, "-t", "1.0"]).expect_code(0);
    let line = pushed.stdout.trim().to_owned();
    assert!(line.starts_with(&format!("{name}@sha256:")), "{pushed}");
    assert!(pushed.stderr.contains("  uploaded  "), "{pushed}");
    let digest = line.split_once('@').expect("a digest").1.to_owned();

    let again = json(registry.world(), &["push", "registry", &name, "-t", "1.0", "--json"]);
    assert_eq!(again["pushed"][0]["digest"], digest.as_str());
    let hows = |report: &Value| -> Vec<String> {
        let blobs = report["pushed"][0]["blobs"].as_array().expect("blobs");
        blobs.iter().map(|blob| blob["how"].as_str().expect("a word").to_owned()).collect()
    };
    let all = hows(&again);
    assert!(all.len() > 3 && all.iter().all(|how| how == "existed"), "{all:?}");

    let other = registry.name("team/other");
    let mounted = json(registry.world(), &["push", &digest, &other, "-t", "2", "--json"]);
    assert!(hows(&mounted).iter().all(|how| how == "mounted"), "{mounted}");
    assert_eq!(mounted["pushed"][0]["reference"], format!("{other}@{digest}"));

    let elsewhere = world();
    let pulled = elsewhere.run(&["pull", &format!("{name}:1.0")]).expect_code(0);
    assert_eq!(pulled.stdout.trim(), line);
    assert_same_image(registry.world(), &elsewhere, &digest.parse().expect("a digest"));
    let again = json(&elsewhere, &["pull", &format!("{name}@{digest}"), "--json"]);
    assert_eq!(
        (again["digest"].as_str(), again["blobs"][0]["how"].as_str()),
        (Some(&*digest), Some("existed"))
    );
    // The same registry as everybody else reaches it: through the edge.
    let through = format!("{}/team/edge", registry.host_at_edge());
    let pushed = registry.world().run(&["push", "registry", &through, "-t", "1"]).expect_code(0);
    assert_eq!(pushed.stdout.trim(), format!("{through}@{digest}"));
    skopeo_reads(&format!("docker://{name}:1.0"), &digest, elsewhere.home());
    dockers_own_form_is_read(&registry, &name);
}

fn json(world: &World, line: &[&str]) -> Value {
    let run = world.run(line).expect_code(0);
    serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}\n{run}"))
}

fn assert_same_image(one: &World, two: &World, digest: &Digest) {
    let store = |world: &World| ImageStore::open(world.layout().images()).expect("a layout");
    let (one, two) = (store(one), store(two));
    let manifest = two.read_manifest(digest).expect("it was pulled");
    let parts = std::iter::once(&manifest.config).chain(&manifest.layers).map(|part| part.digest);
    for part in parts.chain([*digest]) {
        let read = |store: &ImageStore| fs::read(store.blob_path(&part)).expect("a blob");
        assert!(read(&one) == read(&two), "{part}");
    }
}

fn skopeo(words: &[&str]) -> String {
    let skopeo = tools::need("skopeo", "skopeo");
    let output = Command::new(&skopeo).args(words).output().expect("skopeo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn skopeo_digest(image: &str) -> String {
    skopeo(&["inspect", "--tls-verify=false", "--format={{.Digest}}", image])
}

fn skopeo_reads(image: &str, digest: &str, folder: &Path) {
    assert_eq!(skopeo_digest(image), digest);
    let copy = format!("oci:{}:copy", folder.join("skopeo").display());
    skopeo(&["copy", "--quiet", "--insecure-policy", "--src-tls-verify=false", image, &copy]);
    assert_eq!(skopeo_digest(&copy), digest);
}

/// Most images of the world are in Docker's schema 2.
fn dockers_own_form_is_read(registry: &RegistryService, name: &str) {
    let (from, to) = (format!("docker://{name}:1.0"), format!("docker://{name}:docker"));
    let insecure = ["--insecure-policy", "--src-tls-verify=false", "--dest-tls-verify=false"];
    let places = [from.as_str(), to.as_str()];
    skopeo(&[&["copy", "--quiet", "--format=v2s2"][..], &insecure, &places].concat());
    let there = world();
    let report = json(&there, &["pull", &format!("{name}:docker"), "--json"]);
    let digest = report["digest"].as_str().expect("a digest");
    assert_eq!(digest, skopeo_digest(&to));
    let store = ImageStore::open(there.layout().images()).expect("a layout");
    let stored = store.descriptor_of(&digest.parse().expect("a digest")).expect("it was pulled");
    assert_eq!(stored.media_type, Descriptor::DOCKER_MANIFEST);
    let again = registry.name("team/docker");
    let pushed = there.run(&["push", digest, &again, "-t", "1"]).expect_code(0);
    assert_eq!(pushed.stdout.trim(), format!("{again}@{digest}"));
}

#[test]
fn tags_come_from_git_and_platforms_from_an_index() {
    let registry = registry(&RegistryAuth::Open);
    tags_come_from_git(&registry);
    platforms_come_from_an_index(&registry);
    referrers_are_found(&registry);
}

fn tags_come_from_git(registry: &RegistryService) {
    let project = registry.world().home().join("projects/registry");
    let git = |words: &[&str]| {
        let identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"];
        let output =
            Command::new("git").arg("-C").arg(&project).args(identity).args(words).output();
        assert!(output.expect("git runs").status.success(), "{words:?}");
    };
    git(&["init", "--quiet", "--initial-branch=main"]);
    git(&["add", "."]);
    git(&["commit", "--quiet", "-m", "one"]);
    git(&["tag", "v1.2.3"]);
    let mut command = registry.world().command(&["push", &registry.name("team/tagged")]);
    command.current_dir(&project);
    // Where these tests run in a pipeline, its own branch is not this project's.
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        let prefixes = ["GITHUB_", "BUILD_", "CI_", "BITBUCKET_", "CIRCLE_", "CHANGE_"];
        let exact = ["TAG_NAME", "BRANCH_NAME"];
        if prefixes.iter().any(|prefix| text.starts_with(prefix)) || exact.contains(&&*text) {
            command.env_remove(&name);
        }
    }
    let output = command.output().expect("the binary starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let host = registry.address().to_string();
    let page = Page::get(registry.address(), &host, "/v2/team/tagged/tags/list");
    let list: Value = serde_json::from_str(&page.body).expect("a list of tags");
    let mut tags: Vec<&str> =
        list["tags"].as_array().expect("tags").iter().filter_map(Value::as_str).collect();
    // This registry keeps the list of what is attached to an image at a tag, too.
    tags.retain(|tag| !tag.starts_with("sha256-"));
    tags.sort_unstable();
    assert_eq!(tags[..4], ["1", "1.2", "1.2.3", "latest"]);
    assert!(tags[4].starts_with("sha-") && tags.len() == 5, "{tags:?}");
}

fn platforms_come_from_an_index(registry: &RegistryService) {
    let small = Small::new(10);
    let images = vec![put(&small.store, 10, "amd64"), put(&small.store, 11, "arm64")];
    let index = small.store.put_index(&Index::new(images.clone())).expect("written");
    let (client, name) = (client(Keychain::default()), registry.name("team/many"));
    let pushed = push(&client, &small.store, &index.digest, (&name, "all")).expect("pushed");
    assert_eq!((pushed.digest, pushed.blobs.len()), (index.digest, 6));

    let from = format!("{name}:all");
    for (platform, wanted) in [("linux/amd64", &images[0]), ("linux/arm64/v8", &images[1])] {
        let there = world();
        let report = json(&there, &["pull", &from, "--platform", platform, "--json"]);
        assert_eq!(report["digest"], wanted.digest.to_string(), "{platform}");
        assert_eq!(report["source"], index.digest.to_string(), "{platform}");
    }
    let there = world();
    let report = json(&there, &["pull", &from, "--platform", "all", "--json"]);
    assert_eq!(report["digest"], index.digest.to_string());
    let store = ImageStore::open(there.layout().images()).expect("a layout");
    assert_eq!(store.resolve(&from).expect("an index"), Some(index.digest));
    assert_eq!(store.read_index(&index.digest).expect("an index").manifests, images);

    let listed = there.run(&["image", "ls"]).expect_code(0);
    assert!(listed.stdout.contains("linux/amd64, linux/arm64"), "{listed}");

    let none = there.run(&["pull", &from, "--platform", "linux/riscv64"]).expect_code(1);
    assert!(none.stderr.contains("linux/amd64, linux/arm64"), "{none}");
    let single = format!("{name}@{}", images[1].digest);
    let none = there.run(&["pull", &single, "--platform", "linux/amd64"]).expect_code(1);
    assert!(none.stderr.contains("is not there for linux/amd64"), "{none}");
}

/// This registry keeps no list of referrers, so there is one at a tag.
fn referrers_are_found(registry: &RegistryService) {
    let small = Small::new(20);
    let note = |kind: &str, text: &str| {
        let attachment = Attachment {
            artifact_type: format!("application/vnd.example.{kind}"),
            payloads: vec![Payload::new("text/plain", text.as_bytes().to_vec())],
            annotations: std::collections::BTreeMap::new(),
        };
        small.store.attach(&small.image, &attachment).expect("attached").digest
    };
    let (client, name) = (client(Keychain::default()), registry.name("team/noted"));
    let first = note("one", "a note");
    assert_eq!(small.push(&client, &name, "1").expect("pushed").attached, [first]);
    let second = note("two", "another");
    // In cosign's form, which has a name of its own.
    let signature = windlass_oci::attachment::signature_name(&small.image);
    small.store.tag(&signature, &put(&small.store, 21, "amd64").digest).expect("tagged");
    let pushed = small.push(&client, &name, "1").expect("pushed");
    assert_eq!(pushed.attached.len(), 3);
    let (_, signed, _dir) = pull(&client, &format!("{name}:{signature}")).expect("by its name");
    assert!(pushed.attached.contains(&signed));
    let listed = client.referrers(&name.parse().expect("a name"), &small.image).expect("listed");
    let found: Vec<Digest> = listed.iter().map(|listed| listed.digest).collect();
    assert_eq!(found, [first, second]);
    assert_eq!(listed[0].artifact_type.as_deref(), Some("application/vnd.example.one"));
}
