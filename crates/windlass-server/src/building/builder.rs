//! The builder as a process of its own: what a build takes in memory goes with it.
//!
//! The order is the first line of its input, and the input's end says that nobody waits any more:
//! whoever ordered was told to stop, or died. It speaks lines of JSON, the result last.

use super::build_project;
use super::order::{BuildPlace, BuilderMessage, BuilderOrder};
use std::io::{self, BufRead, Read as _, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use windlass_model::{Event, Problem};

/// Largest order, in bytes: an environment is at most a few megabytes (execve(2)).
const ORDER_LIMIT: u64 = 32 << 20;
/// What a build that nobody waits for gets to end its part and its containers.
const GRACE: Duration = Duration::from_secs(10);

/// How a builder's process is tied to whoever ordered.
pub struct BuilderLink {
    /// Where the order comes from, and whose end is that of all interest.
    pub input: Box<dyn BufRead + Send>,
    /// Where the lines go.
    pub output: Box<dyn Write + Send>,
}

/// What the builder's threads say to its first one.
enum Said {
    /// The build has ended, and its result was handed over or not.
    Ended(io::Result<()>),
    /// Nobody waits any more.
    Left,
}

/// What `windlass builder` runs: one build, as ordered. `exe` is the `windlass` binary. Once this
/// returns the process has to end: a build that nobody waits for and that does not end goes on.
///
/// # Errors
/// An order that is none, an output that takes no line, and a build that nobody waited for; what
/// the build met is in its output.
pub fn builder_main(link: BuilderLink, exe: PathBuf) -> Result<(), Problem> {
    let BuilderLink { mut input, output } = link;
    let order = read_order(&mut *input).map_err(|error| {
        Problem::bug("builder-order", "the builder was given no order").cause(error.to_string())
    })?;
    let cancelled = Arc::new(AtomicBool::new(false));
    let (say, hear) = channel();
    let left = say.clone();
    std::thread::spawn(move || {
        // Nothing more is said: what comes is the end.
        let _ = io::copy(&mut input, &mut io::sink());
        left.send(Said::Left)
    });
    let asked = Arc::clone(&cancelled);
    std::thread::spawn(move || say.send(Said::Ended(run(order, exe, (output, &asked)))));
    let mut said = hear.recv().map_err(|_| panicked())?;
    if matches!(said, Said::Left) {
        cancelled.store(true, Ordering::Relaxed);
        said = hear.recv_timeout(GRACE).map_err(|error| match error {
            RecvTimeoutError::Timeout => Problem::environment(
                "builder-left",
                "nobody waits for this build any more, and it does not end by itself",
            ),
            RecvTimeoutError::Disconnected => panicked(),
        })?;
    }
    match said {
        Said::Ended(Err(error)) => {
            let message = "the builder's result could not be handed over";
            Err(Problem::environment("builder-result", message).cause(error.to_string()))
        }
        Said::Ended(Ok(())) | Said::Left => Ok(()),
    }
}

fn panicked() -> Problem {
    Problem::bug("build-panicked", "the build broke")
}

/// The build, told as it goes, its result last.
fn run(
    order: BuilderOrder,
    exe: PathBuf,
    (output, cancelled): (Box<dyn Write + Send>, &AtomicBool),
) -> io::Result<()> {
    let output = Mutex::new(output);
    let say = |message: &BuilderMessage| {
        let said = write_line(&mut *output.lock().unwrap_or_else(PoisonError::into_inner), message);
        if said.is_err() {
            cancelled.store(true, Ordering::Relaxed);
        }
        said
    };
    let tell = |event: Event| {
        // A reader that is gone ends the build; there is nobody to tell of it.
        let _ = say(&BuilderMessage::Event(event));
    };
    let place = BuildPlace { layout: order.layout, exe, settings: order.settings };
    say(&match build_project(&place, &order.wanted, (cancelled, &tell)) {
        Ok(built) => BuilderMessage::Built(Box::new(built)),
        Err(problem) => BuilderMessage::Failed(problem),
    })
}

fn read_order(input: &mut dyn BufRead) -> io::Result<BuilderOrder> {
    let mut line = Vec::new();
    input.take(ORDER_LIMIT).read_until(b'\n', &mut line)?;
    serde_json::from_slice(&line).map_err(io::Error::from)
}

/// One line, in one write: no line is half written when the process is killed between two.
fn write_line(output: &mut dyn Write, message: &BuilderMessage) -> io::Result<()> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    output.write_all(&line)?;
    output.flush()
}
