//! Images that stand on an image of a registry.

use super::{client, json, push, put, registry};
use crate::site::world;
use std::fs;
use std::path::{Path, PathBuf};
use windlass_model::Digest;
use windlass_oci::registry::Keychain;
use windlass_oci::{Content, Descriptor, ImageStore, LayerEntry, LayerWriter, Manifest};
use windlass_testkit::world::{address_of, host_of};
use windlass_testkit::{Page, Project, RegistryAuth, RegistryService, World};

const HERE: &str = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };
const ELSEWHERE: &str = if cfg!(target_arch = "aarch64") { "amd64" } else { "arm64" };

/// Says what it runs on.
const APP: &str = r#"import importlib.metadata, os, pwd, sys
from flask import Flask

app = Flask(__name__)

@app.get("/")
def home():
    found = [it.version for it in importlib.metadata.distributions() if it.name == "click"]
    user = pwd.getpwuid(os.getuid()).pw_name
    return f"{os.environ['FLAVOUR']} {user} {found} {sys.version_info[:2]}"
"#;

/// A base as somebody else would make one: a Python, a setting, and a package that is older than
/// the project's.
fn push_base(registry: &RegistryService, flavour: &str, name: &str) -> Manifest {
    let project = Project::new()
        .file("requirements.txt", "click==8.1.3\n")
        .file("main.py", "print('nothing')\n")
        .config("base", "processes.worker.command = \"python main.py\"\n");
    let world = registry.world();
    let built = built(world, &world.project("base", &project));
    let store = ImageStore::open(world.layout().images()).expect("a layout");
    let manifest = store.read_manifest(&built).expect("it was built");
    let mut config = store.read_config(&manifest).expect("a config");
    config.env.push(format!("FLAVOUR={flavour}"));
    let config = store.put_config(&config).expect("written");
    let base = Manifest::new(config, manifest.layers);
    let digest = store.put_manifest(&base).expect("written").digest;
    push(&client(Keychain::default()), &store, &digest, (name, "1")).expect("pushed");
    base
}

fn built(world: &World, project: &Path) -> Digest {
    let report = json(world, &["build", &project.display().to_string(), "-q", "--json"]);
    report["image"].as_str().expect("a digest").parse().expect("a digest")
}

fn shop(world: &World, base: &str, more: &str) -> PathBuf {
    let project = Project::flask("shop", "")
        .file("app.py", APP)
        .config("shop", &format!("base = \"{base}\"\n{more}"));
    world.project("shop", &project)
}

#[test]
fn a_project_stands_on_an_image_of_a_registry() {
    let registry = registry(&RegistryAuth::Open);
    let name = registry.name("team/base");
    let base = push_base(&registry, "vanilla", &name);
    let here = world();
    let project = shop(&here, &format!("{name}:1"), "");
    let url = here.deploy(&project);
    let page = Page::get(address_of(&url), &host_of(&url), "/");
    assert!(page.body.starts_with("vanilla app ['8."), "{page:?}");
    assert!(!page.body.contains("8.1.3") && page.body.contains("(3, 13)"), "{page:?}");

    let first = built(&here, &project);
    let store = ImageStore::open(here.layout().images()).expect("a layout");
    let image = store.read_manifest(&first).expect("it was built");
    assert_eq!(image.layers[..base.layers.len()], base.layers, "byte for byte");
    let labels = store.read_config(&image).expect("a config").labels;
    assert_eq!(labels["org.opencontainers.image.base.name"], format!("{name}:1"));

    // What lies in the registry already is not sent again.
    let to = registry.name("team/shop");
    let pushed = json(&here, &["push", &first.to_string(), &to, "-t", "1", "--json"]);
    let blobs = pushed["pushed"][0]["blobs"].as_array().expect("blobs");
    for layer in &base.layers {
        let digest = layer.digest.to_string();
        let blob = blobs.iter().find(|it| it["digest"] == digest.as_str()).expect("pushed");
        assert_eq!(blob["how"], "mounted", "{blobs:?}");
    }

    // The name moves on, and the lock does not; elsewhere it gives the same image.
    push_base(&registry, "chocolate", &name);
    assert_eq!(built(&here, &project), first);
    let there = world();
    let copy = there.home().join("projects/shop");
    fs::create_dir_all(&copy).expect("made");
    for file in ["app.py", "requirements.txt", "pyproject.toml", "windlass.lock"] {
        fs::copy(project.join(file), copy.join(file)).expect("copied");
    }
    there.own(&copy);
    assert_eq!(built(&there, &copy), first, "another machine");
    assert_eq!(store.tags().expect("an index").keys().collect::<Vec<_>>(), ["shop"]);

    let upgraded = here.command(&["upgrade"]).current_dir(&project).output();
    assert!(upgraded.expect("the binary starts").status.success());
    let url = here.deploy(&project);
    let page = Page::get(address_of(&url), &host_of(&url), "/");
    assert!(page.body.starts_with("chocolate app "), "{page:?}");
}

#[test]
fn a_base_that_nothing_can_stand_on_is_refused_with_the_reason() {
    let registry = registry(&RegistryAuth::Open);
    let here = world();
    let refused = |base: &str, more: &str, reason: &str| {
        let project = shop(&here, base, more);
        let run = here.run(&["build", &project.display().to_string()]);
        assert!(run.code != Some(0) && run.stderr.contains(reason), "{reason}: {run}");
        assert!(!project.join("windlass.lock").exists(), "{reason}");
    };
    refused("127.0.0.1:1/team/base:1", "", "could not be reached");
    refused(&registry.name("team/none:1"), "", "there is no ");

    let files = [("etc/os-release", "")];
    let bare = image(&registry, "bare", HERE, &files);
    refused(&bare, "", "has no Python on its PATH");
    let python = [
        ("usr/local/bin/python3.13", ""),
        ("usr/local/bin/python3", ""),
        ("usr/local/lib/python3.13/os.py", ""),
    ];
    let musl =
        image(&registry, "musl", HERE, &[&python[..], &[("lib/ld-musl-x.so.1", "")]].concat());
    refused(&musl, "", "has musl as its C library");
    refused(&musl, "apt = [\"libmagic1\"]\n", "Debian packages cannot be added");
    let other = image(&registry, "other", ELSEWHERE, &python);
    refused(&other, "", &format!("is not there for linux/{HERE}"));

    let name = registry.name("team/base");
    push_base(&registry, "vanilla", &name);
    refused(&format!("{name}:1"), "python = \"3.11\"\n", "which the project excludes");
}

#[test]
fn a_base_of_a_registry_that_asks_is_had_with_the_users_credentials() {
    let registry = registry(&RegistryAuth::Password);
    let here = world();
    let project = shop(&here, &registry.name("team/base:1"), "");
    let line = ["build", &project.display().to_string()];
    let run = here.run(&line);
    assert!(run.stderr.contains("does not accept requests without credentials"), "{run}");
    assert!(run.stderr.contains("Docker's config.json and podman's auth.json are read"), "{run}");
    // Those for the registry that is pushed to are nobody else's.
    let mut command = here.command(&line);
    command.env("WINDLASS_REGISTRY_USERNAME", RegistryService::USER);
    command.env("WINDLASS_REGISTRY_PASSWORD", RegistryService::PASSWORD);
    let output = command.output().expect("the binary starts");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("does not accept requests without credentials"), "{said}");
    let docker = tempfile::tempdir().expect("a folder");
    let auths = serde_json::json!({ "auths": { registry.address().to_string(): {
        "username": RegistryService::USER, "password": RegistryService::PASSWORD,
    } } });
    fs::write(docker.path().join("config.json"), auths.to_string()).expect("written");
    here.own(docker.path());
    let mut command = here.command(&line);
    command.env("DOCKER_CONFIG", docker.path());
    let output = command.output().expect("the binary starts");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("there is no "), "asked for, and known who asks: {said}");
}

/// An image of one layer with these files, in the registry.
fn image(
    registry: &RegistryService,
    name: &str,
    architecture: &str,
    files: &[(&str, &str)],
) -> String {
    let dir = tempfile::tempdir().expect("a folder");
    let store = ImageStore::open(dir.path()).expect("a layout");
    let entries = files.iter().map(|(path, text)| {
        LayerEntry::file(*path, 0o755, Content::Bytes(text.as_bytes().to_vec()))
    });
    let (bytes, info) = LayerWriter::new(Vec::new(), 1).write(entries.collect()).expect("written");
    store.put_blob(Descriptor::LAYER_GZIP, &mut bytes.as_slice()).expect("written");
    let like = put(&store, 7, architecture);
    let mut config = store
        .read_manifest(&like.digest)
        .and_then(|manifest| store.read_config(&manifest))
        .expect("a config");
    config.diff_ids = vec![info.diff_id];
    let config = store.put_config(&config).expect("written");
    let image = store.put_manifest(&Manifest::new(config, vec![info.descriptor])).expect("put");
    let name = registry.name(&format!("team/{name}"));
    push(&client(Keychain::default()), &store, &image.digest, (&name, "1")).expect("pushed");
    format!("{name}:1")
}
