//! Where a stuck Python program waits, without ending it.

use super::support::World;
use std::time::Instant;
use windlass_model::STACK_SIGNAL;

#[test]
fn stacks_of_all_processes_that_offer_them_are_collected() {
    let world = World::new();
    let code = format!(
        "import faulthandler, os, sys, threading, time
faulthandler.register({STACK_SIGNAL}, all_threads=True)
def stuck_in_the_lock(): lock = threading.Lock(); lock.acquire(); lock.acquire()
def waits_for_ever(): time.sleep(1000)
if os.fork() == 0: stuck_in_the_lock()
threading.Thread(target=waits_for_ever, daemon=True).start()
print('hung', flush=True); print('noise on stderr', file=sys.stderr, flush=True)
stuck_in_the_lock()"
    );
    let mut spec = world.python("a", &code);
    // A shell stands between, and would die of the signal.
    spec.command =
        vec!["/bin/sh".into(), "-c".into(), "python3 -c \"$0\"; true".into(), code.clone()];
    world.engine.start(&spec).expect("started");
    world.await_line(&spec.id, "hung");
    let stacks = world.engine.stacks(&spec.id).expect("stacks");
    let text = stacks.join("\n");
    assert_eq!(stacks.iter().filter(|line| line.starts_with("process ")).count(), 2, "{text}");
    assert_eq!(text.matches("in stuck_in_the_lock").count(), 2, "{text}");
    assert!(text.contains("in waits_for_ever"), "{text}");
    assert!(!text.contains("noise"), "{text}");
    assert!(world.engine.inspect(&spec.id).expect("known").state.is_running());
    let again = world.engine.stacks(&spec.id).expect("stacks");
    assert_eq!(again.len(), stacks.len());
}

#[test]
fn programs_without_stacks_are_left_alone() {
    let world = World::new();
    let spec = world.shell("a", "echo up; exec sleep 1000");
    world.engine.start(&spec).expect("started");
    world.await_line(&spec.id, "up");
    let begun = Instant::now();
    assert_eq!(world.engine.stacks(&spec.id).expect("none"), Vec::<String>::new());
    assert!(world.engine.inspect(&spec.id).expect("known").state.is_running());
    assert!(begun.elapsed() < super::support::PATIENCE);
}
