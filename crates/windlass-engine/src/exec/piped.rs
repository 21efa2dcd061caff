//! Pipes in the place of a client's terminal, which no container gets into its hands.
//!
//! Whoever has a terminal open can read what is typed into it later, change its modes and draw on
//! it, for as long as he likes. So a program without a terminal of the container's own gets files
//! and pipes as they are, but a pipe for each stream that is a terminal.

use super::{Streams, write_all};
use rustix::event::{PollFd, PollFlags};
use rustix::io::Errno;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// The pipes of one program.
#[derive(Default)]
pub(super) struct Piped {
    /// What the program gets in the place of each stream; closed here once it has them.
    given: [Option<OwnedFd>; 3],
    /// Our ends: one to write to, two to read from.
    ours: [Option<OwnedFd>; 3],
    /// Typed and not yet taken by the program.
    typed: Vec<u8>,
}

/// How often output is read once the program has ended: what it left in a pipe takes a few. Others
/// that it started may write for ever.
const LAST_READS: usize = 64;

impl Piped {
    /// A pipe for each stream that is a terminal.
    pub(super) fn beside(streams: &Streams<'_>) -> io::Result<Self> {
        let mut piped = Self::default();
        for index in (0..3).filter(|index| rustix::termios::isatty(streams[*index])) {
            let (reader, writer) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
            let (given, ours) = if index == 0 { (reader, writer) } else { (writer, reader) };
            rustix::io::ioctl_fionbio(&ours, true)?;
            (piped.given[index], piped.ours[index]) = (Some(given), Some(ours));
        }
        Ok(piped)
    }

    /// What the program gets.
    pub(super) fn given<'a>(&'a self, streams: &Streams<'a>) -> Streams<'a> {
        std::array::from_fn(|index| self.given[index].as_ref().map_or(streams[index], AsFd::as_fd))
    }

    /// Copies between terminals and pipes until the shim has something to say.
    pub(super) fn relay(
        &mut self,
        connection: BorrowedFd<'_>,
        streams: &Streams<'_>,
    ) -> io::Result<()> {
        self.given = Default::default();
        while self.ours.iter().any(Option::is_some) {
            let [said, typed, taken, out, errors] = self.wait(connection, streams[0])?;
            if taken {
                self.feed();
            }
            if typed {
                self.take_typed(streams[0]);
            }
            for index in [(1, out), (2, errors)].into_iter().filter_map(|(n, it)| it.then_some(n)) {
                self.copy_output(index, streams[index])?;
            }
            if said {
                return self.copy_rest(streams);
            }
        }
        Ok(())
    }

    /// Waits for the shim, the keyboard, the program's input and its two outputs; which are ready.
    fn wait(&self, connection: BorrowedFd<'_>, keyboard: BorrowedFd<'_>) -> io::Result<[bool; 5]> {
        let [input, out, errors] = self.ours.each_ref().map(|end| end.as_ref().map(AsFd::as_fd));
        // More is read only once the program has taken what is here.
        let (read, write) = match (input, self.typed.is_empty()) {
            (Some(_), true) => (Some(keyboard), PollFlags::empty()),
            _ => (None, PollFlags::OUT),
        };
        let watched = [
            (Some(connection), PollFlags::IN),
            (read, PollFlags::IN),
            // Without flags it tells only that nobody reads any more.
            (input, write),
            (out, PollFlags::IN),
            (errors, PollFlags::IN),
        ];
        let mut fds =
            watched.map(|(fd, flags)| PollFd::from_borrowed_fd(fd.unwrap_or(connection), flags));
        rustix::io::retry_on_intr(|| rustix::event::poll(&mut fds, None))?;
        Ok(std::array::from_fn(|n| watched[n].0.is_some() && !fds[n].revents().is_empty()))
    }

    fn take_typed(&mut self, keyboard: BorrowedFd<'_>) {
        let mut buffer = [0_u8; 4_096];
        match rustix::io::retry_on_intr(|| rustix::io::read(keyboard, &mut buffer)) {
            Ok(read) if read > 0 => self.typed.extend_from_slice(&buffer[..read]),
            // The end of input, or a terminal that is gone.
            Ok(_) | Err(_) => self.ours[0] = None,
        }
    }

    fn feed(&mut self) {
        let Some(input) = &self.ours[0] else { return };
        match rustix::io::retry_on_intr(|| rustix::io::write(input, &self.typed)) {
            Ok(written) if !self.typed.is_empty() => drop(self.typed.drain(..written)),
            Err(Errno::AGAIN) => {}
            // Nobody reads it any more.
            Ok(_) | Err(_) => self.ours[0] = None,
        }
    }

    /// Copies what there is of one output; whether there may be more.
    fn copy_output(&mut self, index: usize, terminal: BorrowedFd<'_>) -> io::Result<bool> {
        let Some(pipe) = &self.ours[index] else { return Ok(false) };
        let mut buffer = [0_u8; 16_384];
        match rustix::io::retry_on_intr(|| rustix::io::read(pipe, &mut buffer)) {
            Ok(0) => {
                self.ours[index] = None;
                Ok(false)
            }
            Ok(read) => write_all(terminal, &buffer[..read]).map(|()| true),
            Err(Errno::AGAIN) => Ok(false),
            Err(errno) => Err(errno.into()),
        }
    }

    fn copy_rest(&mut self, streams: &Streams<'_>) -> io::Result<()> {
        for index in [1, 2] {
            for _ in 0..LAST_READS {
                if !self.copy_output(index, streams[index])? {
                    break;
                }
            }
        }
        Ok(())
    }
}
