//! Images: reproducible, and readable by everybody else's tools.

use crate::site::{Site, world};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};
use windlass_testkit::{Project, World, tools};

/// The digest of the release that serves.
fn image_of(site: &Site) -> String {
    site.status()["release"]["image"].as_str().expect("a release has an image").to_owned()
}

#[test]
fn an_image_built_elsewhere_later_by_others_has_the_same_digest() {
    let project = Project::flask("twin", "same").file("pkg/__init__.py", "VALUE = 1\n");
    let one = Site::deploy(world(), "twin", &project);
    let first = image_of(&one);

    // Another home, another path, another user where possible, other times and modes.
    let other = crate::site::world_without_root();
    let dir = other.project("a/longer/path/twin", &project);
    let lock = one.project.join("windlass.lock");
    if lock.exists() {
        fs::copy(&lock, dir.join("windlass.lock")).expect("a lock can be copied");
    }
    let old = SystemTime::now() - Duration::from_hours(24 * 400);
    for file in ["app.py", "requirements.txt", "pkg/__init__.py"] {
        let path = dir.join(file);
        let handle = fs::File::open(&path).expect("it was written");
        handle.set_modified(old).expect("it is ours");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o604)).expect("it is ours");
    }
    fs::set_permissions(dir.join("pkg"), fs::Permissions::from_mode(0o705)).expect("it is ours");
    other.own(&dir);
    let url = other.deploy(&dir);
    let two = Site { world: other, project: dir, app: "twin".to_owned(), url };
    assert_eq!(image_of(&two), first);
}

#[test]
fn other_tools_read_and_run_the_image() {
    let site = Site::flask("plain", "from elsewhere");
    let image = image_of(&site);
    let layout = site.world.layout().images();
    let index = fs::read_to_string(layout.join("index.json")).expect("an OCI layout");
    assert!(index.contains(&image), "{image} is not in {index}");
    // podman takes the path for a name, and names are in lower case.
    let name = format!("windlass-oci-{}", std::process::id());
    let copy = tempfile::Builder::new().prefix(&name).rand_bytes(0).tempdir_in("/tmp");
    let copy = copy.expect("a temporary folder");
    let copy = copy.path();
    one_image(&layout, copy, &image);

    let skopeo = tools::need("skopeo", "skopeo");
    let reference = format!("oci:{}:plain", copy.display());
    let out = Command::new(skopeo).args(["inspect", &reference]).output().expect("skopeo runs");
    let text = String::from_utf8_lossy(&out.stdout);
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    assert!(text.contains(&image), "{text}");

    if rustix::process::geteuid().is_root() {
        runs_under_podman(&site.world, &reference);
    }
}

/// A layout with one tagged image, hard-linked from the store: what `skopeo` can be pointed at.
fn one_image(layout: &Path, copy: &Path, image: &str) {
    let blobs = copy.join("blobs/sha256");
    fs::create_dir_all(&blobs).expect("a folder can be made");
    fs::copy(layout.join("oci-layout"), copy.join("oci-layout")).expect("an OCI layout");
    for entry in fs::read_dir(layout.join("blobs/sha256")).expect("an OCI layout").flatten() {
        fs::hard_link(entry.path(), blobs.join(entry.file_name())).expect("the same file system");
    }
    let hex = image.trim_start_matches("sha256:");
    let size = fs::metadata(blobs.join(hex)).expect("the manifest is there").len();
    let index = serde_json::json!({
        "schemaVersion": 2,
        "manifests": [{
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "digest": image,
            "size": size,
            "annotations": {"org.opencontainers.image.ref.name": "plain"},
        }],
    });
    fs::write(copy.join("index.json"), index.to_string()).expect("the copy is ours");
}

fn runs_under_podman(world: &World, reference: &str) {
    let podman = tools::need("podman", "podman");
    // crun, the default, refuses hosts with cgroups of both versions.
    let runc = tools::need("runc", "runc").to_string_lossy().into_owned();
    let root = world.home().join("podman");
    let run = world.home().join("podman-run");
    let script = "import flask, os; print('uid', os.getuid(), 'flask', flask.__name__)";
    let out = Command::new(podman)
        .args(["--root", &root.to_string_lossy(), "--runroot", &run.to_string_lossy()])
        .args(["--storage-driver=vfs", "--cgroup-manager=cgroupfs", "--runtime", &runc, "run"])
        // Its own defaults raise limits, which a root without that capability may not.
        .args(["--rm", "--network=none", "--ulimit=nofile=1024:1024", "--ulimit=nproc=1024:1024"])
        .args([reference, "python", "-c", script])
        .output()
        .expect("podman runs");
    let text = String::from_utf8_lossy(&out.stdout);
    assert!(
        text.contains("uid 65532 flask flask"),
        "{text}{}",
        String::from_utf8_lossy(&out.stderr)
    );
}
