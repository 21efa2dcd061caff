//! What a container may do, asked from inside it.

use crate::site::{Site, world, world_without_root};
use serde_json::Value;
use windlass_testkit::{Project, World};

/// Prints what a process sees and what it may do, as JSON. Each attempt is what an intruder tries.
const PROBE: &str = r#"
import ctypes, json, os

def attempt(action):
    try:
        action()
        return "done"
    except OSError as error:
        return os.strerror(error.errno)

def write(path):
    def action():
        with open(path, "w") as file:
            file.write("x")
    return action

def read(path):
    def action():
        with open(path, "rb") as file:
            if not file.read(1):
                raise OSError(2, "empty")
    return action

libc = ctypes.CDLL(None, use_errno=True)

def call(name, *arguments):
    def action():
        if getattr(libc, name)(*arguments) == -1:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
    return action

status = dict(line.split(":\t", 1) for line in open("/proc/self/status").read().splitlines() if ":\t" in line)
mounts = [line.split() for line in open("/proc/self/mountinfo")]
print(json.dumps({
    "uid": os.getuid(),
    "gid": os.getgid(),
    "groups": status["Groups"].split(),
    "capabilities": [status[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")],
    "no_new_privs": status["NoNewPrivs"],
    "seccomp": status["Seccomp"],
    "root_options": next(mount[5] for mount in mounts if mount[4] == "/"),
    "devices": sorted(os.listdir("/dev")),
    "pids": sorted(int(name) for name in os.listdir("/proc") if name.isdigit()),
    "environment": sorted(os.environ),
    "open_files": sorted(int(name) for name in os.listdir("/proc/self/fd")),
    "hosts_of_parent": os.path.exists("/proc/1/root/var/lib"),
    "writes": {path: attempt(write(path)) for path in (
        "/x", "/app/x", "/etc/passwd", "/proc/sys/kernel/hostname", "/proc/sysrq-trigger",
        "/sys/x", "/tmp/x", "/dev/shm/x", "/dev/null")},
    "reads": {path: attempt(read(path)) for path in (
        "/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/1/environ", "/sys/firmware/x")},
    "calls": {
        "mount": attempt(call("mount", b"none", b"/tmp", b"tmpfs", 0, None)),
        "unshare": attempt(call("unshare", 0x10000000)),
        "setuid": attempt(call("setuid", 0)),
        "chroot": attempt(call("chroot", b"/tmp")),
        "ptrace": attempt(call("ptrace", 16, 1, None, None)),
    },
}))
"#;

fn facts(site: &Site, verb: &[&str]) -> Value {
    let mut arguments = verb.to_vec();
    arguments.extend(["--app", &site.app, "--", "python", "probe.py"]);
    // `exec web` takes its target before the command; options stand before both.
    let run = site.world.run(&arguments).expect_code(0);
    serde_json::from_str(run.stdout.trim()).unwrap_or_else(|e| panic!("{e}\n{run}"))
}

fn confined(world: World) {
    let limits = "processes.web.memory = \"200MB\"\nprocesses.web.pids = 100\nhealth = \"/\"\n";
    let project = Project::flask("vault", "shut").file("probe.py", PROBE).config("vault", limits);
    let site = Site::deploy(world, "vault", &project);
    for verb in [&["run"][..], &["exec", "web"]] {
        let facts = facts(&site, verb);
        let none = "0000000000000000";
        assert_eq!(facts["uid"], 65_532, "{verb:?} {facts}");
        assert_eq!(facts["gid"], 65_532, "{verb:?} {facts}");
        for set in facts["capabilities"].as_array().expect("a list") {
            assert_eq!(set.as_str().map(str::trim), Some(none), "{verb:?} {facts}");
        }
        assert_eq!(facts["no_new_privs"], "1", "{verb:?} {facts}");
        assert_eq!(facts["seccomp"], "2", "{verb:?} {facts}");
        let options = facts["root_options"].as_str().unwrap_or_default();
        assert!(options.split(',').any(|option| option == "ro"), "{verb:?} {facts}");
        attempts(verb, &facts);
        let pids = facts["pids"].as_array().expect("a list");
        assert!(pids.len() < 12, "sees processes of others: {verb:?} {facts}");
        for device in ["mem", "kmsg", "sda", "vda", "fuse", "kvm"] {
            let devices = facts["devices"].as_array().expect("a list");
            assert!(!devices.iter().any(|name| name == device), "{verb:?} {facts}");
        }
        let files = facts["open_files"].as_array().expect("a list");
        assert!(files.len() <= 4, "inherited descriptors: {verb:?} {facts}");
    }
}

fn attempts(verb: &[&str], facts: &Value) {
    let allowed = ["/tmp/x", "/dev/shm/x", "/dev/null"];
    for kind in ["writes", "reads", "calls"] {
        for (what, outcome) in facts[kind].as_object().expect("a table") {
            let done = outcome == "done";
            // A process may look at the environment of another one of its own user and container.
            let harmless = allowed.contains(&what.as_str()) || what == "/proc/1/environ";
            assert!(!done || harmless, "{verb:?} {kind} {what}: {outcome}\n{facts}");
            assert!(done || !allowed.contains(&what.as_str()), "{verb:?} {what}: {outcome}");
        }
    }
}

#[test]
fn a_container_is_confined() {
    confined(world());
}

#[test]
fn a_container_of_an_ordinary_user_is_confined() {
    confined(world_without_root());
}
