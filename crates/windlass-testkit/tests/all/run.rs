//! Runs and worlds end, whatever they leave behind.

use std::path::Path;
use std::process::Command;
use std::time::Duration;
use windlass_testkit::{Running, World, processes};

fn shell(script: &str) -> Command {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", script]);
    command
}

#[test]
fn both_outputs_and_the_code_are_kept() {
    let script = "head -c 300000 /dev/zero | tr '\\0' x; echo problem >&2; exit 3";
    let run = Running::start(shell(script)).finish(Duration::from_secs(20)).expect_code(3);
    assert_eq!((run.stdout.len(), run.stderr.as_str()), (300_000, "problem\n"));
}

#[test]
fn a_world_leaves_no_process_behind() {
    let cache = tempfile::tempdir().expect("a temporary folder");
    // Any program will do: what matters is what happens to what it leaves in the background.
    let world = World::new(Path::new("/bin/sh"), cache.path());
    let script = "sleep 600 >/dev/null 2>&1 & (sleep 601 >/dev/null 2>&1 &) ; echo started";
    assert_eq!(world.run(&["-c", script]).expect_code(0).stdout, "started\n");
    let left: Vec<i32> = world.processes().iter().map(|process| process.pid).collect();
    assert_eq!(left.len(), 2, "{:?}", world.processes());
    let home = world.home().to_owned();
    drop(world);
    assert!(left.iter().all(|pid| !processes::is_running(*pid)));
    assert!(!home.exists());
    assert!(cache.path().exists(), "the shared cache stays");
}
