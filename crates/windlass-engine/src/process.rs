//! What /proc says about the processes of a container. What disappears meanwhile is skipped.

use crate::sys;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;

/// When a process started, in clock ticks since the host did; `None` when there is no such one.
pub(crate) fn started_ticks(pid: i32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    after_name(&stat)?.split(' ').nth(19)?.parse().ok()
}

/// A process and all below it, ancestors first.
pub(crate) fn tree(root: i32) -> Vec<i32> {
    let mut children: BTreeMap<i32, Vec<i32>> = BTreeMap::new();
    for pid in all() {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok();
        let parent = stat.as_deref().and_then(after_name).and_then(|rest| rest.split(' ').nth(1));
        if let Some(parent) = parent.and_then(|parent| parent.parse().ok()) {
            children.entry(parent).or_default().push(pid);
        }
    }
    let mut found = vec![root];
    let mut next = 0;
    while let Some(pid) = found.get(next) {
        let below = children.remove(pid).unwrap_or_default();
        found.extend(below);
        next += 1;
    }
    found
}

fn all() -> impl Iterator<Item = i32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// The fields of a stat line after the name, which may itself hold spaces and brackets; the
/// first of them is field 3 of proc_pid_stat(5).
fn after_name(stat: &str) -> Option<&str> {
    stat.rsplit_once(") ").map(|(_, rest)| rest)
}

/// One `Name:` line of a process's status.
fn status_field(pid: i32, name: &str) -> Option<String> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let value = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    Some(value.trim().to_owned())
}

/// Whether a process has a handler for a signal.
pub(crate) fn handles(pid: i32, signal: i32) -> bool {
    let mask = status_field(pid, "SigCgt").and_then(|hex| u64::from_str_radix(&hex, 16).ok());
    mask.is_some_and(|mask| mask & (1 << (signal - 1)) != 0)
}

/// The pid of a process as its own container sees it.
pub(crate) fn inner_pid(pid: i32) -> Option<i32> {
    status_field(pid, "NSpid")?.split_whitespace().last()?.parse().ok()
}

/// The command line of a process, for people.
pub(crate) fn command_line(pid: i32) -> Option<String> {
    let words = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let words = String::from_utf8_lossy(&words).replace('\0', " ");
    Some(words.trim_end().to_owned()).filter(|words| !words.is_empty())
}

/// Memory in use by a process in bytes, as far as it is not shared with others.
pub(crate) fn resident_bytes(pid: i32) -> Option<u64> {
    let statm = fs::read_to_string(format!("/proc/{pid}/statm")).ok()?;
    let mut pages = statm.split(' ').skip(1).map(|field| field.parse::<u64>().unwrap_or(0));
    let (resident, shared) = (pages.next()?, pages.next()?);
    Some(resident.saturating_sub(shared) * rustix::param::page_size() as u64)
}

/// TCP ports on which any of the processes listens, lowest first.
pub(crate) fn listening_ports(pids: &[i32]) -> Vec<u16> {
    let mut sockets = BTreeSet::new();
    for pid in pids {
        let fds = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
        for target in fds.filter_map(|fd| fs::read_link(fd.path()).ok()) {
            let inode = target.to_str().and_then(|name| {
                name.strip_prefix("socket:[")?.strip_suffix(']')?.parse::<u64>().ok()
            });
            sockets.extend(inode);
        }
    }
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(fs::read_to_string);
    let ports: BTreeSet<u16> = tables
        .iter()
        .flatten()
        .flat_map(|table| table.lines().filter_map(parse_listener))
        .filter(|(_, inode)| sockets.contains(inode))
        .map(|(port, _)| port)
        .collect();
    ports.into_iter().collect()
}

/// Port and inode of a line of /proc/net/tcp, when it is a listening socket (state 0A).
fn parse_listener(line: &str) -> Option<(u16, u64)> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let (_, port) = fields.get(1)?.rsplit_once(':')?;
    if *fields.get(3)? != "0A" {
        return None;
    }
    Some((u16::from_str_radix(port, 16).ok()?, fields.get(9)?.parse().ok()?))
}

/// Sends a signal to a process if it still is the one that handles it.
pub(crate) fn signal_handler(pid: i32, signal: i32) -> bool {
    handles(pid, signal) && sys::send_signal(pid, signal).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_brackets_do_not_shift_fields() {
        let stat = "12 (a) b) c) S 7 12 12";
        assert_eq!(after_name(stat).and_then(|rest| rest.split(' ').nth(1)), Some("7"));
        let own = std::process::id() as i32;
        assert!(started_ticks(own).is_some_and(|ticks| ticks > 0));
        assert!(tree(own).contains(&own));
    }

    #[test]
    fn only_listening_sockets_count() {
        let line = |state: &str| {
            format!("  0: 0100007F:1F90 00000000:0000 {state} 0:0 00:0 0 1000 0 4242 1 x")
        };
        assert_eq!(parse_listener(&line("0A")), Some((8_080, 4_242)));
        assert_eq!(parse_listener(&line("01")), None);
        assert_eq!(parse_listener("  sl  local_address rem_address   st"), None);
    }
}
