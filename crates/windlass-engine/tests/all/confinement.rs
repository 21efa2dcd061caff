//! What a container may not do, read from inside.

use super::support::{PATIENCE, World, is_root};
use std::collections::BTreeMap;
use windlass_model::ExitReason;

fn fields(status: &str) -> BTreeMap<&str, &str> {
    status.lines().filter_map(|line| line.split_once(":\t")).collect()
}

#[test]
fn status_shows_no_privilege_of_any_kind() {
    let world = World::new();
    let output = world.output_of(&world.shell("a", "cat /proc/self/status"));
    let fields = fields(&output);
    let user = "65532\t65532\t65532\t65532";
    for (name, value) in [
        ("Uid", user),
        ("Gid", user),
        ("CapInh", "0000000000000000"),
        ("CapPrm", "0000000000000000"),
        ("CapEff", "0000000000000000"),
        ("CapBnd", "0000000000000000"),
        ("CapAmb", "0000000000000000"),
        ("NoNewPrivs", "1"),
        ("Seccomp", "2"),
        ("Seccomp_filters", "2"),
    ] {
        assert_eq!(fields.get(name).copied(), Some(value), "{name}");
    }
    if is_root() {
        assert_eq!(fields["Groups"].trim(), "");
    }
}

#[test]
fn the_root_and_what_is_masked_cannot_be_written_or_read() {
    let world = World::new();
    let code = "import os, errno
def attempt(name, action):
    try: action(); print(name, 'allowed')
    except OSError as e: print(name, errno.errorcode[e.errno])
write = lambda path: lambda: open(path, 'a').write('x')
for path in ['/x', '/etc/hosts', '/usr/x', '/dev/x', '/proc/sys/kernel/hostname', '/proc/sysrq-trigger']:
    attempt('write ' + path, write(path))
for path in ['/tmp/x', '/dev/shm/x', '/dev/null']:
    attempt('write ' + path, write(path))
for path in ['/proc/kcore', '/proc/keys', '/proc/timer_list']:
    if os.path.exists(path): attempt('read ' + path, lambda: print(path, len(open(path, 'rb').read(1))))
print('sys', sorted(os.listdir('/sys')), 'root', sorted(os.listdir('/dev')))
print('init', os.path.exists('/proc/1/status'))
attempt('init exe', lambda: os.readlink('/proc/1/exe'))
attempt('init memory', lambda: open('/proc/1/mem', 'rb'))";
    let output = world.output_of(&world.python("a", code));
    for refused in
        ["/x", "/etc/hosts", "/usr/x", "/dev/x", "/proc/sys/kernel/hostname", "/proc/sysrq-trigger"]
    {
        let line = output.lines().find(|line| line.starts_with(&format!("write {refused} ")));
        assert!(line.is_some_and(|line| !line.ends_with("allowed")), "{refused} in {output}");
    }
    for allowed in ["/tmp/x", "/dev/shm/x", "/dev/null"] {
        assert!(output.contains(&format!("write {allowed} allowed")), "{allowed} in {output}");
    }
    assert!(!output.contains("/proc/kcore 1"), "{output}");
    assert!(output.contains("sys ['devices']"), "{output}");
    assert!(output.contains("init exe EACCES"), "{output}");
    assert!(output.contains("init memory EACCES"), "{output}");
}

#[test]
fn a_program_that_enters_is_out_of_reach_until_it_is_executed() {
    let world = World::new();
    // Whoever may read this link may also trace the process: before its filters hold.
    let code = "import os
print('up', flush=True)
while not os.path.exists('/tmp/enough'):
    for pid in filter(str.isdigit, os.listdir('/proc')):
        try: program = os.readlink(f'/proc/{pid}/exe')
        except OSError: continue
        if not program.startswith('/usr/'): print('reached', program, flush=True)";
    let spec = world.python("a", code);
    world.engine.start(&spec).expect("started");
    world.await_line(&spec.id, "up");
    for round in 0..50 {
        let command: &[&str] = if round < 49 { &["true"] } else { &["touch", "/tmp/enough"] };
        assert_eq!(super::exec::run(&world, &spec, &super::exec::exec(command), "").0, 0);
    }
    assert_eq!(world.engine.wait(&spec.id, PATIENCE), Some(ExitReason::Code { code: 0 }));
    assert_eq!(world.output(&spec.id), "up\n");
}

#[test]
fn only_what_belongs_to_the_container_is_mounted() {
    let world = World::new();
    let output = world.output_of(&world.shell("a", "cat /proc/self/mountinfo"));
    let points: Vec<&str> = output.lines().filter_map(|line| line.split(' ').nth(4)).collect();
    assert!(points.contains(&"/"), "{output}");
    for line in output.lines() {
        let (point, options) = (line.split(' ').nth(4), line.split(' ').nth(5));
        let (point, options) = (point.expect("a point"), options.expect("options"));
        let writable = ["/tmp", "/dev/shm", "/dev/pts", "/proc"].contains(&point)
            || (point.starts_with("/dev/") && !point.starts_with("/dev/shm"));
        assert!(writable || options.starts_with("ro"), "{line}");
        assert!(options.contains("nosuid"), "{line}");
        let known = ["/", "/tmp", "/dev", "/sys/devices/system/cpu"].contains(&point)
            || point.starts_with("/dev/")
            || point.starts_with("/proc");
        assert!(known, "{line}");
    }
}

#[test]
fn system_calls_that_containers_do_not_need_are_refused() {
    let world = World::new();
    let code = "import ctypes, errno, os, platform, socket
libc = ctypes.CDLL(None, use_errno=True)
def call(name, function, *args):
    ctypes.set_errno(0)
    result = function(*args)
    print(name, 'allowed' if result >= 0 else errno.errorcode[ctypes.get_errno()])
call('unshare', libc.unshare, 0x10000000)
call('mount', libc.mount, b'x', b'/tmp', b'tmpfs', 0, None)
call('setns', libc.setns, 0, 0)
call('chroot', libc.chroot, b'/tmp')
call('keyctl', libc.syscall, 250, 0, 0, 0) if platform.machine() == 'x86_64' else print('keyctl EPERM')
call('io_uring', libc.syscall, 425, 1, 0)
call('clone3', libc.syscall, 435, 0, 0)
call('tiocsti', libc.ioctl, 0, 0x5412, b'x')
call('getpid', libc.getpid)
for family in (40, 38):
    try: socket.socket(family, socket.SOCK_STREAM); print('family', family, 'allowed')
    except OSError as e: print('family', family, errno.errorcode[e.errno])";
    let output = world.output_of(&world.python("a", code));
    for line in [
        "unshare EPERM",
        "mount EPERM",
        "setns EPERM",
        "chroot EPERM",
        "keyctl EPERM",
        "io_uring ENOSYS",
        "clone3 ENOSYS",
        "tiocsti ENOSYS",
        "getpid allowed",
        "family 40 ENOSYS",
        "family 38 ENOSYS",
    ] {
        assert!(output.lines().any(|found| found == line), "{line} in {output}");
    }
}

#[test]
fn the_hosts_abstract_sockets_are_out_of_reach() {
    let world = World::new();
    if !world.engine.capabilities().abstract_sockets_closed {
        // Landlock before version 6 cannot close them; the capabilities say so.
        return;
    }
    use std::os::linux::net::SocketAddrExt as _;
    let name = format!("windlass-test-{}", std::process::id());
    let address = std::os::unix::net::SocketAddr::from_abstract_name(&name).expect("a name");
    let _listener = std::os::unix::net::UnixListener::bind_addr(&address).expect("a socket");
    std::os::unix::net::UnixStream::connect_addr(&address).expect("reachable from the host");
    let code = format!(
        "import socket\ns = socket.socket(socket.AF_UNIX)\ntry: s.connect('\\0{name}'); print('in')\n\
         except PermissionError: print('out')"
    );
    assert_eq!(world.output_of(&world.python("a", &code)), "out\n");
}

#[test]
fn threads_processes_and_servers_work_under_the_filters() {
    let world = World::new();
    let code = "import asyncio, multiprocessing, subprocess, threading, socket, os, tempfile, mmap, signal, select
assert subprocess.run(['/bin/echo', 'child'], check=True, capture_output=True).stdout == b'child\\n'
t = threading.Thread(target=print, args=('thread',)); t.start(); t.join()
def square(n): return n * n
with multiprocessing.get_context('fork').Pool(2) as pool: print('pool', pool.map(square, [2, 3]))
multiprocessing.shared_memory if hasattr(multiprocessing, 'shared_memory') else None
async def main():
    async def handle(r, w): w.write(await r.readline()); await w.drain(); w.close()
    server = await asyncio.start_unix_server(handle, '/run/windlass/web.sock')
    r, w = await asyncio.open_unix_connection('/run/windlass/web.sock')
    w.write(b'hello\\n'); print('served', await r.readline()); server.close()
    p = await asyncio.create_subprocess_exec('/bin/true'); print('sub', await p.wait())
asyncio.run(main())
with tempfile.TemporaryFile() as f: f.truncate(4096); mmap.mmap(f.fileno(), 4096)
print('cpus', len(os.sched_getaffinity(0)) >= 1, os.cpu_count() >= 1)
print('random', len(os.urandom(8)), 'stdout', open('/dev/stdout', 'w').write('via dev\\n') > 0)";
    let mut spec = world.python("a", code);
    spec.socket = true;
    let (reason, output) = world.run(&spec);
    assert_eq!(reason, ExitReason::Code { code: 0 }, "{output}");
    for line in ["thread", "pool [4, 9]", "served b'hello\\n'", "sub 0", "via dev"] {
        assert!(output.contains(line), "{line} in {output}");
    }
}
