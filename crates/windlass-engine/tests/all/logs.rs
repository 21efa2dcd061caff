//! What containers write is kept, whole lines, bounded, and can be followed across rotation.

use super::support::{PATIENCE, World, until};
use std::fs;
use windlass_engine::{LogFollower, LogStream, log_tail};
use windlass_model::ExitReason;

#[test]
fn streams_and_strange_bytes_are_kept_apart() {
    let world = World::new();
    let code = "import sys, os
os.write(1, b'one\\ntw'); os.write(2, b'err \\xff\\xfe\\n'); os.write(1, b'o\\n' + b'y' * 40000 + b'\\nlast')";
    let spec = world.python("a", code);
    assert_eq!(world.run(&spec).0, ExitReason::Code { code: 0 });
    let lines = world.lines(&spec.id);
    let of = |stream| -> Vec<_> { lines.iter().filter(|line| line.stream == stream).collect() };
    let err: Vec<&str> = of(LogStream::Err).iter().map(|line| line.text.as_str()).collect();
    assert_eq!(err, ["err \\xff\\xfe"]);
    let out = of(LogStream::Out);
    let sizes: Vec<(usize, bool)> =
        out.iter().map(|line| (line.text.len(), line.partial)).collect();
    assert_eq!(
        sizes,
        [(3, false), (3, false), (16_384, true), (16_384, true), (7_232, false), (4, false)]
    );
    assert!(lines.iter().all(|line| line.at_ms > 1_600_000_000_000));
}

#[test]
fn logs_are_bounded_and_their_tail_reads_across_files() {
    let world = World::new();
    let mut spec = world.python("a", "for n in range(5000): print('line', n)");
    spec.log.max_bytes = 20_000;
    spec.log.keep = 3;
    world.run(&spec);
    let folder = fs::read_dir(world.path("logs")).expect("a folder").flatten();
    let sizes: Vec<u64> = folder.map(|entry| entry.metadata().expect("a file").len()).collect();
    assert_eq!(sizes.len(), 4);
    assert!(sizes.iter().all(|size| *size <= 20_000), "{sizes:?}");
    let tail = log_tail(&spec.log.path, 300).expect("a tail");
    let numbers: Vec<String> = tail.iter().map(|line| line.text.clone()).collect();
    let wanted: Vec<String> = (4_700..5_000).map(|n| format!("line {n}")).collect();
    assert_eq!(numbers, wanted);
    assert_eq!(log_tail(&world.path("no-such-log"), 5).expect("an empty tail"), []);
}

#[test]
fn a_follower_misses_nothing_across_rotation() {
    let world = World::new();
    let code = "import os, time
while not os.path.exists('/run/windlass/go'): time.sleep(0.01)
for n in range(2000):
    print(n, flush=True)
    if n % 50 == 0: time.sleep(0.005)";
    let mut spec = world.python("a", code);
    spec.socket = true;
    spec.log.max_bytes = 5_000;
    spec.log.keep = 50;
    world.engine.start(&spec).expect("started");
    let mut follower = LogFollower::from_end(&spec.log.path).expect("a follower");
    fs::write(world.engine.socket_dir(&spec.id).join("go"), "").expect("a file");
    for n in 0..2_000 {
        let line = follower.next(PATIENCE).expect("readable").expect("a line");
        assert_eq!(line.text, n.to_string());
    }
    assert!(world.path("logs/a.log.5").exists());
}

#[test]
fn a_log_that_cannot_be_written_does_not_stop_the_container() {
    let world = World::new();
    let code = "import array, fcntl, os, termios, time
for n in range(200): print('x' * 1000, flush=True)
left = array.array('i', [1])
while left[0]: fcntl.ioctl(1, termios.FIONREAD, left)
open('/run/windlass/written', 'w').close()
while not os.path.exists('/run/windlass/go'): time.sleep(0.01)
print('after', flush=True)";
    let mut spec = world.python("a", code);
    spec.socket = true;
    spec.log.max_bytes = 5_000;
    spec.log.keep = 1;
    // Rotation fails while a folder is in the way of the older file.
    let obstacle = world.path("logs/a.log.1");
    fs::create_dir_all(obstacle.join("x")).expect("a folder");
    world.engine.start(&spec).expect("started");
    let sockets = world.engine.socket_dir(&spec.id);
    until("everything is written", || sockets.join("written").exists());
    fs::remove_dir_all(&obstacle).expect("removable");
    fs::write(sockets.join("go"), "").expect("a file");
    let end = world.engine.wait(&spec.id, PATIENCE);
    assert_eq!(end, Some(ExitReason::Code { code: 0 }));
    let tail = log_tail(&spec.log.path, 40).expect("a tail");
    let note = tail.iter().find(|line| line.stream == LogStream::Log).expect("a note");
    assert!(note.text.ends_with("lines could not be written"), "{note:?}");
    assert_eq!(tail.last().map(|line| line.text.as_str()), Some("after"));
}
