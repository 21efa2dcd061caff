//! What a new process tells the shim through a pipe: fixed-size records, so that nothing has to
//! be allocated to write one, and each write is atomic.

use rustix::io::Errno;
use std::os::fd::BorrowedFd;

/// One message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Report {
    /// A step failed. Indexes count through all steps of the process; the constants below name
    /// what is no step.
    Failed {
        /// Which step.
        index: u32,
        /// What the kernel said.
        errno: i32,
    },
    /// The command runs.
    Started,
    /// A session's process was made.
    Forked {
        /// Its pid as the shim sees it.
        pid: i32,
    },
    /// The command exited.
    Exited {
        /// Its exit code.
        code: i32,
    },
    /// A signal ended the command.
    Signalled {
        /// Which one.
        signal: i32,
    },
}

/// Index of the change to the working folder.
pub(crate) const WORK_FOLDER: u32 = u32::MAX;
/// Index of the execution of the command.
pub(crate) const EXECUTE: u32 = u32::MAX - 1;
/// Index of the making of the command's process.
pub(crate) const FORK: u32 = u32::MAX - 2;
/// Index of preparing standard input and output.
pub(crate) const STREAMS: u32 = u32::MAX - 3;
/// Index of opening a terminal.
pub(crate) const TERMINAL: u32 = u32::MAX - 4;

const SIZE: usize = 12;

impl Report {
    /// Writes it. A reader that is gone is no concern of the writer's.
    pub(crate) fn write(self, pipe: BorrowedFd<'_>) {
        let (kind, a, b) = match self {
            Report::Failed { index, errno } => (1_u32, index as i32, errno),
            Report::Started => (2, 0, 0),
            Report::Forked { pid } => (3, pid, 0),
            Report::Exited { code } => (4, code, 0),
            Report::Signalled { signal } => (5, signal, 0),
        };
        let mut record = [0_u8; SIZE];
        record[..4].copy_from_slice(&kind.to_ne_bytes());
        record[4..8].copy_from_slice(&a.to_ne_bytes());
        record[8..].copy_from_slice(&b.to_ne_bytes());
        let _ = rustix::io::retry_on_intr(|| rustix::io::write(pipe, &record));
    }

    /// Reads the next one; `None` when the other end is closed.
    pub(crate) fn read(pipe: BorrowedFd<'_>) -> Result<Option<Self>, Errno> {
        let mut record = [0_u8; SIZE];
        let read = rustix::io::retry_on_intr(|| rustix::io::read(pipe, &mut record))?;
        if read == 0 {
            return Ok(None);
        }
        let word = |at: usize| {
            i32::from_ne_bytes([record[at], record[at + 1], record[at + 2], record[at + 3]])
        };
        let (a, b) = (word(4), word(8));
        match (read, word(0)) {
            (SIZE, 1) => Ok(Some(Report::Failed { index: a as u32, errno: b })),
            (SIZE, 2) => Ok(Some(Report::Started)),
            (SIZE, 3) => Ok(Some(Report::Forked { pid: a })),
            (SIZE, 4) => Ok(Some(Report::Exited { code: a })),
            (SIZE, 5) => Ok(Some(Report::Signalled { signal: a })),
            _ => Err(Errno::BADMSG),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsFd;

    #[test]
    fn every_report_survives_the_pipe() {
        let (reader, writer) = rustix::pipe::pipe().expect("a pipe");
        let reports = [
            Report::Failed { index: EXECUTE, errno: 2 },
            Report::Started,
            Report::Forked { pid: 7 },
            Report::Exited { code: 3 },
            Report::Signalled { signal: 9 },
        ];
        for report in reports {
            report.write(writer.as_fd());
            assert_eq!(Report::read(reader.as_fd()), Ok(Some(report)));
        }
        drop(writer);
        assert_eq!(Report::read(reader.as_fd()), Ok(None));
    }
}
