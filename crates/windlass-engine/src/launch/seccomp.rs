//! The system call filters: an allow list, and a list of what is refused loudly.
//!
//! Two filters, since one filter has one answer for what it does not allow. Where both refuse,
//! the one installed last decides the error (seccomp(2), "If multiple filters exist"): so what no
//! list names does not exist (ENOSYS), and what needs capabilities is forbidden (EPERM).

mod names;

use super::failure::Failure;
use rustix::io::Errno;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch,
};
use std::collections::BTreeMap;

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// Every namespace flag of clone(2): a new user namespace would bring capabilities back.
const CLONE_NEW: u64 = (libc::CLONE_NEWNS
    | libc::CLONE_NEWCGROUP
    | libc::CLONE_NEWUTS
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUSER
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWNET) as u64;

/// Personalities that change nothing about protection: Linux, Linux 32 bit, their variants
/// without a 2.6 version, and the question for the present one.
const PERSONALITIES: [u64; 5] = [0x0, 0x8, 0x2_0000, 0x2_0008, 0xffff_ffff];

/// The filters by name, in the order of installation.
pub(crate) fn filters() -> Result<[(&'static str, BpfProgram); 2], Failure> {
    Ok([("allowed calls", compile(allowed)?), ("forbidden calls", compile(refused)?)])
}

fn compile(
    make: fn() -> Result<SeccompFilter, seccompiler::BackendError>,
) -> Result<BpfProgram, Failure> {
    make()
        .and_then(BpfProgram::try_from)
        .map_err(|error| Failure::new(format!("compile the filter: {error}"), Errno::INVAL))
}

fn allowed() -> Result<SeccompFilter, seccompiler::BackendError> {
    let mut rules: Rules =
        names::ALLOWED.iter().chain(names::ALLOWED_HERE).map(|call| (*call, vec![])).collect();
    let clone_flags =
        SeccompCondition::new(0, SeccompCmpArgLen::Qword, SeccompCmpOp::MaskedEq(CLONE_NEW), 0)?;
    rules.insert(libc::SYS_clone, vec![SeccompRule::new(vec![clone_flags])?]);
    rules.insert(libc::SYS_socket, vec![none_of(0, &[libc::AF_VSOCK, libc::AF_ALG])?]);
    // TIOCSTI and TIOCLINUX type into a terminal in the user's name.
    rules.insert(libc::SYS_ioctl, vec![none_of(1, &[0x5412, 0x541c])?]);
    let personality = |value: u64| {
        let equal = SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, value)?;
        SeccompRule::new(vec![equal])
    };
    let personalities =
        PERSONALITIES.iter().map(|value| personality(*value)).collect::<Result<_, _>>()?;
    rules.insert(libc::SYS_personality, personalities);
    let absent = SeccompAction::Errno(libc::ENOSYS as u32);
    SeccompFilter::new(rules, absent, SeccompAction::Allow, architecture()?)
}

fn refused() -> Result<SeccompFilter, seccompiler::BackendError> {
    let mut rules: Rules =
        names::REFUSED.iter().chain(names::REFUSED_HERE).map(|call| (*call, vec![])).collect();
    // What the first filter lets through by argument only, refused as the kernel would.
    let namespaces = [libc::CLONE_NEWUSER, libc::CLONE_NEWNS, libc::CLONE_NEWPID]
        .into_iter()
        .chain([libc::CLONE_NEWNET, libc::CLONE_NEWIPC, libc::CLONE_NEWUTS])
        .chain([libc::CLONE_NEWCGROUP])
        .map(|flag| {
            let op = SeccompCmpOp::MaskedEq(flag as u64);
            let set = SeccompCondition::new(0, SeccompCmpArgLen::Qword, op, flag as u64)?;
            SeccompRule::new(vec![set])
        })
        .collect::<Result<_, _>>()?;
    rules.insert(libc::SYS_clone, namespaces);
    let forbidden = SeccompAction::Errno(libc::EPERM as u32);
    SeccompFilter::new(rules, SeccompAction::Allow, forbidden, architecture()?)
}

fn none_of(argument: u8, values: &[i32]) -> Result<SeccompRule, seccompiler::BackendError> {
    let differs = |value: &i32| {
        let op = SeccompCmpOp::Ne;
        SeccompCondition::new(argument, SeccompCmpArgLen::Dword, op, *value as u64)
    };
    SeccompRule::new(values.iter().map(differs).collect::<Result<_, _>>()?)
}

fn architecture() -> Result<TargetArch, seccompiler::BackendError> {
    std::env::consts::ARCH.try_into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_compile_and_fit_the_kernel() {
        for (name, program) in filters().expect("valid rules") {
            // BPF_MAXINSNS of linux/bpf_common.h.
            assert!(program.len() <= 4_096, "{name}: {}", program.len());
        }
    }

    #[test]
    fn no_call_is_on_two_lists() {
        let refused: Vec<_> = names::REFUSED.iter().chain(names::REFUSED_HERE).collect();
        for call in names::ALLOWED.iter().chain(names::ALLOWED_HERE) {
            assert!(!refused.contains(&call), "{call}");
        }
    }
}
