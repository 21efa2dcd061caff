//! What a container finds in its file system, and images that try to lead outside.

use super::support::{World, is_root, mount, shown};
use std::fs;
use std::os::unix::fs::symlink;
use windlass_engine::ContainerSpec;

#[test]
fn links_at_the_engines_own_places_do_not_lead_outside() {
    let world = World::new();
    let (evil, host) = (world.path("evil"), world.path("host"));
    fs::create_dir_all(&host).expect("a folder");
    fs::create_dir_all(evil.join("run")).expect("a folder");
    for place in ["dev", "proc", "tmp", "sys", "etc", "run/windlass"] {
        symlink(&host, evil.join(place)).expect("a link");
    }
    symlink("/proc/self/fd/3", evil.join("data")).expect("a link");
    let volume = world.path("volume");
    fs::create_dir(&volume).expect("a folder");
    let mut spec = world.shell(
        "a",
        "echo x > /tmp/a; echo y > /data/b; cat /etc/hostname; ls -ld /dev /proc /tmp /data",
    );
    spec.layers.push(evil);
    spec.socket = true;
    spec.mounts.push(mount(&volume, "/data", false));
    let output = world.output_of(&spec);
    assert!(output.starts_with("box\n"), "{output}");
    assert!(!output.contains("->"), "{output}");
    assert_eq!(fs::read_dir(&host).expect("a folder").count(), 0);
    assert_eq!(fs::read_to_string(volume.join("b")).expect("a file"), "y\n");
}

#[test]
fn a_link_in_a_volume_is_not_followed_by_the_next_mount() {
    let world = World::new();
    let (volume, other, host) = (world.path("v"), world.path("o"), world.path("host"));
    for dir in [&volume, &other, &host] {
        fs::create_dir(dir).expect("a folder");
    }
    symlink(&host, volume.join("sub")).expect("a link");
    let mut spec = world.shell("a", "true");
    spec.mounts.push(mount(&other, "/data/sub", false));
    spec.mounts.push(mount(&volume, "/data", false));
    let error = world.engine.start(&spec).expect_err("a link on the way").to_string();
    assert!(error.contains("attach /data/sub: ELOOP"), "{error}");
}

#[test]
fn later_layers_win_and_removed_files_stay_removed() {
    let world = World::new();
    let (low, high) = (world.path("low"), world.path("high"));
    for layer in [&low, &high] {
        fs::create_dir_all(layer.join("app")).expect("a folder");
    }
    fs::write(low.join("app/a"), "low").expect("a file");
    fs::write(low.join("app/b"), "low").expect("a file");
    fs::write(high.join("app/b"), "high").expect("a file");
    let mut spec = world.shell("a", "cat /app/a /app/b");
    spec.layers.extend([low, high.clone()]);
    assert_eq!(world.output_of(&spec), "lowhigh\n");
    // A whiteout is a character device 0:0, an opaque folder has an attribute whose name space
    // depends on who mounts (overlayfs.rst, "whiteouts and opaque directories").
    let (kind, mode) = (rustix::fs::FileType::CharacterDevice, rustix::fs::Mode::empty());
    rustix::fs::mknodat(rustix::fs::CWD, high.join("app/a"), kind, mode, 0).expect("a whiteout");
    spec = ContainerSpec { command: vec!["ls".into(), "/app".into()], ..spec };
    assert_eq!(world.output_of(&spec), "lowhigh\nb\n");
    fs::remove_file(high.join("app/a")).expect("removable");
    let name = if is_root() { "trusted.overlay.opaque" } else { "user.overlay.opaque" };
    let flags = rustix::fs::XattrFlags::empty();
    rustix::fs::setxattr(high.join("app"), name, b"y", flags).expect("an opaque folder");
    assert_eq!(world.output_of(&spec), "lowhigh\nb\nb\n");
}

#[test]
fn many_layers_fit() {
    let world = World::new();
    let mut spec = world.shell("a", "cat /l0 /l99");
    for n in 0..100 {
        let layer = world.path(&format!("a-layer-with-a-rather-long-name-{n:0100}"));
        fs::create_dir(&layer).expect("a folder");
        fs::write(layer.join(format!("l{n}")), format!("{n} ")).expect("a file");
        spec.layers.push(layer);
    }
    assert_eq!(world.output_of(&spec), "0 99 \n");
}

#[test]
fn mounts_are_writable_or_not_as_asked_and_files_work_too() {
    let world = World::new();
    let (rw, ro, file) = (world.path("rw"), world.path("ro"), world.path("file"));
    fs::create_dir(&rw).expect("a folder");
    fs::create_dir(&ro).expect("a folder");
    fs::write(ro.join("x"), "from the host").expect("a file");
    fs::write(&file, "one file").expect("a file");
    let script =
        "echo new > /data/new; cat /fixed/x /app/conf/one; echo no > /fixed/y; rm /app/conf/one";
    let mut spec = world.shell("a", script);
    spec.mounts = vec![
        mount(&rw, "/data", false),
        mount(&ro, "/fixed", true),
        mount(&file, "/app/conf/one", true),
    ];
    let (_, output) = world.run(&spec);
    assert!(output.contains("from the hostone file"), "{output}");
    assert_eq!(fs::read_to_string(rw.join("new")).expect("a file"), "new\n");
    assert!(!ro.join("y").exists() && file.exists(), "{output}");
}

#[test]
fn names_are_resolved_as_the_spec_says() {
    let world = World::new();
    let mut spec = world.python("a", "import socket; print(socket.gethostbyname('db'), socket.gethostbyname('box'), socket.gethostbyname('localhost'))");
    spec.hosts =
        vec![("127.9.8.7".parse().expect("an address"), vec!["db".into(), "redis".into()])];
    assert_eq!(world.output_of(&spec), "127.9.8.7 127.0.0.1 127.0.0.1\n");
}

#[test]
fn a_socket_made_inside_is_reached_from_the_host() {
    use std::io::Read as _;
    let world = World::new();
    let code = "import os, socket\ns = socket.socket(socket.AF_UNIX)\ns.bind(os.environ['WINDLASS_SOCKET'])\ns.listen()\nprint('ready', flush=True)\nc, _ = s.accept()\nc.send(b'hello')\nc.close()";
    let mut spec = world.python("a", code);
    spec.socket = true;
    world.engine.start(&spec).expect("started");
    world.await_line(&spec.id, "ready");
    let path = world.engine.socket_dir(&spec.id).join("web.sock");
    let mut stream = std::os::unix::net::UnixStream::connect(path).expect("reachable");
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("readable");
    assert_eq!(text, "hello");
    // A host user that is neither the engine's nor the container's does not get in.
    use std::os::unix::fs::MetadataExt as _;
    let run = fs::metadata(world.engine.socket_dir(&spec.id).join("..")).expect("a folder");
    assert_eq!(run.mode() & 0o077, 0);
    let sockets = fs::metadata(world.engine.socket_dir(&spec.id)).expect("a folder");
    assert_eq!(sockets.mode() & 0o007, 0);
    if is_root() {
        assert_eq!(sockets.uid(), 65_532);
    }
}

#[test]
fn a_link_in_the_place_of_a_volume_is_not_followed() {
    let world = World::new();
    let (link, elsewhere) = (world.path("volume"), world.path("elsewhere"));
    fs::create_dir(&elsewhere).expect("a folder");
    let owner =
        || std::os::unix::fs::MetadataExt::uid(&fs::metadata(&elsewhere).expect("a folder"));
    let before = owner();
    symlink(&elsewhere, &link).expect("a link");
    let mut spec = world.shell("a", "true");
    spec.mounts.push(mount(&link, "/data", false));
    let error = world.engine.start(&spec).expect_err("refused");
    assert!(shown(&error).contains("ELOOP"), "{}", shown(&error));
    assert_eq!(owner(), before);
}
