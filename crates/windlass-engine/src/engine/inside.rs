//! Looking into a running container: what it uses, where it listens, where its Python code waits.

use super::Engine;
use crate::cgroup::{CgroupUsage, Controller, Enforcement};
use crate::error::ControlError;
use crate::log::{LogFollower, LogStream};
use crate::observed::Usage;
use crate::process;
use crate::state::StateFile;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use windlass_model::{ContainerId, STACK_SIGNAL};

/// How long a process may take to begin writing its stacks: it may wait for a processor.
const FIRST_LINE: Duration = Duration::from_millis(1_500);
/// How long a silence ends one process's stacks.
const SILENCE: Duration = Duration::from_millis(100);
/// Most processes that are asked, and most lines that are kept of each.
const MOST_PROCESSES: usize = 16;
const MOST_LINES: usize = 400;

impl Engine {
    /// What a container uses now; `None` if it does not run.
    pub fn usage(&self, id: &ContainerId) -> Option<Usage> {
        let orders = self.bundle(id).orders()?;
        let pids = self.processes(id)?;
        let counted = CgroupUsage::read(&orders.cgroups);
        let own = || pids.iter().filter_map(|pid| process::resident_bytes(*pid)).sum();
        let limited =
            matches!(self.cgroups.enforcement(Controller::Memory), Enforcement::Yes { .. });
        Some(Usage {
            memory_bytes: counted.memory_bytes.unwrap_or_else(own),
            memory_limit_bytes: orders.spec.limits.memory_bytes.filter(|_| limited),
            processes: pids.len() as u64,
            cpu_us: counted.cpu_us,
            oom_kills: counted.oom_kills,
        })
    }

    /// TCP ports on which a container's processes listen, lowest first; none if it does not run.
    pub fn listening_ports(&self, id: &ContainerId) -> Vec<u16> {
        process::listening_ports(&self.processes(id).unwrap_or_default())
    }

    /// The Python stacks of all processes of a container that offer them, without ending any: a
    /// heading for each process, then its lines. Empty when it does not run or none does.
    ///
    /// Only processes with a handler for [`STACK_SIGNAL`] are signalled, since it would end the
    /// others; what they write to standard error after it is taken from the log. Takes at most
    /// a few seconds.
    pub fn stacks(&self, id: &ContainerId) -> Result<Vec<String>, ControlError> {
        let Some(found) = self.inspect(id).filter(|found| found.state.is_running()) else {
            return Ok(Vec::new());
        };
        let error = |source| ControlError::File {
            id: id.clone(),
            action: "follow",
            path: found.log.clone(),
            source,
        };
        let mut log = LogFollower::from_end(&found.log).map_err(error)?;
        let mut stacks = Vec::new();
        for pid in self.processes(id).unwrap_or_default().into_iter().take(MOST_PROCESSES) {
            if process::signal_handler(pid, STACK_SIGNAL) {
                let lines = collect_stack(&mut log).map_err(error)?;
                stacks.push(heading(pid));
                stacks.extend(lines);
            }
        }
        Ok(stacks)
    }

    /// The control socket and the working folder of a running container.
    pub(crate) fn exec_facts(&self, id: &ContainerId) -> Option<(PathBuf, PathBuf)> {
        let orders =
            self.bundle(id).orders().filter(|_| self.inspect(id).is_some_and(|f| f.is_alive()))?;
        Some((orders.control(), orders.spec.cwd))
    }

    /// The host's pids of a container's processes but its init, ancestors first.
    fn processes(&self, id: &ContainerId) -> Option<Vec<i32>> {
        if !self.inspect(id)?.state.is_running() {
            return None;
        }
        let state = StateFile::read(&self.bundle(id).state_path())?;
        let mut pids = process::tree(state.shim.pid);
        pids.retain(|pid| *pid != state.shim.pid && *pid != state.init.pid);
        Some(pids)
    }
}

fn heading(pid: i32) -> String {
    let inner = process::inner_pid(pid).unwrap_or(pid);
    let command = process::command_line(pid).unwrap_or_else(|| "?".to_owned());
    // A command given as a text (`python -c`) would fill the screen.
    let line: String = command.lines().next().unwrap_or_default().chars().take(120).collect();
    format!("process {inner}: {line}")
}

/// The lines of one process's stacks as `faulthandler` writes them: from the first one on, until
/// nothing has come for a while.
fn collect_stack(log: &mut LogFollower) -> std::io::Result<Vec<String>> {
    let mut lines = Vec::new();
    let mut deadline = Instant::now() + FIRST_LINE;
    while lines.len() < MOST_LINES {
        let left = deadline.saturating_duration_since(Instant::now());
        let Some(line) = log.next(left)? else { break };
        if line.stream == LogStream::Err && is_stack_line(&line.text) {
            lines.push(line.text);
            deadline = Instant::now() + SILENCE;
        }
    }
    Ok(lines)
}

/// Whether a line has the form of `faulthandler`'s output (CPython, Python/traceback.c).
fn is_stack_line(line: &str) -> bool {
    line.starts_with("Thread 0x")
        || line.starts_with("Current thread 0x")
        || line.starts_with("  File \"")
        || line.starts_with("  <")
        || line == "  ..."
        || line.starts_with("Stack (most recent call first)")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lines_of_a_dump_count() {
        for line in [
            "Current thread 0x00007f1 (most recent call first):",
            "Thread 0x00007f2 [worker] (most recent call first):",
            "  File \"/app/a.py\", line 3 in wait",
            "  ...",
        ] {
            assert!(is_stack_line(line), "{line}");
        }
        for line in ["", "INFO started", "Traceback (most recent call last):", "    x = 1"] {
            assert!(!is_stack_line(line), "{line}");
        }
    }
}
