//! Many starts beside busy threads, where launching containers from a threaded process hangs.

use super::support::{PATIENCE, World};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::ScopedJoinHandle;
use windlass_model::ExitReason;

const STARTS: usize = 240;

#[test]
fn starts_under_thread_load_neither_hang_nor_fail() {
    let world = World::new();
    let (stop, next) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            // Allocation and the environment are what a forked child would find locked.
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let text = vec![std::env::var("PATH").unwrap_or_default(); 64];
                    std::hint::black_box(text);
                    std::thread::yield_now();
                }
            });
        }
        let starters: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    loop {
                        let n = next.fetch_add(1, Ordering::Relaxed);
                        if n >= STARTS {
                            return;
                        }
                        let spec = world.spec(&format!("c{n}"), &["/bin/echo", "hello"]);
                        world.engine.start(&spec).expect("started");
                        let end = world.engine.wait(&spec.id, PATIENCE);
                        assert_eq!(end, Some(ExitReason::Code { code: 0 }), "start {n}");
                        assert_eq!(world.output(&spec.id), "hello\n");
                        world.engine.remove(&spec.id).expect("removed");
                    }
                })
            })
            .collect();
        let results: Vec<_> = starters.into_iter().map(ScopedJoinHandle::join).collect();
        stop.store(true, Ordering::Relaxed);
        assert!(results.iter().all(Result::is_ok));
    });
}

#[test]
fn two_starts_of_one_container_at_once_make_one() {
    let world = World::new();
    let spec = world.shell("a", "echo up; exec sleep 1000");
    let pids: Vec<_> = std::thread::scope(|scope| {
        let starters: Vec<_> =
            (0..8).map(|_| scope.spawn(|| world.engine.start(&spec).expect("started"))).collect();
        starters.into_iter().map(|one| one.join().expect("no panic").init_pid).collect()
    });
    assert!(pids[0].is_some() && pids.iter().all(|pid| *pid == pids[0]), "{pids:?}");
    world.await_line(&spec.id, "up");
    assert_eq!(world.lines(&spec.id).len(), 1);
}
