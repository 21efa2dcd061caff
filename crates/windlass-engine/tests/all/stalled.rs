//! What stands still, by whoever's doing, never keeps a container from being stopped and removed.

use super::support::{PATIENCE, World, signal, until};
use std::fs::File;
use std::os::fd::AsFd as _;
use std::thread;
use windlass_engine::{ContainerSpec, ControlError, ExecSpec};
use windlass_model::ExitReason;

/// Starts a program in a container, for as long as the container lasts.
fn exec_sleep(world: &World, spec: &ContainerSpec) -> Result<u8, ControlError> {
    let null = File::open("/dev/null").expect("a file");
    let what = ExecSpec {
        command: vec!["sleep".into(), "1000".into()],
        env: std::collections::BTreeMap::new(),
        cwd: None,
        terminal: false,
    };
    world.engine.exec(&spec.id, &what, [null.as_fd(); 3])
}

/// Runs a container with this code, executes a program in it once it is `up`, and asks it to stop
/// when it says `enough`. The container must end as asked; returns how the program ended.
fn exec_until_enough(world: &World, code: &str) -> Result<u8, ControlError> {
    let spec = world.python("a", code);
    world.engine.start(&spec).expect("started");
    world.await_line(&spec.id, "up");
    let (end, program) = thread::scope(|scope| {
        let program = scope.spawn(|| exec_sleep(world, &spec));
        world.await_line(&spec.id, "enough");
        let end = world.engine.stop(&spec.id, 15, PATIENCE).expect("stopped");
        (end, program.join().expect("no panic"))
    });
    assert_eq!(end, Some(ExitReason::Signal { signal: 15 }), "asked, not killed");
    program
}

#[test]
fn a_shim_that_was_stopped_is_ended_by_stop_and_by_remove() {
    let world = World::new();
    let specs = ["a", "b"].map(|id| world.shell(id, "echo up; exec sleep 1000"));
    let inits = specs.each_ref().map(|spec| {
        let started = world.engine.start(spec).expect("started");
        signal(world.shim_pid(spec.id.as_str()), rustix::process::Signal::STOP);
        started.init_pid.expect("it runs")
    });
    // At once, since each waits for an answer first.
    let (stopped, removed) = thread::scope(|scope| {
        let stopped = scope.spawn(|| world.engine.stop(&specs[0].id, 15, PATIENCE));
        let removed = world.engine.remove(&specs[1].id);
        (stopped.join().expect("no panic"), removed)
    });
    assert_eq!(stopped.expect("stopped"), Some(ExitReason::ShimLost));
    removed.expect("removed");
    assert_eq!(world.engine.inspect(&specs[1].id), None);
    let gone = |pid: &i32| !std::fs::exists(format!("/proc/{pid}")).expect("/proc");
    until("the kernel ends the containers", || inits.iter().all(gone));
    assert!(world.engine.start(&specs[1]).expect("started again").state.is_running());
}

#[test]
fn a_container_that_stops_a_new_program_is_served_all_the_same() {
    let world = World::new();
    let code = "import os, signal
def stopped():
    for pid in filter(str.isdigit, os.listdir('/proc')):
        try:
            if ') T' in open(f'/proc/{pid}/stat').read(): return True
        except OSError: pass
print('up', flush=True)
while not stopped():
    for _ in range(1000):
        try: os.kill(-1, signal.SIGSTOP)
        except OSError: pass
# More than a pipe holds: somebody reads it.
print('x' * 2000000, flush=True)
print('enough', flush=True)
signal.pause()";
    let program = exec_until_enough(&world, code);
    assert!(!matches!(program, Ok(0)), "{program:?}");
}

#[test]
fn a_container_that_keeps_a_dead_program_from_being_reaped_is_served_all_the_same() {
    let world = World::new();
    let code = "import ctypes, os, signal, time
libc = ctypes.CDLL(None)
SEIZE = 0x4206
def sleeper():
    while True:
        for pid in filter(str.isdigit, os.listdir('/proc')):
            try:
                if open(f'/proc/{pid}/cmdline').read().startswith('sleep\\0'): return int(pid)
            except OSError: pass
        time.sleep(0.005)
print('up', flush=True)
pid = sleeper()
# Refused where Landlock or Yama keeps processes apart; then there is nothing to withhold.
print('traced', libc.ptrace(SEIZE, pid, 0, 0), flush=True)
os.kill(pid, signal.SIGKILL)
# Dead for all to see, before the shim is asked for anything.
try:
    while ') Z' not in open(f'/proc/{pid}/stat').read(): time.sleep(0.005)
except OSError: pass
print('x' * 2000000, flush=True)
print('enough', flush=True)
signal.pause()";
    let program = exec_until_enough(&world, code);
    assert_eq!(program.expect("an end"), 137);
}
