//! Accounting and limits of a container's processes, on whatever cgroups the host has.
//!
//! Three kinds of host: version 2 with controllers; version 1 controllers with an empty version 2
//! beside them (hybrid), where limits come from version 1 and the exact list of processes from
//! version 2; and hosts where the user may write to neither, where nothing is limited and
//! [`crate::HostCapabilities`] says so. What this module does not do: guess a limit by other means.

mod detect;
mod files;

pub(crate) use detect::{CgroupHost, Controller};
pub use detect::{CgroupKind, Enforcement};
pub(crate) use files::CgroupUsage;

use crate::launch::failure::Failure;
use rustix::fs::{CWD, Mode, OFlags};
use serde::{Deserialize, Serialize};
use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use windlass_model::Resources;

/// The groups that one container uses. Plain paths, so that whoever reads a bundle can clean up.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CgroupPlan {
    /// Its group in the version 2 tree, if that is writable.
    pub(crate) unified: Option<PathBuf>,
    /// Its groups in version 1 trees.
    pub(crate) v1: Vec<PathBuf>,
    /// What is written where, before any process is inside.
    pub(crate) limits: Vec<Limit>,
}

/// One setting of a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Limit {
    /// The group's file.
    pub(crate) file: PathBuf,
    /// What is written to it.
    pub(crate) value: String,
    /// Whether a host without that file is fine.
    pub(crate) optional: bool,
}

/// Period of processor limits, in microseconds: the kernel's default.
const CPU_PERIOD_US: u64 = 100_000;

impl CgroupPlan {
    /// The groups of the container `name` on `host`: a pure decision.
    pub(crate) fn new(host: &CgroupHost, name: &str, limits: &Resources) -> Self {
        let mut plan = Self::default();
        // The container's init is a task too, and is not the app's.
        let tasks = u64::from(limits.pids) + 1;
        let quota = limits.cpu_millis.map(|millis| u64::from(millis) * CPU_PERIOD_US / 1_000);
        if let Some(tree) = &host.unified {
            let dir = tree.join(name);
            let has = |controller| host.v2_controllers.contains(&controller);
            if has(Controller::Pids) {
                plan.limit(dir.join("pids.max"), &tasks, false);
            }
            if let (true, Some(bytes)) = (has(Controller::Memory), limits.memory_bytes) {
                plan.limit(dir.join("memory.max"), &bytes, false);
                plan.limit(dir.join("memory.swap.max"), &0, true);
            }
            if let (true, Some(quota)) = (has(Controller::Cpu), quota) {
                plan.limit(dir.join("cpu.max"), &format!("{quota} {CPU_PERIOD_US}"), false);
            }
            plan.unified = Some(dir);
        }
        for (controller, tree) in &host.v1 {
            let dir = tree.join(name);
            match (controller, limits.memory_bytes, quota) {
                (Controller::Pids, ..) => plan.limit(dir.join("pids.max"), &tasks, false),
                (Controller::Memory, Some(bytes), _) => {
                    plan.limit(dir.join("memory.limit_in_bytes"), &bytes, false);
                    plan.limit(dir.join("memory.memsw.limit_in_bytes"), &bytes, true);
                }
                (Controller::Cpu, _, Some(quota)) => {
                    plan.limit(dir.join("cpu.cfs_period_us"), &CPU_PERIOD_US, false);
                    plan.limit(dir.join("cpu.cfs_quota_us"), &quota, false);
                }
                // Joining a version 1 group costs milliseconds: not done for nothing.
                (Controller::Cpu, _, None) => continue,
                (Controller::Memory, None, _) => {}
            }
            plan.v1.push(dir);
        }
        plan
    }

    fn limit(&mut self, file: PathBuf, value: &dyn ToString, optional: bool) {
        self.limits.push(Limit { file, value: value.to_string(), optional });
    }

    fn groups(&self) -> impl Iterator<Item = &Path> {
        self.unified.iter().chain(&self.v1).map(PathBuf::as_path)
    }

    /// Makes the groups and sets their limits. Groups that are there already are taken over.
    pub(crate) fn create(&self) -> Result<(), Failure> {
        for dir in self.groups() {
            fs::create_dir_all(dir).map_err(|error| {
                Failure::io(format!("make the cgroup {}", dir.display()), &error)
            })?;
        }
        for limit in &self.limits {
            match fs::write(&limit.file, &limit.value) {
                Err(error) if !(limit.optional && error.kind() == io::ErrorKind::NotFound) => {
                    let step = format!("write {} to {}", limit.value, limit.file.display());
                    return Err(Failure::io(step, &error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The version 2 group, to start a process in.
    pub(crate) fn open_unified(&self) -> Result<Option<OwnedFd>, Failure> {
        let Some(dir) = &self.unified else { return Ok(None) };
        let flags = OFlags::DIRECTORY | OFlags::RDONLY | OFlags::CLOEXEC;
        rustix::fs::openat(CWD, dir, flags, Mode::empty())
            .map(Some)
            .map_err(|errno| Failure::new(format!("open the cgroup {}", dir.display()), errno))
    }

    /// Moves a process into the version 1 groups.
    pub(crate) fn join_v1(&self, pid: i32) -> Result<(), Failure> {
        self.v1.iter().try_for_each(|dir| join(dir, pid))
    }

    /// Moves a process into all groups.
    pub(crate) fn join_all(&self, pid: i32) -> Result<(), Failure> {
        self.groups().try_for_each(|dir| join(dir, pid))
    }

    /// Kills whatever is left inside, where the kernel can do that (cgroup v2, Linux 5.14).
    pub(crate) fn kill(&self) {
        if let Some(dir) = &self.unified {
            let _ = fs::write(dir.join("cgroup.kill"), "1");
        }
    }

    /// Removes the groups. Those that still have processes, or are gone, are reported as such.
    pub(crate) fn remove(&self) -> io::Result<()> {
        for dir in self.groups() {
            match fs::remove_dir(dir) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }
}

fn join(dir: &Path, pid: i32) -> Result<(), Failure> {
    fs::write(dir.join("cgroup.procs"), pid.to_string())
        .map_err(|error| Failure::io(format!("join the cgroup {}", dir.display()), &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> Resources {
        Resources { memory_bytes: Some(1_000_000), cpu_millis: Some(500), pids: 9 }
    }

    fn written(plan: &CgroupPlan) -> Vec<String> {
        plan.limits.iter().map(|l| format!("{}={}", l.file.display(), l.value)).collect()
    }

    #[test]
    fn version_2_takes_what_it_has_controllers_for() {
        let host = CgroupHost {
            unified: Some("/c".into()),
            v2_controllers: vec![Controller::Memory, Controller::Pids, Controller::Cpu],
            ..CgroupHost::default()
        };
        let plan = CgroupPlan::new(&host, "a", &limits());
        assert_eq!(plan.unified, Some("/c/a".into()));
        assert_eq!(
            written(&plan),
            [
                "/c/a/pids.max=10",
                "/c/a/memory.max=1000000",
                "/c/a/memory.swap.max=0",
                "/c/a/cpu.max=50000 100000"
            ]
        );
    }

    #[test]
    fn hybrid_limits_by_version_1_and_lists_by_version_2() {
        let host = CgroupHost {
            unified: Some("/u".into()),
            v1: vec![(Controller::Memory, "/m".into()), (Controller::Cpu, "/p".into())],
            ..CgroupHost::default()
        };
        let plan = CgroupPlan::new(&host, "a", &Resources::DEFAULT);
        assert_eq!((plan.unified, plan.v1), (Some("/u/a".into()), vec![PathBuf::from("/m/a")]));
        let plan = CgroupPlan::new(&host, "a", &limits());
        assert_eq!(plan.v1, [PathBuf::from("/m/a"), "/p/a".into()]);
        assert!(written(&plan).contains(&"/m/a/memory.limit_in_bytes=1000000".to_owned()));
        assert!(written(&plan).contains(&"/p/a/cpu.cfs_quota_us=50000".to_owned()));
    }

    #[test]
    fn a_host_without_cgroups_plans_none() {
        let plan = CgroupPlan::new(&CgroupHost::default(), "a", &limits());
        assert_eq!(plan, CgroupPlan::default());
    }
}
