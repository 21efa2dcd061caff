//! Limits take effect where the host can enforce them, and where it cannot the engine says so.

use super::support::{PATIENCE, World, until};
use windlass_engine::{ContainerSpec, Enforcement};
use windlass_model::{ExitReason, Resources};

const MEMORY: u64 = 64 * 1024 * 1024;

fn limited(spec: ContainerSpec) -> ContainerSpec {
    let limits = Resources { memory_bytes: Some(MEMORY), cpu_millis: None, pids: 32 };
    ContainerSpec { limits, ..spec }
}

#[test]
fn too_much_memory_ends_in_out_of_memory() {
    let world = World::new();
    let spec = limited(world.python("a", "x = b'x' * (200 * 1024 * 1024); print(len(x))"));
    let (reason, output) = world.run(&spec);
    match world.engine.capabilities().memory {
        Enforcement::Yes { .. } => {
            assert_eq!(reason, ExitReason::OutOfMemory { limit_bytes: Some(MEMORY) }, "{output}");
            assert!(world.engine.inspect(&spec.id).expect("known").oom_kills >= 1);
        }
        Enforcement::No { reason: why } => {
            assert_eq!(reason, ExitReason::Code { code: 0 }, "{output}");
            assert!(!why.is_empty());
        }
    }
}

#[test]
fn a_worker_killed_for_memory_is_seen_while_the_container_lives_on() {
    let world = World::new();
    let code = "import os, signal, time
if os.fork() == 0: x = b'x' * (200 * 1024 * 1024)
pid, status = os.wait()
print('worker ended by', os.WTERMSIG(status), flush=True)
signal.pause()";
    let mut spec = limited(world.python("a", code));
    spec.command[2] =
        spec.command[2].replace("signal.pause()", "signal.sigwait([15]); os._exit(1)");
    if matches!(world.engine.capabilities().memory, Enforcement::No { .. }) {
        // Nothing kills the worker here; what the engine says instead is tested above.
        return;
    }
    spec.command[2] = format!(
        "import signal; signal.pthread_sigmask(signal.SIG_BLOCK, [15])\n{}",
        spec.command[2]
    );
    world.engine.start(&spec).expect("started");
    world.await_line(&spec.id, "worker ended by 9");
    let found = world.engine.inspect(&spec.id).expect("known");
    assert!(found.state.is_running());
    assert_eq!(found.oom_kills, 1);
    assert_eq!(world.engine.usage(&spec.id).expect("it runs").oom_kills, 1);
    let end = world.engine.stop(&spec.id, 15, PATIENCE).expect("stopped");
    assert_eq!(end, Some(ExitReason::OutOfMemory { limit_bytes: Some(MEMORY) }));
}

#[test]
fn a_fork_bomb_stays_inside() {
    let world = World::new();
    let code = "import os, time
made = 0
try:
    while made < 500:
        if os.fork() == 0: time.sleep(1000)
        made += 1
except OSError as e: print('refused after', made, e.errno, flush=True)
time.sleep(1000)";
    let spec = limited(world.python("a", code));
    world.engine.start(&spec).expect("started");
    world.await_line(&spec.id, "refused after");
    let output = world.output(&spec.id);
    let made: u64 = output.split_whitespace().nth(2).expect("a number").parse().expect("a number");
    assert!((25..=32).contains(&made), "{output}");
    let end = world.engine.stop(&spec.id, 15, PATIENCE).expect("stopped");
    assert_eq!(end, Some(ExitReason::Signal { signal: 15 }));
}

#[test]
fn the_processor_limit_holds() {
    let world = World::new();
    if matches!(world.engine.capabilities().cpu, Enforcement::No { .. }) {
        return;
    }
    // Throttling is counted by the kernel: no clock decides.
    let mut spec = world.shell("a", "while :; do :; done");
    spec.limits.cpu_millis = Some(10);
    world.engine.start(&spec).expect("started");
    until("it is throttled", || {
        let groups = glob_stat(&world, "a");
        groups.iter().any(|text| {
            text.lines()
                .any(|line| line.strip_prefix("nr_throttled ").is_some_and(|n| n.trim() != "0"))
        })
    });
}

/// The cpu.stat files of a container's groups.
fn glob_stat(world: &World, id: &str) -> Vec<String> {
    let orders =
        std::fs::read(world.path(&format!("containers/{id}/orders.json"))).expect("orders");
    let orders: serde_json::Value = serde_json::from_slice(&orders).expect("JSON");
    let mut groups: Vec<String> = Vec::new();
    groups.extend(orders["cgroups"]["unified"].as_str().map(str::to_owned));
    for group in orders["cgroups"]["v1"].as_array().expect("a list") {
        groups.push(group.as_str().expect("a path").to_owned());
    }
    groups
        .iter()
        .filter_map(|group| std::fs::read_to_string(format!("{group}/cpu.stat")).ok())
        .collect()
}

#[test]
fn usage_counts_what_runs() {
    let world = World::new();
    let code =
        "x = b'x' * (20 * 1024 * 1024); print('up', flush=True); import time; time.sleep(1000)";
    let spec = limited(world.python("a", code));
    world.engine.start(&spec).expect("started");
    world.await_line(&spec.id, "up");
    let usage = world.engine.usage(&spec.id).expect("it runs");
    assert!((20 * 1024 * 1024..MEMORY).contains(&usage.memory_bytes), "{usage:?}");
    assert_eq!(usage.processes, 1);
    let limited = matches!(world.engine.capabilities().memory, Enforcement::Yes { .. });
    assert_eq!(usage.memory_limit_bytes, limited.then_some(MEMORY));
    world.engine.stop(&spec.id, 9, PATIENCE).expect("stopped");
    assert_eq!(world.engine.usage(&spec.id), None);
}
