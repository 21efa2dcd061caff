//! The one place where a shim waits.

use super::session::Session;
use super::supervise::Supervisor;
use rustix::event::{PollFd, PollFlags, Timespec};
use std::os::fd::AsFd;
use std::time::Duration;

/// What happened.
pub(super) struct Events {
    /// Init's end, its report, output, error, control socket, signals.
    pub(super) fixed: [bool; 6],
    pub(super) clients: Vec<bool>,
    /// For each session: it has something to tell; its client said something or left.
    pub(super) sessions: Vec<(bool, bool)>,
}

fn timespec(duration: Duration) -> Timespec {
    Timespec { tv_sec: duration.as_secs() as i64, tv_nsec: duration.subsec_nanos().into() }
}

impl Supervisor<'_> {
    /// Waits for something to happen.
    pub(super) fn wait(&self) -> Events {
        let container = &self.container;
        // A closed stream would be ready for ever: something quiet is watched in its place.
        let quiet = container.signals.as_fd();
        let watch = |open, fd| if open { fd } else { quiet };
        let fixed = [
            container.init.as_fd(),
            watch(self.ended.is_none(), container.report.as_fd()),
            watch(self.open[0], container.output[0].as_fd()),
            watch(self.open[1], container.output[1].as_fd()),
            container.control.as_fd(),
            quiet,
        ];
        let clients = self.clients.iter().map(AsFd::as_fd);
        let sessions = self.sessions.iter().flat_map(|session| {
            [session.watched().unwrap_or(quiet), watch(!session.hung_up, session.client.as_fd())]
        });
        let mut fds: Vec<PollFd<'_>> = fixed
            .into_iter()
            .chain(clients)
            .chain(sessions)
            .map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN))
            .collect();
        let timeout = self.sessions.iter().filter_map(Session::time_left).min().map(timespec);
        let _ = rustix::event::poll(&mut fds, timeout.as_ref());
        let ready = |fd: &PollFd<'_>| !fd.revents().is_empty();
        let mut fixed = [false; 6];
        for (flag, fd) in fixed.iter_mut().zip(&fds) {
            *flag = ready(fd);
        }
        fixed[2] &= self.open[0];
        fixed[3] &= self.open[1];
        fixed[1] &= self.ended.is_none();
        let rest = &fds[6..];
        let (clients, sessions) = rest.split_at(self.clients.len());
        let told = sessions.chunks(2).zip(&self.sessions);
        let told = told.map(|(pair, session)| {
            (session.watched().is_some() && ready(&pair[0]), ready(&pair[1]))
        });
        Events { fixed, clients: clients.iter().map(ready).collect(), sessions: told.collect() }
    }
}
