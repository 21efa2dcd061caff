//! Processes of this machine, found by what they were started with. Only ever ended by pid.

use rustix::process::{Pid, Signal, kill_process};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

/// A running process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// Its pid.
    pub pid: i32,
    /// Its parent's pid.
    pub parent: i32,
    /// Its arguments.
    pub arguments: Vec<String>,
}

/// The processes that name `home` in their arguments or environment, and all below them.
///
/// This process is never among them.
pub fn of_home(home: &Path) -> Vec<Process> {
    let needle = home.as_os_str().as_encoded_bytes();
    let all = all();
    let mut ours: BTreeSet<i32> = BTreeSet::new();
    for pid in all.keys() {
        let named = ["cmdline", "environ"].iter().any(|file| {
            let text = fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
            text.windows(needle.len()).any(|window| window == needle)
        });
        if named {
            ours.insert(*pid);
        }
    }
    // Children appear after their parents in no particular order: go on until nothing is added.
    loop {
        let more: Vec<i32> = all
            .values()
            .filter(|process| ours.contains(&process.parent) && !ours.contains(&process.pid))
            .map(|process| process.pid)
            .collect();
        if more.is_empty() {
            break;
        }
        ours.extend(more);
    }
    ours.remove(&(std::process::id() as i32));
    all.into_values().filter(|process| ours.contains(&process.pid)).collect()
}

/// Sends SIGKILL to one process; one that is gone already is fine.
pub fn kill(pid: i32) {
    if let Some(pid) = Pid::from_raw(pid) {
        // The only error that matters here is that the process is gone, which is what is wanted.
        let _ = kill_process(pid, Signal::KILL);
    }
}

/// Waits until a process is gone or a zombie; false when `limit` passed first.
pub fn await_end(pid: i32, limit: Duration) -> bool {
    let end = Instant::now() + limit;
    while is_running(pid) {
        if Instant::now() > end {
            return false;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    true
}

/// Whether a process exists and is no zombie.
pub fn is_running(pid: i32) -> bool {
    stat(pid).is_some_and(|(state, _)| state != 'Z' && state != 'X')
}

/// Proportional set size of a process in bytes: its own memory, and its share of what it shares.
pub fn pss_bytes(pid: i32) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    let line = text.lines().find(|line| line.starts_with("Pss:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kb| kb * 1_024)
}

fn all() -> BTreeMap<i32, Process> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Ok(pid) = entry.file_name().to_string_lossy().parse::<i32>() else { continue };
        let Some((_, parent)) = stat(pid) else { continue };
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let arguments = line
            .split(|byte| *byte == 0)
            .filter(|part| !part.is_empty())
            .map(|part| String::from_utf8_lossy(part).into_owned())
            .collect();
        all.insert(pid, Process { pid, parent, arguments });
    }
    all
}

/// State and parent of a process (proc_pid_stat(5)); the name before them may hold anything.
fn stat(pid: i32) -> Option<(char, i32)> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = text.rsplit_once(')')?.1.split_whitespace();
    Some((fields.next()?.chars().next()?, fields.next()?.parse().ok()?))
}
