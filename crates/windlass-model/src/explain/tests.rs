//! Tests of the module above.

use super::*;
use crate::ReleaseNumber;

fn failure(exit: Option<ExitReason>, answer: Option<ProbeAnswer>) -> ReplicaFailure {
    ReplicaFailure {
        replica: ReplicaId {
            app: "shop".parse().expect("valid"),
            release: ReleaseNumber(3),
            process: crate::ProcessType::web(),
            index: 1,
            incarnation: 7,
        },
        probe_path: Some("/health".to_owned()),
        last_answer: answer,
        exit,
        log_tail: vec!["ModuleNotFoundError: No module named 'redis'".to_owned()],
        stacks: vec!["File \"app.py\", line 3, in wait".to_owned()],
        oom_kills: 0,
        memory_limit_bytes: None,
        after_ms: 3_100,
    }
}

#[test]
fn each_way_to_fail_has_its_own_words_and_keeps_the_evidence() {
    let status = ProbeAnswer::Status { status: 500, body: "Oops".to_owned(), elapsed_ms: 4 };
    let rows = [
        (failure(Some(ExitReason::Code { code: 1 }), None), "exited with code 1 after 3.1 s"),
        (failure(None, Some(ProbeAnswer::TimedOut { after_ms: 5_000 })), "gave no answer"),
        (failure(None, Some(ProbeAnswer::NotListening)), "does not listen"),
        (failure(None, Some(status)), "answers GET /health with 500"),
    ];
    for (failure, words) in rows {
        let replica = failure.replica.clone();
        let step = Step::AwaitHealthy { replica };
        let problem = explain_step(&step, &StepFailure::Replica(Box::new(failure)));
        assert!(problem.message.contains(words), "{}", problem.message);
        assert!(problem.causes.iter().any(|cause| cause.contains("No module named")));
        assert!(problem.causes.iter().any(|cause| cause.contains("line 3, in wait")));
        assert!(problem.hints[0].contains("`redis`"), "{:?}", problem.hints);
    }
}

#[test]
fn where_no_cure_is_known_the_command_that_shows_the_whole_log_is_named() {
    let failure = ReplicaFailure {
        log_tail: vec!["bye".to_owned()],
        ..failure(Some(ExitReason::Code { code: 1 }), None)
    };
    let step = Step::AwaitHealthy { replica: failure.replica.clone() };
    let problem = explain_step(&step, &StepFailure::Replica(Box::new(failure)));
    assert_eq!(problem.hints, ["its whole log: windlass logs --app shop --release 3"]);
}

#[test]
fn a_server_whose_workers_starve_is_told_so_although_it_lives() {
    let answer = ProbeAnswer::Broken { detail: "reset".to_owned() };
    let failure = ReplicaFailure {
        oom_kills: 4,
        memory_limit_bytes: Some(200_000_000),
        log_tail: Vec::new(),
        ..failure(None, Some(answer))
    };
    let step = Step::AwaitHealthy { replica: failure.replica.clone() };
    let problem = explain_step(&step, &StepFailure::Replica(Box::new(failure)));
    assert_eq!(problem.code, "replica-out-of-memory");
    assert!(problem.message.contains("4 processes") && problem.message.contains("200 MB"));
    assert!(problem.hints[0].contains("raise `memory`"), "{:?}", problem.hints);
}

#[test]
fn what_is_no_step_is_not_told_as_one() {
    let problem = Problem::environment("disk", "cannot remove the volume");
    let failure = StepFailure::BackEnd { problem: problem.clone() };
    assert_eq!(explain_effect(&failure), problem);
    let late = explain_effect(&StepFailure::Deadline { after_ms: 2_000 });
    assert_eq!(
        (late.code.as_str(), late.message.as_str()),
        ("step-deadline", "it was not done within 2.0 s")
    );
}

#[test]
fn both_errors_survive_when_undoing_fails_as_well() {
    let first = Problem::user("replica-exited", "web.1 exited");
    let second = Problem::environment("edge", "the edge does not answer").cause("EPIPE");
    let both = explain_undone(first, &[second]);
    assert_eq!(both.code, "replica-exited");
    assert!(both.causes[0].contains("the edge does not answer"));
    assert_eq!(both.causes[1], "EPIPE");
}
