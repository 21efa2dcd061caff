//! Why a process ended.

use serde::{Deserialize, Serialize};
use std::fmt;

/// How a container's process ended, as its shim recorded it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
pub enum ExitReason {
    /// It called `exit` with this code.
    Code {
        /// 0 to 255.
        code: u8,
    },
    /// A signal ended it.
    Signal {
        /// The signal's number, as in signal(7).
        signal: i32,
    },
    /// The kernel killed it, or a process of its container, for want of memory.
    OutOfMemory {
        /// The limit that was in force, in bytes, when one was.
        limit_bytes: Option<u64>,
    },
    /// Its shim died with it, so nobody saw the end.
    ShimLost,
}

impl ExitReason {
    /// Whether the process ended by itself with code 0.
    pub fn is_success(self) -> bool {
        self == ExitReason::Code { code: 0 }
    }

    /// The exit code that a shell would report: 128 + signal for signals.
    pub fn shell_code(self) -> u8 {
        match self {
            ExitReason::Code { code } => code,
            ExitReason::Signal { signal } => 128_u8.saturating_add(signal as u8),
            ExitReason::OutOfMemory { .. } => 137,
            ExitReason::ShimLost => 255,
        }
    }
}

impl fmt::Display for ExitReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ExitReason::Code { code } => write!(f, "exited with code {code}"),
            ExitReason::Signal { signal } => match signal_name(*signal) {
                Some(name) => write!(f, "ended by {name}"),
                None => write!(f, "ended by signal {signal}"),
            },
            ExitReason::OutOfMemory { limit_bytes: Some(limit) } => {
                write!(f, "out of memory (limit {})", crate::quantity::format_bytes(*limit))
            }
            ExitReason::OutOfMemory { limit_bytes: None } => f.write_str("out of memory"),
            ExitReason::ShimLost => f.write_str("ended unseen (its shim was killed)"),
        }
    }
}

/// The name of the signals that end web processes in practice.
pub fn signal_name(signal: i32) -> Option<&'static str> {
    Some(match signal {
        1 => "SIGHUP",
        2 => "SIGINT",
        3 => "SIGQUIT",
        4 => "SIGILL",
        6 => "SIGABRT",
        7 => "SIGBUS",
        8 => "SIGFPE",
        9 => "SIGKILL",
        10 => "SIGUSR1",
        11 => "SIGSEGV",
        12 => "SIGUSR2",
        13 => "SIGPIPE",
        14 => "SIGALRM",
        15 => "SIGTERM",
        31 => "SIGSYS",
        _ => return None,
    })
}
