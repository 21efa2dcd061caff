//! Failed steps in words: what happened, the evidence, and the cures that it points to.

mod patterns;

use crate::rollout::{Step, StepFailure};
use crate::{ExitReason, ProbeAnswer, Problem, ReplicaFailure, ReplicaId};

/// Why `step` failed, for a person.
pub fn explain_step(step: &Step, failure: &StepFailure) -> Problem {
    match failure {
        StepFailure::Replica(failure) => replica(failure, matches!(step, Step::Watch { .. })),
        StepFailure::ReleaseCommand { .. } => explain_effect(failure),
        StepFailure::Deadline { after_ms } => late(&format!("could not {step}"), *after_ms),
        StepFailure::BackEnd { problem } => {
            let mut problem = problem.clone();
            problem.message = format!("could not {step}: {}", problem.message);
            problem
        }
    }
}

/// Why an effect failed that is no step of a rollout: the failure stands for itself.
pub fn explain_effect(failure: &StepFailure) -> Problem {
    match failure {
        StepFailure::Replica(failure) => replica(failure, false),
        StepFailure::ReleaseCommand { command, exit, log_tail } => {
            let command = crate::shell_words::line(command);
            let how = exit.map_or("did not end in time".to_owned(), |exit| exit.to_string());
            let problem = Problem::user(
                "release-command-failed",
                format!("the release command `{command}` {how}; nothing was started"),
            );
            let problem = with_log(problem, log_tail);
            patterns::hints(log_tail.iter(), *exit).into_iter().fold(problem, Problem::hint)
        }
        StepFailure::Deadline { after_ms } => late("it was not done", *after_ms),
        StepFailure::BackEnd { problem } => problem.clone(),
    }
}

/// A command of the project that failed while its image was built. `how` says how it ended, such
/// as `exited with code 1`; `output` are its last lines.
pub fn explain_build_command(
    command: &[String],
    (how, exit): (&str, Option<ExitReason>),
    output: &[String],
) -> Problem {
    let command = crate::shell_words::line(command);
    let problem =
        Problem::user("build-command-failed", format!("the build command `{command}` {how}"));
    let problem = match output {
        [] => problem.cause("it printed nothing"),
        lines => problem.cause(format!("its last lines:\n{}", lines.join("\n"))),
    };
    patterns::hints(output.iter(), exit).into_iter().fold(problem, Problem::hint)
}

fn late(what: &str, after_ms: u64) -> Problem {
    let message = format!("{what} within {}", crate::quantity::format_duration_ms(after_ms));
    Problem::environment("step-deadline", message)
        .hint("the host may be overloaded or its disk slow: look at its load and try again")
}

/// The first failure, with what went wrong while undoing it below it.
pub fn explain_undone(first: Problem, undoing: &[Problem]) -> Problem {
    undoing.iter().fold(first, |problem, failed| {
        let problem = problem.cause(format!("undoing it failed as well: {}", failed.message));
        failed.causes.iter().cloned().fold(problem, Problem::cause)
    })
}

fn replica(failure: &ReplicaFailure, watched: bool) -> Problem {
    let path = failure.probe_path.as_deref().unwrap_or("/");
    let (code, message) = verdict(failure, path, watched);
    let problem = with_answer(Problem::user(code, message), path, failure.last_answer.as_ref());
    let problem = with_log(problem, &failure.log_tail);
    let problem = match failure.stacks.as_slice() {
        [] => problem,
        stacks => problem.cause(format!("its Python stacks:\n{}", stacks.join("\n").trim_end())),
    };
    let body = failure.last_answer.as_ref().map_or("", ProbeAnswer::body);
    let evidence = failure.log_tail.iter().map(String::as_str).chain([body]);
    let starved = ExitReason::OutOfMemory { limit_bytes: failure.memory_limit_bytes };
    let exit = failure.exit.or((failure.oom_kills > 0).then_some(starved));
    let mut hints = patterns::hints(evidence, exit);
    if hints.is_empty() {
        hints.extend(usual_cures(code, &failure.replica));
    }
    hints.into_iter().fold(problem, Problem::hint)
}

/// What happened: a stable code, and a sentence.
fn verdict(failure: &ReplicaFailure, path: &str, watched: bool) -> (&'static str, String) {
    let who = format!("{} of release {}", failure.replica, failure.replica.release);
    let after = crate::quantity::format_duration_ms(failure.after_ms);
    match (&failure.exit, &failure.last_answer) {
        (None, _) if failure.oom_kills > 0 => {
            let (kills, limit) = (failure.oom_kills, failure.memory_limit_bytes);
            let limit = limit.map_or(String::new(), |limit| {
                format!(" (limit {})", crate::quantity::format_bytes(limit))
            });
            let killed =
                if kills == 1 { "a process".to_owned() } else { format!("{kills} processes") };
            let message = format!("{who} lost {killed} for want of memory{limit} within {after}");
            ("replica-out-of-memory", message)
        }
        (Some(exit), _) if watched => {
            ("replica-exited", format!("{who} {exit} {after} after it began to serve"))
        }
        (Some(exit), _) => ("replica-exited", format!("{who} {exit} after {after}")),
        (None, Some(ProbeAnswer::TimedOut { .. })) => (
            "replica-hangs",
            format!("{who} listens, but gave no answer to GET {path} for {after}"),
        ),
        (None, Some(ProbeAnswer::NotListening)) => {
            ("replica-not-listening", format!("{who} runs, but does not listen after {after}"))
        }
        (None, Some(ProbeAnswer::Status { status, .. })) => {
            ("replica-unhealthy", format!("{who} answers GET {path} with {status}, for {after}"))
        }
        (None, Some(ProbeAnswer::Broken { .. })) => {
            ("replica-unhealthy", format!("{who} breaks the connection on GET {path}, for {after}"))
        }
        (None, None) => {
            ("replica-unhealthy", format!("{who} did not become healthy within {after}"))
        }
    }
}

fn with_answer(problem: Problem, path: &str, answer: Option<&ProbeAnswer>) -> Problem {
    let Some(answer) = answer else { return problem };
    let problem = problem.cause(format!("the last probe of {path}: {answer}"));
    match answer.body().trim() {
        "" => problem,
        body => problem.cause(format!("it answered:\n{body}")),
    }
}

fn with_log(problem: Problem, log_tail: &[String]) -> Problem {
    if log_tail.is_empty() {
        return problem.cause("it wrote nothing to its log");
    }
    let from = log_tail.len().saturating_sub(ReplicaFailure::LOG_LINES);
    problem.cause(format!("its last log lines:\n{}", log_tail[from..].join("\n")))
}

fn usual_cures(code: &str, replica: &ReplicaId) -> Vec<String> {
    let cures: &[&str] = match code {
        "replica-hangs" => &["the stacks show where the code waits: give that call a time-out"],
        "replica-not-listening" => &[
            "the web process must listen on $WINDLASS_SOCKET, or on $HOST and $PORT",
            "a slow start needs a longer deadline: [tool.windlass.health] deadline",
        ],
        "replica-unhealthy" => &["another path may suit better: [tool.windlass.health] path"],
        _ => {
            let ReplicaId { app, release, .. } = replica;
            return vec![format!("its whole log: windlass logs --app {app} --release {release}")];
        }
    };
    cures.iter().map(|&cure| cure.to_owned()).collect()
}

#[cfg(test)]
mod tests;
