//! Which cgroups this process may make groups in.

use rustix::fs::Access;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};

/// The controllers that limit a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Controller {
    /// Memory.
    Memory,
    /// Number of tasks.
    Pids,
    /// Processor time.
    Cpu,
}

/// The cgroup versions of a host.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CgroupKind {
    /// Version 2 only.
    V2,
    /// Version 1 controllers beside a version 2 tree.
    Hybrid,
    /// Version 1 only.
    V1,
    /// None is mounted.
    #[default]
    None,
}

/// Whether a limit takes effect on this host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "enforced", rename_all = "kebab-case")]
pub enum Enforcement {
    /// It does.
    Yes {
        /// By what.
        by: String,
    },
    /// It does not.
    No {
        /// Why not, and what would change that.
        reason: String,
    },
}

/// Where groups can be made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct CgroupHost {
    /// What the host has mounted, writable or not.
    pub(crate) kind: CgroupKind,
    /// Our folder in the version 2 tree, when we may write there.
    pub(crate) unified: Option<PathBuf>,
    /// The controllers that groups in there have.
    pub(crate) v2_controllers: Vec<Controller>,
    /// Our folder in each version 1 tree that we may write to.
    pub(crate) v1: Vec<(Controller, PathBuf)>,
}

const CONTROLLERS: [(Controller, &str); 3] =
    [(Controller::Memory, "memory"), (Controller::Pids, "pids"), (Controller::Cpu, "cpu")];

/// Our folder in every tree.
const FOLDER: &str = "windlass";

impl CgroupHost {
    /// Looks at the mounts of this process, and makes our folders where that is allowed.
    pub(crate) fn detect() -> Self {
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
        let own = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
        let trees: Vec<(PathBuf, String, String)> =
            mounts.lines().filter_map(parse_mount).collect();
        let mut host = Self::default();
        let (mut has_v1, mut has_v2) = (false, false);
        for (point, kind, options) in &trees {
            if kind == "cgroup2" {
                has_v2 = true;
                if let Some((folder, controllers)) = claim_v2(point, own_path(&own, "").as_deref())
                {
                    host.unified = Some(folder);
                    host.v2_controllers = controllers;
                }
                continue;
            }
            for (controller, name) in CONTROLLERS {
                if options.split(',').any(|option| option == name) {
                    has_v1 = true;
                    host.v1.extend(claim(&point.join(FOLDER)).map(|folder| (controller, folder)));
                }
            }
        }
        host.kind = match (has_v1, has_v2) {
            (false, true) => CgroupKind::V2,
            (true, true) => CgroupKind::Hybrid,
            (true, false) => CgroupKind::V1,
            (false, false) => CgroupKind::None,
        };
        host
    }

    /// Whether a limit takes effect.
    pub(crate) fn enforcement(&self, controller: Controller) -> Enforcement {
        let name = CONTROLLERS.iter().find(|(c, _)| *c == controller).map_or("", |(_, name)| name);
        if self.v2_controllers.contains(&controller) {
            return Enforcement::Yes { by: format!("cgroup v2 {name} controller") };
        }
        if self.v1.iter().any(|(c, _)| *c == controller) {
            return Enforcement::Yes { by: format!("cgroup v1 {name} controller") };
        }
        let reason = match self.kind {
            CgroupKind::None => "no cgroup file system is mounted".to_owned(),
            CgroupKind::V2 => format!(
                "the {name} controller is not delegated to this user; a systemd user service with \
                 Delegate=yes has it"
            ),
            CgroupKind::Hybrid | CgroupKind::V1 => {
                format!("the cgroup v1 {name} controller is writable by root only")
            }
        };
        Enforcement::No { reason }
    }
}

/// Mount point, type and superblock options of a line of mountinfo (proc_pid_mountinfo(5)), when
/// it is a cgroup.
fn parse_mount(line: &str) -> Option<(PathBuf, String, String)> {
    let (left, right) = line.split_once(" - ")?;
    let point = left.split(' ').nth(4)?;
    let mut right = right.split(' ');
    let kind = right.next().filter(|kind| kind.starts_with("cgroup"))?;
    let options = right.nth(1)?;
    Some((point.into(), kind.to_owned(), options.to_owned()))
}

/// Our own group in one hierarchy, from /proc/self/cgroup.
fn own_path(text: &str, controllers: &str) -> Option<PathBuf> {
    text.lines().find_map(|line| {
        let (_, rest) = line.split_once(':')?;
        let (names, path) = rest.split_once(':')?;
        (names == controllers).then(|| path.trim_start_matches('/').into())
    })
}

fn claim(folder: &Path) -> Option<PathBuf> {
    let made = fs::create_dir_all(folder);
    (made.is_ok() && is_writable(folder)).then(|| folder.to_owned())
}

/// The highest group above our own that we may use, with its controllers passed on. Groups can
/// only be filled by who may write to the common ancestor, so ours must be below that one.
fn claim_v2(point: &Path, own: Option<&Path>) -> Option<(PathBuf, Vec<Controller>)> {
    let own = point.join(own?);
    let base = own
        .ancestors()
        .filter(|group| group.starts_with(point))
        .filter(|group| is_writable(&group.join("cgroup.procs")))
        .last()?;
    let folder = claim(&base.join(FOLDER))?;
    for (_, name) in CONTROLLERS {
        // Each by itself: one that is missing must not cost the others.
        for group in [base, &folder] {
            let _ = fs::write(group.join("cgroup.subtree_control"), format!("+{name}"));
        }
    }
    let passed = fs::read_to_string(folder.join("cgroup.subtree_control")).unwrap_or_default();
    let has = |name: &str| passed.split_whitespace().any(|word| word == name);
    Some((folder, CONTROLLERS.iter().filter(|(_, n)| has(n)).map(|(c, _)| *c).collect()))
}

fn is_writable(path: &Path) -> bool {
    rustix::fs::access(path, Access::WRITE_OK).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mountinfo_lines_are_read_by_their_fields() {
        let v1 = "33 24 0:29 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory";
        let expected = ("/sys/fs/cgroup/memory".into(), "cgroup".into(), "rw,memory".into());
        assert_eq!(parse_mount(v1), Some(expected));
        let v2 = "34 24 0:30 / /sys/fs/cgroup rw shared:4 - cgroup2 cgroup2 rw,nsdelegate";
        assert_eq!(parse_mount(v2).map(|mount| mount.1), Some("cgroup2".to_owned()));
        assert_eq!(parse_mount("22 1 8:1 / / rw - ext4 /dev/sda rw"), None);
    }

    #[test]
    fn own_groups_are_found_by_hierarchy() {
        let text = "8:pids:/\n4:memory:/a/b\n0::/user.slice/x.scope\n";
        assert_eq!(own_path(text, "memory"), Some("a/b".into()));
        assert_eq!(own_path(text, ""), Some("user.slice/x.scope".into()));
        assert_eq!(own_path(text, "cpu"), None);
    }
}
