//! A command runs with what its spec says, and a failure names the step.

use super::support::{World, mount, shown};
use windlass_engine::StartError;
use windlass_engine::explain::explain_start;
use windlass_model::{ExitReason, Kind};

#[test]
fn a_command_runs_with_its_words_environment_and_folder() {
    let world = World::new();
    let mut spec =
        world.spec("a", &["sh", "-c", "echo \"$1|$2\"; env; pwd; hostname", "x", "b c", "*"]);
    spec.cwd = "/usr".into();
    spec.env.insert("SHOP_NAME".into(), "caf\u{e9} \"x\" $HOME".into());
    spec.socket = true;
    let output = world.output_of(&spec);
    for line in [
        "b c|*",
        "SHOP_NAME=caf\u{e9} \"x\" $HOME",
        "/usr",
        "box",
        "WINDLASS_SOCKET=/run/windlass/web.sock",
    ] {
        assert!(output.lines().any(|found| found == line), "{line} in {output}");
    }
}

#[test]
fn exits_are_recorded_as_they_were() {
    let world = World::new();
    let end = |id: &str, script: &str| world.run(&world.shell(id, script)).0;
    assert_eq!(end("a", "exit 0"), ExitReason::Code { code: 0 });
    assert_eq!(end("b", "exit 3"), ExitReason::Code { code: 3 });
    assert_eq!(end("c", "kill -SEGV $$"), ExitReason::Signal { signal: 11 });
    assert_eq!(end("d", "kill -KILL $$"), ExitReason::Signal { signal: 9 });
}

#[test]
fn the_command_is_no_init_and_has_default_signals() {
    let world = World::new();
    let code = "import os, signal
print('pid', os.getpid(), 'parent', os.getppid(), 'leader', os.getsid(0) == os.getpid())
print('blocked', signal.pthread_sigmask(signal.SIG_BLOCK, []))
for line in open('/proc/self/status'):
    if line.startswith('SigIgn'): print(line.strip())
print('fds', sorted(os.listdir('/proc/self/fd')))
print('umask', oct(os.umask(0)))";
    let mut spec = world.python("a", code);
    // Python ignores SIGPIPE by itself, so the signals are asked of a shell.
    assert!(world.output_of(&spec).contains("pid 2 parent 1 leader True\nblocked set()\n"));
    assert!(world.output_of(&spec).contains("fds ['0', '1', '2', '3']\numask 0o22"));
    spec = world.shell("b", "grep SigIgn /proc/self/status");
    assert_eq!(world.output_of(&spec), "SigIgn:\t0000000000000000\n");
}

#[test]
fn what_cannot_start_says_which_step_failed_and_leaves_nothing() {
    let world = World::new();
    let failure = |spec: &_| match world.engine.start(spec) {
        Err(error @ StartError::Launch { .. }) => error,
        other => panic!("{other:?}"),
    };
    let missing = failure(&world.spec("a", &["no-such-program", "x"]));
    let text = missing.to_string();
    assert!(text.contains("execute no-such-program x: ENOENT"), "{text}");
    assert_eq!(explain_start(&missing).kind, Kind::User);
    let mut spec = world.shell("b", "true");
    spec.cwd = "/nowhere".into();
    assert!(failure(&spec).to_string().contains("enter the folder /nowhere: ENOENT"));
    spec = world.spec("c", &["/usr/lib"]);
    assert!(failure(&spec).to_string().contains("execute /usr/lib: EACCES"));
    spec = world.shell("d", "true");
    spec.layers.push("/no/such/layer".into());
    assert!(failure(&spec).to_string().contains("open the layer /no/such/layer: ENOENT"));
    spec = world.shell("e", "true");
    spec.mounts.push(mount("/no/such/source".as_ref(), "/data", false));
    assert!(failure(&spec).to_string().contains("find the mount's source /no/such/source"));
    spec.user = 0;
    let refused = world.engine.start(&spec).expect_err("user 0");
    assert!(shown(&refused).contains("never runs as user 0"), "{}", shown(&refused));
    assert_eq!(world.engine.observe().expect("observable"), []);
}
