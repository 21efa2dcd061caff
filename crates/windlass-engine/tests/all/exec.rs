//! Programs started in a running container.

use super::support::{PATIENCE, World, is_root, shown, until};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::{AsFd, OwnedFd};
use windlass_engine::{ContainerSpec, ControlError, ExecSpec};
use windlass_model::ExitReason;

pub(super) fn exec(command: &[&str]) -> ExecSpec {
    ExecSpec {
        command: command.iter().map(|word| (*word).to_owned()).collect(),
        env: BTreeMap::new(),
        cwd: None,
        terminal: false,
    }
}

/// Runs a program with input from a text, and returns its exit code and both outputs.
pub(super) fn run(
    world: &World,
    spec: &ContainerSpec,
    what: &ExecSpec,
    input: &str,
) -> (u8, String) {
    let (stdin, mut feed) = std::io::pipe().expect("a pipe");
    let (mut drain, stdout) = std::io::pipe().expect("a pipe");
    feed.write_all(input.as_bytes()).expect("room in the pipe");
    drop(feed);
    let fds: [OwnedFd; 2] = [stdin.into(), stdout.into()];
    let code = world
        .engine
        .exec(&spec.id, what, [fds[0].as_fd(), fds[1].as_fd(), fds[1].as_fd()])
        .unwrap_or_else(|error| panic!("{}", shown(&error)));
    drop(fds);
    let mut output = String::new();
    drain.read_to_string(&mut output).expect("text");
    (code, output)
}

fn waiting(world: &World) -> ContainerSpec {
    let mut spec = world.shell("a", "echo up; exec sleep 1000");
    spec.env.insert("SHOP".into(), "open".into());
    spec.cwd = "/usr".into();
    world.engine.start(&spec).expect("started");
    world.await_line(&spec.id, "up");
    spec
}

#[test]
fn a_program_joins_the_container_with_the_same_confinement() {
    let world = World::new();
    let spec = waiting(&world);
    let (code, output) = run(&world, &spec, &exec(&["cat", "/proc/self/status"]), "");
    assert_eq!(code, 0);
    for line in [
        "Uid:\t65532\t65532\t65532\t65532",
        "CapEff:\t0000000000000000",
        "CapBnd:\t0000000000000000",
        "NoNewPrivs:\t1",
        "Seccomp:\t2",
    ] {
        assert!(output.lines().any(|found| found == line), "{line} in {output}");
    }
    let script =
        "hostname; pwd; echo $SHOP$EXTRA; cat; ls /proc | grep -c '^[0-9]'; touch /x; exit 7";
    let mut what = exec(&["sh", "-c", script]);
    what.env.insert("EXTRA".into(), "!".into());
    let (code, output) = run(&world, &spec, &what, "typed\n");
    assert_eq!(code, 7, "{output}");
    assert!(output.starts_with("box\n/usr\nopen!\ntyped\n"), "{output}");
    assert!(output.contains("Read-only file system"), "{output}");
    if is_root() {
        let inside = std::fs::read_to_string("/proc/self/cgroup").expect("groups");
        let (_, theirs) = run(&world, &spec, &exec(&["cat", "/proc/self/cgroup"]), "");
        assert_ne!(inside, theirs);
        let (_, of_init) = run(&world, &spec, &exec(&["cat", "/proc/2/cgroup"]), "");
        let groups = |text: &str| -> Vec<String> {
            text.lines().filter(|line| line.contains("windlass")).map(str::to_owned).collect()
        };
        assert_eq!(groups(&theirs), groups(&of_init));
        assert!(!groups(&theirs).is_empty());
    }
}

#[test]
fn codes_signals_and_failures_are_told() {
    let world = World::new();
    let spec = waiting(&world);
    assert_eq!(run(&world, &spec, &exec(&["sh", "-c", "kill -9 $$"]), "").0, 137);
    let null = File::open("/dev/null").expect("a file");
    let streams = [null.as_fd(); 3];
    let missing = world.engine.exec(&spec.id, &exec(&["nothing-here"]), streams);
    let Err(ControlError::Refused { failure, .. }) = missing else { panic!("{missing:?}") };
    assert_eq!(failure.to_string(), "execute nothing-here: ENOENT (No such file or directory)");
    let nobody = "b".parse().expect("valid");
    let error = world.engine.exec(&nobody, &exec(&["true"]), streams);
    assert!(matches!(error, Err(ControlError::NotRunning { .. })), "{error:?}");
    assert!(world.engine.inspect(&spec.id).expect("known").state.is_running());
}

#[test]
fn a_shell_gets_a_terminal_with_job_control() {
    let world = World::new();
    let spec = waiting(&world);
    let what = ExecSpec { terminal: true, ..exec(&["sh", "-i"]) };
    let script = "tty; stty size; test -t 0 && echo interactive; sleep 0.01 & wait; exit 9\n";
    let (code, output) = run(&world, &spec, &what, script);
    assert_eq!(code, 9, "{output}");
    for line in ["/dev/pts/0", "24 80", "interactive"] {
        assert!(output.lines().any(|found| found.trim_end().ends_with(line)), "{line} in {output}");
    }
    assert!(!output.contains("job control turned off"), "{output}");
}

#[test]
fn the_clients_terminal_never_enters_the_container() {
    use rustix::pty::OpenptFlags;
    let world = World::new();
    let spec = waiting(&world);
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let mut person = File::from(rustix::pty::openpt(flags).expect("a terminal"));
    rustix::pty::unlockpt(&person).expect("unlocked");
    let terminal = rustix::pty::ioctl_tiocgptpeer(&person, flags).expect("its other end");
    // A line, and Control-D on a line of its own: the end of input.
    person.write_all(b"typed\n\x04").expect("room");
    let (mut drain, file) = std::io::pipe().expect("a pipe");
    let file: OwnedFd = file.into();
    let script = "test -t 0 || test -t 2 || echo no terminal; cat; echo complaint >&2; exit 6";
    let streams = [terminal.as_fd(), file.as_fd(), terminal.as_fd()];
    let code = world.engine.exec(&spec.id, &exec(&["sh", "-c", script]), streams);
    assert_eq!(code.expect("an end"), 6);
    drop(file);
    let mut output = String::new();
    drain.read_to_string(&mut output).expect("text");
    assert_eq!(output, "no terminal\ntyped\n");
    // Ends once it has been shown.
    let mut shown = Vec::new();
    while !shown.ends_with(b"complaint\r\n") {
        let mut byte = [0_u8];
        person.read_exact(&mut byte).expect("what a person sees");
        shown.push(byte[0]);
    }
}

#[test]
fn a_program_whose_client_is_gone_is_ended() {
    let world = World::new();
    let spec = waiting(&world);
    let (reader, writer) = std::io::pipe().expect("a pipe");
    let client = std::thread::scope(|scope| {
        let engine = &world.engine;
        let id = &spec.id;
        let handle = scope.spawn(move || {
            let writer: OwnedFd = writer.into();
            let null = File::open("/dev/null").expect("a file");
            let streams = [null.as_fd(), writer.as_fd(), writer.as_fd()];
            engine.exec(id, &exec(&["sh", "-c", "echo $$; exec sleep 1000"]), streams)
        });
        let mut byte = [0_u8; 8];
        let read = (&reader).read(&mut byte).expect("the program runs");
        assert!(read > 0);
        // The container ends under it: the client hears of it.
        engine.stop(id, 15, PATIENCE).expect("stopped");
        handle.join().expect("no panic")
    });
    assert_eq!(client.expect("an end"), 137);
}

#[test]
fn a_client_that_dies_takes_its_program_along() {
    const CLIENT: &str = "WINDLASS_TEST_CLIENT";
    if let Ok(folder) = std::env::var(CLIENT) {
        let world = World::at(folder.as_ref());
        let out = std::io::stdout();
        let null = File::open("/dev/null").expect("a file");
        let what = exec(&["sh", "-c", "echo begun > /tmp/mark; exec sleep 1000"]);
        let _ = world.engine.exec(
            &"a".parse().expect("valid"),
            &what,
            [null.as_fd(), out.as_fd(), out.as_fd()],
        );
        return;
    }
    let world = World::new();
    let spec = waiting(&world);
    let mut client = std::process::Command::new(std::env::current_exe().expect("this binary"))
        .args(["--exact", "all::exec::a_client_that_dies_takes_its_program_along", "--nocapture"])
        .env(CLIENT, &world.folder)
        .spawn()
        .expect("a client");
    let count = || world.engine.usage(&spec.id).expect("it runs").processes;
    until("the program runs", || count() == 2);
    client.kill().expect("killed");
    client.wait().expect("reaped");
    until("the program is gone", || count() == 1);
}

#[test]
fn a_container_made_for_one_program_ends_with_it() {
    let world = World::new();
    let mut spec = world.spec("a", &[]);
    spec.exit_with_exec = true;
    world.engine.start(&spec).expect("started");
    assert_eq!(
        run(&world, &spec, &exec(&["sh", "-c", "echo hello; exit 3"]), ""),
        (3, "hello\n".into())
    );
    assert_eq!(world.engine.wait(&spec.id, PATIENCE), Some(ExitReason::Code { code: 3 }));
}
