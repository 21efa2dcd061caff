//! Builds by themselves, and the process that a server has for each.

use crate::site::{Site, world};
use std::fs;
use std::time::Duration;
use windlass_testkit::{Project, Running, processes};

/// What a build may take: a first one downloads a whole Python.
const LONG: Duration = Duration::from_mins(5);

#[test]
fn an_image_is_built_without_a_server_twice_at_once() {
    let world = world();
    let (one, two) = (Project::flask("one", "1"), Project::flask("two", "2"));
    let (one, two) = (world.project("one", &one), world.project("two", &two));
    let tar = world.home().join("one.tar");
    let (one, two) = (one.to_string_lossy(), two.to_string_lossy());
    let file = tar.to_string_lossy();
    let first = world.start(&["build", &one, "--json", "--tag", "shop:1", "--output", &file]);
    let second = world.start(&["build", &two]);
    let report = first.finish(LONG).expect_code(0).json();
    let second = second.finish(LONG).expect_code(0);
    assert!(world.pid_of("server").is_none(), "nobody started a server");

    let image = report["image"].as_str().expect("a digest").to_owned();
    assert_eq!(report["tags"], serde_json::json!(["one", "shop:1"]), "{report}");
    assert!(report["layers"].as_u64() >= Some(3) && report["bytes"].as_u64() > Some(1_000_000));
    assert_eq!(report["lock_written"], true, "{report}");
    assert!(second.stdout.starts_with("sha256:"), "{second}");
    assert!(second.stderr.contains("image of two: "), "{second}");

    let index = fs::read_to_string(world.layout().images().join("index.json")).expect("a layout");
    for name in ["\"one\"", "\"two\"", "\"shop:1\""] {
        assert!(index.contains(name), "{index}");
    }
    let unpacked = world.home().join("unpacked");
    fs::create_dir(&unpacked).expect("a folder");
    let mut untar = std::process::Command::new("tar");
    untar.arg("-xf").arg(&tar).current_dir(&unpacked);
    assert!(untar.status().expect("tar runs").success());
    let hex = image.trim_start_matches("sha256:");
    assert!(unpacked.join("blobs/sha256").join(hex).is_file());
    assert_eq!(left_behind(&world), 0);

    let again = world.run(&["build", &one, "--json"]).expect_code(0).json();
    assert_eq!((&again["image"], &again["lock_written"]), (&report["image"], &false.into()));
}

#[test]
fn what_was_built_by_itself_outlives_a_servers_sweep() {
    let site = Site::flask("swept", "one");
    let other = site.world.project("kept", &Project::flask("kept", "kept"));
    let built = site.world.run(&["build", "--json", &other.to_string_lossy()]).expect_code(0);
    let image = built.json()["image"].as_str().expect("a digest").to_owned();
    let manifest =
        site.world.layout().images().join("blobs/sha256").join(image.trim_start_matches("sha256:"));
    // A deploy that ends has the server sweep.
    site.write(&Project::flask("swept", "two"));
    site.again();
    assert!(manifest.is_file(), "the image has a name");
}

#[test]
fn a_builder_that_is_killed_fails_its_deploy_and_nothing_else() {
    let site = Site::flask("killed", "stays");
    let server = site.world.pid_of("server").expect("a server");
    site.write(
        &Project::flask("killed", "new").file("requirements.txt", "flask\ngunicorn\nrich\n"),
    );
    let path = site.project.to_string_lossy().into_owned();
    let mut deploy = site.world.start(&["deploy", &path]);
    let builder = await_builder(&site, &mut deploy);
    processes::kill(builder);
    let run = deploy.finish(LONG).expect_code(3);
    assert!(run.stderr.contains("the build was killed by signal 9"), "{run}");
    assert!(run.stderr.contains("memory"), "{run}");
    assert_eq!(site.world.pid_of("server"), Some(server), "it goes on");
    site.assert_agreement(1, "stays");
    site.again();
    site.assert_agreement(2, "new");
    assert_eq!(left_behind(&site.world), 0);
}

#[test]
fn a_builder_ends_with_its_server() {
    let site = Site::flask("orphan", "stays");
    site.write(
        &Project::flask("orphan", "new").file("requirements.txt", "flask\ngunicorn\nattrs\n"),
    );
    let path = site.project.to_string_lossy().into_owned();
    let mut deploy = site.world.start(&["deploy", &path]);
    let builder = await_builder(&site, &mut deploy);
    processes::kill(site.world.pid_of("server").expect("a server"));
    assert!(processes::await_end(builder, Duration::from_secs(30)), "the builder goes on");
    // The CLI starts another server, which builds again.
    deploy.finish(LONG).expect_code(0);
    site.assert_agreement(2, "new");
}

/// The pid of the builder of a deploy.
fn await_builder(site: &Site, deploy: &mut Running) -> i32 {
    let mut found = None;
    site.world.await_until("a builder", LONG, |world| {
        assert!(!deploy.has_ended(), "it was built before a builder was seen");
        found = world.pid_of("builder");
        found.is_some()
    });
    found.expect("awaited")
}

/// What builders left of their own: scratch folders, locks and containers.
fn left_behind(world: &windlass_testkit::World) -> usize {
    let builders = world.layout().builders();
    ["scratch", "locks", "logs"]
        .iter()
        .map(|folder| fs::read_dir(builders.join(folder)).expect("a folder").count())
        .sum()
}
