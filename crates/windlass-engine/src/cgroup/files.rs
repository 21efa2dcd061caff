//! Reading what groups count.

use super::CgroupPlan;
use std::path::Path;

/// What the kernel counted for a container.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct CgroupUsage {
    /// Memory in use in bytes, page cache included.
    pub(crate) memory_bytes: Option<u64>,
    /// Tasks.
    pub(crate) tasks: Option<u64>,
    /// Processor time in microseconds.
    pub(crate) cpu_us: Option<u64>,
    /// Processes killed for want of memory.
    pub(crate) oom_kills: u64,
}

impl CgroupUsage {
    /// Reads the files of a container's groups, of either version.
    pub(crate) fn read(plan: &CgroupPlan) -> Self {
        let mut usage = Self::default();
        for dir in plan.groups() {
            let number = |name: &str| read_number(&dir.join(name));
            let counter = |file: &str, key: &str| read_counter(&dir.join(file), key);
            usage.memory_bytes = usage
                .memory_bytes
                .or_else(|| number("memory.current"))
                .or_else(|| number("memory.usage_in_bytes"));
            usage.tasks = usage.tasks.or_else(|| number("pids.current"));
            usage.cpu_us = usage.cpu_us.or_else(|| counter("cpu.stat", "usage_usec"));
            usage.oom_kills += counter("memory.events", "oom_kill")
                .or_else(|| counter("memory.oom_control", "oom_kill"))
                .unwrap_or(0);
        }
        usage
    }
}

/// A file that holds one number.
fn read_number(path: &Path) -> Option<u64> {
    std::fs::read_to_string(path).ok()?.trim().parse().ok()
}

/// A line `key number` of a flat keyed file.
fn read_counter(path: &Path, key: &str) -> Option<u64> {
    let text = std::fs::read_to_string(path).ok()?;
    text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(' ')?.trim().parse().ok())
}
