//! One run of the binary: bounded in time, its output kept.

use std::io::Read;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// How long after its end a run's outputs may stay open: whatever it leaves in the background
/// must not hold them, or a shell's pipe would never end.
const HELD_OPEN: Duration = Duration::from_secs(10);

/// A run that ended, with everything it printed.
#[derive(Debug, Clone)]
pub struct Run {
    /// The arguments it had.
    pub arguments: Vec<String>,
    /// Its exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
    /// How long it took, in milliseconds.
    pub elapsed_ms: u64,
}

/// A run that goes on.
#[derive(Debug)]
pub struct Running {
    child: Child,
    arguments: Vec<String>,
    stdout: Option<Receiver<String>>,
    stderr: Option<Receiver<String>>,
    begun: Instant,
}

impl Running {
    /// Starts a command with its output kept.
    pub fn start(mut command: Command) -> Self {
        let arguments = command.get_args().map(|a| a.to_string_lossy().into_owned()).collect();
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|e| panic!("cannot run {command:?}: {e}"));
        let stdout = child.stdout.take().map(collect);
        let stderr = child.stderr.take().map(collect);
        Self { child, arguments, stdout, stderr, begun: Instant::now() }
    }

    /// Its pid.
    pub fn pid(&self) -> i32 {
        self.child.id() as i32
    }

    /// Whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("a child can be waited for").is_some()
    }

    /// Whether it has ended, and not with code 0.
    pub fn failed(&mut self) -> bool {
        let status = self.child.try_wait().expect("a child can be waited for");
        status.is_some_and(|status| !status.success())
    }

    /// Ends it at once, as a closed terminal or the kernel would.
    pub fn kill(mut self) -> Run {
        // It may have ended by itself in the meantime, which is no failure of the caller's.
        let _ = self.child.kill();
        let status = self.child.wait().expect("a child can be waited for");
        self.ended(status)
    }

    /// Waits for its end; panics with what it printed when `limit` passes first.
    pub fn finish(mut self, limit: Duration) -> Run {
        loop {
            if let Some(status) = self.child.try_wait().expect("a child can be waited for") {
                return self.ended(status);
            }
            if self.begun.elapsed() > limit {
                let run = self.kill();
                panic!("did not end within {limit:?}\n{run}");
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn ended(mut self, status: ExitStatus) -> Run {
        let elapsed_ms = self.begun.elapsed().as_millis() as u64;
        let text = |output: Option<Receiver<String>>| match output {
            None => String::new(),
            Some(output) => output
                .recv_timeout(HELD_OPEN)
                .expect("something that was left in the background holds an output open"),
        };
        Run {
            arguments: self.arguments,
            code: status.code(),
            stdout: text(self.stdout.take()),
            stderr: text(self.stderr.take()),
            elapsed_ms,
        }
    }
}

impl Run {
    /// The run itself when it ended with this code; panics with what it printed otherwise.
    pub fn expect_code(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "unexpected exit code\n{self}");
        self
    }

    /// Both outputs, for checks that do not care where a text came.
    pub fn output(&self) -> String {
        format!("{}\n{}", self.stdout, self.stderr)
    }

    /// Standard output as one JSON value.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("no JSON: {e}\n{self}"))
    }
}

impl std::fmt::Display for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { arguments, code, stdout, stderr, elapsed_ms } = self;
        writeln!(f, "{} ended with {code:?} after {elapsed_ms} ms", arguments.join(" "))?;
        write!(f, "--- stdout\n{stdout}--- stderr\n{stderr}---")
    }
}

/// Reads to the end in a thread of its own, so that a full pipe never stops the child.
fn collect(mut pipe: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        // What was read before an error is still the best account of the run.
        let _ = pipe.read_to_end(&mut bytes);
        // Nobody listens any more when the run was given up.
        let _ = sender.send(String::from_utf8_lossy(&bytes).into_owned());
    });
    receiver
}
