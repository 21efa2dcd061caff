//! The expectations of this suite, proved on the reference: what runc's default configuration
//! gives a container, ours gives too or withholds more.

use super::support::{World, is_root};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

/// What a container says of itself; the same program runs in both.
const QUESTIONS: &str = "import os, errno
for line in open('/proc/self/status'):
    if line.split(':')[0] in ('Uid', 'CapBnd', 'CapEff', 'NoNewPrivs'): print(line.strip().replace('\\t', ' '))
def attempt(name, action):
    try: action(); print(name + ': allowed')
    except OSError as e: print(name + ':', errno.errorcode[e.errno])
attempt('write to the root', lambda: open('/x', 'w'))
attempt('write to sysrq', lambda: open('/proc/sysrq-trigger', 'w'))
attempt('write to sys', lambda: open('/proc/sys/kernel/hostname', 'w'))
print('kcore:', os.path.exists('/proc/kcore') and len(open('/proc/kcore', 'rb').read(1)))
print('keys:', os.path.exists('/proc/keys') and len(open('/proc/keys', 'rb').read(1)))
print('devices:', all(os.path.exists('/dev/' + d) for d in 'null zero full random urandom tty ptmx pts shm fd stdin'.split()))
print('host name:', os.uname().nodename)
print('processes:', len([p for p in os.listdir('/proc') if p.isdigit()]) <= 2)";

fn answers(text: &str) -> BTreeMap<String, String> {
    let pairs = text.lines().filter_map(|line| line.split_once(": "));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

#[test]
fn our_containers_answer_as_those_of_runc_do() {
    if !is_root() {
        // Running runc without root takes another configuration, which would prove itself only.
        return;
    }
    let world = World::new();
    let ours = answers(&world.output_of(&world.python("a", QUESTIONS)));
    let theirs = answers(&run_with_runc(&world));
    assert_eq!(ours.len(), 12, "{ours:?}");
    assert_eq!(ours, theirs);
}

fn run_with_runc(world: &World) -> String {
    let bundle = world.path("runc");
    let root = bundle.join("rootfs");
    fs::create_dir_all(&root).expect("a folder");
    for layer in world.spec("x", &[]).layers {
        copy(&layer, &root);
    }
    fs::create_dir_all(root.join("tmp")).expect("a folder");
    let runc = |args: &[&str]| {
        let out = Command::new("runc").args(args).current_dir(&bundle).output();
        let out = out.expect("these tests need runc");
        let text = String::from_utf8_lossy(&out.stdout).into_owned();
        assert!(out.status.success(), "{text}{}", String::from_utf8_lossy(&out.stderr));
        text
    };
    runc(&["spec"]);
    let path = bundle.join("config.json");
    let mut config: serde_json::Value =
        serde_json::from_slice(&fs::read(&path).expect("a file")).expect("JSON");
    config["process"]["args"] = serde_json::json!(["/usr/bin/python3", "-c", QUESTIONS]);
    config["process"]["terminal"] = false.into();
    config["process"]["user"] = serde_json::json!({"uid": 65_532, "gid": 65_532});
    for set in ["bounding", "effective", "permitted", "inheritable", "ambient"] {
        config["process"]["capabilities"][set] = serde_json::json!([]);
    }
    config["hostname"] = "box".into();
    let mounts = config["mounts"].as_array_mut().expect("a list");
    mounts.retain(|mount| mount["type"] != "cgroup");
    mounts.push(serde_json::json!({
        "destination": "/tmp", "type": "tmpfs", "source": "tmpfs", "options": ["mode=1777"]
    }));
    fs::write(&path, serde_json::to_vec(&config).expect("JSON")).expect("a file");
    let id = format!("windlass-reference-{}", std::process::id());
    runc(&["--root", world.path("runc-state").to_str().expect("UTF-8"), "run", &id])
}

fn copy(from: &Path, to: &Path) {
    let status = Command::new("cp").arg("-a").arg(from.join(".")).arg(to).status();
    assert!(status.expect("cp").success());
}
