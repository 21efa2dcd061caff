//! A build in a process of its own: the server keeps nothing of what a build takes in memory, and
//! one that the kernel kills for want of it takes nobody along.
//!
//! The order goes over the builder's standard input, which stays open for as long as somebody
//! waits. When this is dropped, or the server dies, it closes: the builder ends, and is killed when
//! it does not.

use super::{HostSettings, off_reactor};
use crate::back_end::{BuildOrder, Built};
use crate::building::{BuilderMessage, BuilderOrder, BuiltProject, ProjectBuild, clear_abandoned};
use crate::report::Report;
use rustix::process::{Pid, PidfdFlags, Signal};
use std::io::{self, BufRead, BufReader, Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;
use tokio::sync::OwnedRwLockReadGuard;
use windlass_model::Problem;
use windlass_model::rollout::StepFailure;

/// What a builder gets to end by itself, before it is killed; it gives itself ten seconds.
const PATIENCE: Duration = Duration::from_secs(15);
/// Longest line that a builder is heard out for, in bytes: a plan with all its findings.
const LINE_LIMIT: u64 = 16 << 20;
/// SIGKILL, signal(7).
const SIGKILL: i32 = 9;

/// Builds the image of a project. When this is dropped the builder is told to end, and nothing of
/// it is seen; until it has, it holds `images`.
pub(super) async fn build(
    settings: &HostSettings,
    order: &BuildOrder,
    report: &Report,
    images: OwnedRwLockReadGuard<()>,
) -> Result<Built, Problem> {
    let wanted = ProjectBuild {
        project: order.project.clone(),
        app: Some(order.app.clone()),
        tags: Vec::new(),
        // What is deployed here runs here.
        platforms: Some(Vec::new()),
        build_env: std::collections::BTreeMap::new(),
    };
    let order =
        BuilderOrder { layout: settings.layout.clone(), settings: settings.build.clone(), wanted };
    let (child, input) = start(settings, &order).map_err(|error| broken("started", &error))?;
    drop(order);
    let (ended, waits) = channel();
    let waiting = Waiting { input: Some(input), process: handle(&child), waits: Some(waits) };
    let (settings, report) = (settings.clone(), report.clone());
    let built = off_reactor(move || {
        let built = attend(child, &report);
        drop::<Sender<()>>(ended);
        // Containers of a builder that was killed go on without it.
        let cleared = clear_abandoned(&settings.layout, &settings.exe);
        drop(images);
        cleared.and(built)
    })
    .await;
    drop(waiting);
    let built = built.map_err(|failure| match failure {
        StepFailure::BackEnd { problem } => problem,
        failure => Problem::bug("build-broken", format!("{failure:?}")),
    })??;
    Ok(Built { spec: built.spec, image: built.image, commit: built.commit })
}

/// Tells the builder that nobody waits any more, and kills one that does not heed it.
struct Waiting {
    input: Option<ChildStdin>,
    process: Option<OwnedFd>,
    waits: Option<std::sync::mpsc::Receiver<()>>,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        drop(self.input.take());
        let (Some(waits), process) = (self.waits.take(), self.process.take()) else { return };
        if waits.try_recv() == Err(std::sync::mpsc::TryRecvError::Disconnected) {
            return;
        }
        std::thread::spawn(move || {
            if waits.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout)
                && let Some(process) = process
            {
                // It may have ended just now.
                let _ = rustix::process::pidfd_send_signal(process, Signal::KILL);
            }
        });
    }
}

fn start(settings: &HostSettings, order: &BuilderOrder) -> io::Result<(Child, ChildStdin)> {
    let mut child = Command::new(&settings.exe)
        .arg("builder")
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut input = child.stdin.take().ok_or(io::ErrorKind::BrokenPipe)?;
    let mut line = serde_json::to_vec(order)?;
    line.push(b'\n');
    if let Err(error) = input.write_all(&line) {
        // It did not even read its order.
        let _ = child.kill();
        let _ = child.wait();
        return Err(error);
    }
    Ok((child, input))
}

/// The process by a descriptor: its number may be another's by the time that it is killed.
fn handle(child: &Child) -> Option<OwnedFd> {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw)?;
    rustix::process::pidfd_open(pid, PidfdFlags::empty()).ok()
}

/// Hears a builder out.
fn attend(mut child: Child, report: &Report) -> Result<BuiltProject, Problem> {
    let heard = child.stdout.take().map(|output| hear(output, report)).transpose();
    if !matches!(heard, Ok(Some(Some(_)))) {
        // It has closed its output, or says what nobody understands.
        let _ = child.kill();
    }
    let status = child.wait().map_err(|error| broken("waited for", &error))?;
    match heard {
        Ok(Some(Some(result))) => result,
        Ok(_) => Err(ended(status)),
        Err(error) => Err(broken("understood", &error)),
    }
}

/// Passes events on, up to the result; `None` where the output ends without one.
fn hear(output: ChildStdout, report: &Report) -> io::Result<Option<Result<BuiltProject, Problem>>> {
    let mut output = BufReader::new(output);
    let mut line = Vec::new();
    loop {
        line.clear();
        (&mut output).take(LINE_LIMIT).read_until(b'\n', &mut line)?;
        if line.is_empty() {
            return Ok(None);
        }
        match serde_json::from_slice(&line) {
            Ok(BuilderMessage::Event(event)) => report.tell(event),
            Ok(BuilderMessage::Built(built)) => return Ok(Some(Ok(*built))),
            Ok(BuilderMessage::Failed(problem)) => return Ok(Some(Err(problem))),
            // Killed in the middle of a line.
            Err(_) if !line.ends_with(b"\n") && (line.len() as u64) < LINE_LIMIT => {
                return Ok(None);
            }
            Err(error) => return Err(error.into()),
        }
    }
}

fn ended(status: ExitStatus) -> Problem {
    match status.signal() {
        Some(signal) => {
            let problem = Problem::environment(
                "build-killed",
                format!("the build was killed by signal {signal}"),
            );
            if signal != SIGKILL {
                return problem.hint("see the server's log, and deploy again");
            }
            problem
                .cause("the kernel does this when memory runs out; else somebody did it by hand")
                .hint("what was finished is cached, so deploying again begins where this ended")
                .hint("give the machine more memory or swap space, or build elsewhere")
        }
        None => {
            Problem::bug("build-broken", format!("the builder ended without a result ({status})"))
                .hint("what it printed is in the server's log")
        }
    }
}

fn broken(what: &str, error: &io::Error) -> Problem {
    let message = format!("the builder's process cannot be {what}");
    Problem::environment("builder-broken", message).cause(error.to_string())
}
