//! Whoever dies, whenever: the next call finds the truth and leaves nothing behind.

use super::support::{PATIENCE, World, open_engine, signal, until};
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;
use windlass_engine::ContainerState;
use windlass_model::ExitReason;

fn kill_9(pid: i32) {
    signal(pid, rustix::process::Signal::KILL);
}

#[test]
fn a_container_whose_shim_is_killed_dies_with_it_and_is_seen_as_lost() {
    let world = World::new();
    let spec = world.shell("a", "sleep 1000 & echo up; exec sleep 1000");
    let started = world.engine.start(&spec).expect("started");
    world.await_line(&spec.id, "up");
    let init = started.init_pid.expect("it runs");
    kill_9(world.shim_pid("a"));
    assert_eq!(world.engine.wait(&spec.id, PATIENCE), Some(ExitReason::ShimLost));
    until("the kernel ends the container", || !fs::exists(format!("/proc/{init}")).expect("/proc"));
    let state = world.engine.inspect(&spec.id).expect("known").state;
    assert_eq!(state, ContainerState::Exited { reason: ExitReason::ShimLost, at_ms: None });
    let stopped = world.engine.stop(&spec.id, 15, PATIENCE).expect("nothing to do");
    assert_eq!(stopped, Some(ExitReason::ShimLost));
    assert!(world.engine.start(&spec).expect("started again").state.is_running());
}

#[test]
fn an_init_that_is_killed_ends_the_container() {
    let world = World::new();
    let spec = world.shell("a", "echo up; exec sleep 1000");
    let started = world.engine.start(&spec).expect("started");
    kill_9(started.init_pid.expect("it runs"));
    let end = world.engine.wait(&spec.id, PATIENCE);
    assert_eq!(end, Some(ExitReason::Signal { signal: 9 }));
}

/// This binary again, as a server that starts a container and then stands still.
const SERVER: &str = "WINDLASS_TEST_SERVER";

#[test]
fn containers_survive_the_server_and_are_adopted() {
    if let Ok(folder) = std::env::var(SERVER) {
        be_the_server(folder.as_ref());
        return;
    }
    let world = World::new();
    let exe = std::env::current_exe().expect("this binary");
    let name = "all::crashes::containers_survive_the_server_and_are_adopted";
    let mut server = Command::new(exe)
        .args(["--exact", name, "--nocapture"])
        .env(SERVER, &world.folder)
        .stdout(Stdio::piped())
        .spawn()
        .expect("a server");
    let mut lines = BufReader::new(server.stdout.take().expect("piped")).lines();
    assert!(lines.any(|line| line.expect("text").contains("server is up")));
    server.kill().expect("killed");
    server.wait().expect("reaped");
    let adopted = open_engine(&world.folder);
    let found = adopted.observe().expect("observable");
    assert_eq!(found.len(), 2);
    assert!(found.iter().all(|found| found.state.is_running()), "{found:?}");
    let before = world.lines(&found[0].id).len();
    until("it goes on writing", || world.lines(&found[0].id).len() > before + 3);
    let end = adopted.stop(&found[0].id, 15, PATIENCE).expect("stopped");
    assert_eq!(end, Some(ExitReason::Signal { signal: 15 }));
    assert!(adopted.inspect(&found[1].id).expect("known").state.is_running());
}

#[expect(clippy::print_stdout, reason = "the parent waits for this line")]
fn be_the_server(folder: &std::path::Path) {
    let world = World::at(folder);
    for id in ["a", "b"] {
        let script = "while :; do echo tick; sleep 0.02; done";
        world.engine.start(&world.shell(id, script)).expect("started");
        world.await_line(&id.parse().expect("valid"), "tick");
    }
    println!("server is up");
    std::thread::sleep(PATIENCE);
}

#[test]
fn a_server_killed_between_bundle_and_shim_leaves_something_startable() {
    let world = World::new();
    let spec = world.shell("a", "exec sleep 1000");
    world.engine.start(&spec).expect("started");
    world.engine.remove(&spec.id).expect("removed");
    // As if killed before the shim ran: the bundle is there, nobody has its lock.
    world.engine.start(&spec).expect("started");
    let orders = fs::read(world.path("containers/a/orders.json")).expect("orders");
    world.engine.remove(&spec.id).expect("removed");
    fs::create_dir(world.path("containers/a")).expect("a folder");
    fs::write(world.path("containers/a/orders.json"), &orders).expect("a file");
    let found = world.engine.inspect(&spec.id).expect("known");
    assert_eq!(found.state.exit(), Some(ExitReason::ShimLost));
    assert!(world.engine.start(&spec).expect("started").state.is_running());
    world.engine.remove(&spec.id).expect("removed");
    // As if killed before even the orders were written: nothing was asked for.
    fs::create_dir(world.path("containers/a")).expect("a folder");
    assert_eq!(world.engine.inspect(&spec.id), None);
    assert!(world.engine.start(&spec).expect("started").state.is_running());
}

/// This binary again, as a server that is killed while it starts a container.
const STARTER: &str = "WINDLASS_TEST_STARTER";

#[test]
fn a_starter_killed_at_any_moment_leaves_a_container_that_converges() {
    if let Ok(folder) = std::env::var(STARTER) {
        let world = World::at(folder.as_ref());
        let started = world.engine.start(&world.shell("a", "echo up; exec sleep 1000"));
        assert!(started.expect("started").state.is_running());
        return;
    }
    let world = World::new();
    let spec = world.shell("a", "echo up; exec sleep 1000");
    let name = "all::crashes::a_starter_killed_at_any_moment_leaves_a_container_that_converges";
    for round in 0..60 {
        let mut starter = Command::new(std::env::current_exe().expect("this binary"))
            .args(["--exact", name])
            .env(STARTER, &world.folder)
            .stdout(Stdio::null())
            .spawn()
            .expect("a starter");
        // From the first trace of the container on, a little later each time.
        let bundle = world.path("containers/a");
        until("it begins", || bundle.exists());
        std::thread::sleep(Duration::from_micros(round * 150));
        let _ = starter.kill();
        starter.wait().expect("reaped");
        if round % 3 == 0
            && let Some(shim) = shim_of(&world, "a")
        {
            kill_9(shim);
        }
        let running = world.engine.start(&spec).expect("it converges");
        assert!(running.state.is_running(), "round {round}: {running:?}");
        world.engine.remove(&spec.id).expect("removed");
    }
}

/// The pid of a container's shim, if it has got that far.
fn shim_of(world: &World, id: &str) -> Option<i32> {
    let mark = fs::read(world.path(&format!("containers/{id}/alive"))).ok()?;
    let mark: serde_json::Value = serde_json::from_slice(&mark).ok()?;
    Some(mark["pid"].as_i64()? as i32)
}
