//! Start, observe, stop, remove: idempotent, and the same after a restart of whoever asks.

use super::support::{PATIENCE, World, open_engine, until};
use std::time::Duration;
use windlass_engine::ContainerState;
use windlass_model::{ExitReason, Resources};

#[test]
fn starting_twice_is_starting_once_and_an_ended_one_is_replaced() {
    let world = World::new();
    let spec = world.shell("a", "echo begun; exec sleep 1000");
    let first = world.engine.start(&spec).expect("started");
    let second = world.engine.start(&spec).expect("left alone");
    assert!(first.state.is_running());
    assert_eq!(first, second);
    let end = world.engine.stop(&spec.id, 15, PATIENCE).expect("stopped");
    assert_eq!(end, Some(ExitReason::Signal { signal: 15 }));
    let again = world.engine.stop(&spec.id, 15, PATIENCE).expect("nothing to do");
    assert_eq!(again, end);
    let third = world.engine.start(&spec).expect("started again");
    assert_ne!(third.init_pid, first.init_pid);
    world.await_line(&spec.id, "begun");
    world.engine.remove(&spec.id).expect("removed");
    world.engine.remove(&spec.id).expect("nothing to do");
    assert_eq!(world.engine.inspect(&spec.id), None);
    assert_eq!(world.engine.stop(&spec.id, 15, PATIENCE).expect("nothing to do"), None);
}

#[test]
fn labels_and_times_come_back_with_every_observation() {
    let world = World::new();
    let mut spec = world.shell("a", "exit 4");
    spec.labels.insert("release".into(), "7".into());
    world.run(&spec);
    let found = world.engine.observe().expect("observable");
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].labels["release"], "7");
    let ContainerState::Exited { reason, at_ms } = found[0].state else { panic!("{found:?}") };
    assert_eq!(reason, ExitReason::Code { code: 4 });
    assert!(at_ms >= found[0].started_at_ms && at_ms.is_some());
}

#[test]
fn a_command_that_ignores_the_signal_is_killed_with_all_its_processes() {
    let world = World::new();
    let script = "trap '' TERM; sleep 1000 & sleep 1000 & echo deaf; while :; do wait; done";
    let spec = world.shell("a", script);
    world.engine.start(&spec).expect("started");
    world.await_line(&spec.id, "deaf");
    let used = world.engine.usage(&spec.id).expect("it runs");
    assert!(used.processes >= 3, "{used:?}");
    let end = world.engine.stop(&spec.id, 15, Duration::from_millis(200)).expect("killed");
    assert_eq!(end, Some(ExitReason::Signal { signal: 9 }));
}

#[test]
fn a_graceful_command_ends_with_its_own_code() {
    let world = World::new();
    let code = "import os, signal, sys, time
def stop(*_): os.write(1, b'bye\\n'); sys.exit(0)
signal.signal(signal.SIGTERM, stop)
print('up', flush=True)
while True: time.sleep(100)";
    let spec = world.python("a", code);
    world.engine.start(&spec).expect("started");
    world.await_line(&spec.id, "up");
    let end = world.engine.stop(&spec.id, 15, PATIENCE).expect("stopped");
    assert_eq!(end, Some(ExitReason::Code { code: 0 }));
    assert!(world.output(&spec.id).ends_with("bye\n"));
}

#[test]
fn orphans_are_reaped_by_the_containers_init() {
    let world = World::new();
    let code = "import os, time
for _ in range(20):
    if os.fork() == 0:
        if os.fork() == 0: os._exit(0)
        os._exit(0)
    os.wait()
def zombies():
    n = 0
    for pid in os.listdir('/proc'):
        if pid.isdigit():
            try: n += ') Z' in open(f'/proc/{pid}/stat').read()
            except OSError: pass
    return n
while zombies(): time.sleep(0.01)
print('clean')";
    assert_eq!(world.output_of(&world.python("a", code)), "clean\n");
}

#[test]
fn wait_gives_up_at_its_timeout_and_sees_the_end_at_once() {
    let world = World::new();
    let spec = world.shell("a", "read x < /run/windlass/pipe; exit 5");
    let mut spec = spec;
    spec.socket = true;
    spec.command[2] = "until test -e /run/windlass/go; do sleep 0.01; done; exit 5".into();
    world.engine.start(&spec).expect("started");
    assert_eq!(world.engine.wait(&spec.id, Duration::from_millis(20)), None);
    std::fs::write(world.engine.socket_dir(&spec.id).join("go"), "").expect("a file");
    assert_eq!(world.engine.wait(&spec.id, PATIENCE), Some(ExitReason::Code { code: 5 }));
}

#[test]
fn another_engine_over_the_same_folders_sees_and_stops_everything() {
    let world = World::new();
    for id in ["a", "b", "c"] {
        world.engine.start(&world.shell(id, "echo up; exec sleep 1000")).expect("started");
    }
    let other = open_engine(&world.folder);
    let found = other.observe().expect("observable");
    assert_eq!(found, world.engine.observe().expect("observable"));
    assert!(found.iter().all(|found| found.state.is_running()));
    other.remove(&found[0].id).expect("removed");
    assert_eq!(world.engine.observe().expect("observable").len(), 2);
}

#[test]
fn a_container_without_a_command_waits_to_be_stopped() {
    let world = World::new();
    let mut spec = world.spec("a", &[]);
    spec.limits = Resources { pids: 16, ..Resources::DEFAULT };
    assert!(world.engine.start(&spec).expect("started").state.is_running());
    let end = world.engine.stop(&spec.id, 15, PATIENCE).expect("stopped");
    assert_eq!(end, Some(ExitReason::Signal { signal: 15 }));
}

#[test]
fn listening_ports_are_those_of_the_container_alone() {
    let world = World::new();
    let elsewhere = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let code = "import socket, time, os
s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen()
t = socket.socket(socket.AF_INET); t.bind(('127.0.0.1', 0))
print('port', s.getsockname()[1], flush=True)
if os.fork() == 0:
    u = socket.socket(); u.bind(('127.0.0.1', 0)); u.listen(); print('port', u.getsockname()[1], flush=True)
time.sleep(1000)";
    let spec = world.python("a", code);
    world.engine.start(&spec).expect("started");
    until("two ports", || world.output(&spec.id).lines().count() == 2);
    let output = world.output(&spec.id);
    let mut ports: Vec<u16> = output
        .lines()
        .map(|line| line.trim_start_matches("port ").parse().expect("a port"))
        .collect();
    ports.sort_unstable();
    assert_eq!(world.engine.listening_ports(&spec.id), ports);
    assert!(!ports.contains(&elsewhere.local_addr().expect("an address").port()));
}

#[test]
fn what_a_container_left_in_its_socket_folder_does_not_keep_it_from_being_removed() {
    let world = World::new();
    let script = "cd /run/windlass; mkdir -p closed/in; ln -s / link; chmod 0 closed .";
    let mut spec = world.shell("a", script);
    spec.socket = true;
    world.run(&spec);
    world.engine.remove(&spec.id).expect("removed");
    assert_eq!(world.engine.inspect(&spec.id), None);
}
