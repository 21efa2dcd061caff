//! What jobs do when nobody dies.

use crate::stage::{Stage, deploy, name, problem, succeeded};
use std::collections::BTreeMap;
use windlass_model::{Event, JobKind, JobState, ReleaseNumber};

fn counts(pairs: &[(&str, u32)]) -> BTreeMap<windlass_model::ProcessType, u32> {
    pairs.iter().map(|(process, count)| (process.parse().expect("valid"), *count)).collect()
}

#[test]
fn a_deploy_tells_everything_in_order_and_without_gaps() {
    let stage = Stage::new();
    let job = stage.run(deploy());
    assert!(succeeded(&job), "{:?}", job.state);
    let events = stage.store().events(job.id, 0, 1_000).expect("events").rows;
    let numbers: Vec<_> = events.iter().map(|event| event.seq).collect();
    assert_eq!(numbers, (1..=events.len() as u64).collect::<Vec<_>>());
    let last = &events.last().expect("events").event;
    assert!(matches!(last, Event::State { state: JobState::Succeeded { .. } }), "{last:?}");
    let phases: Vec<_> = events
        .iter()
        .filter_map(|record| match &record.event {
            Event::Phase { phase } => Some(phase.to_string()),
            _ => None,
        })
        .collect();
    let wanted = "preparing releasing starting probing handing_over switching baking draining \
                  retiring done";
    let wanted: Vec<_> = wanted.split(' ').map(|phase| phase.replace('_', " ")).collect();
    assert_eq!(phases, wanted);
}

#[test]
fn a_failure_names_its_cause_and_changes_nothing() {
    let stage = Stage::new();
    stage.run(deploy());
    let before = stage.current();
    stage.fail("probe web.2");
    let job = stage.run(deploy());
    let problem = problem(&job);
    assert!(problem.message.contains("web.2 of release 2 exited with code 3"), "{problem:?}");
    assert!(problem.hints[0].contains("`redis`"), "{problem:?}");
    assert_eq!(stage.current(), before);
    stage.assert_agreement("after the failure");
    // The number is spent: the next release is another one.
    assert!(succeeded(&stage.run(deploy())));
    assert_eq!(stage.current().first().expect("runs").release, ReleaseNumber(3));
}

#[test]
fn what_fails_while_undoing_is_told_as_well_and_repaired() {
    let stage = Stage::new();
    stage.run(deploy());
    stage.fail("watch web.1");
    stage.fail("drain");
    let job = stage.run(deploy());
    let problem = problem(&job);
    assert!(problem.message.contains("after it began to serve"), "{problem:?}");
    let told = problem.causes.iter().any(|cause| cause.contains("undoing it failed as well"));
    assert!(told, "{problem:?}");
    stage.recover();
    stage.assert_agreement("after the reconciler");
}

#[test]
fn scaling_outlives_the_next_deploy_and_keeps_what_runs() {
    let stage = Stage::new();
    stage.run(deploy());
    let before = stage.current();
    assert!(succeeded(&stage.run(JobKind::Scale { counts: counts(&[("web", 4)]) })));
    assert!(stage.current().is_superset(&before));
    assert!(succeeded(&stage.run(deploy())));
    assert_eq!(stage.current().iter().filter(|r| r.process.is_web()).count(), 4);
    for (bad, code) in [
        (counts(&[("beat", 2)]), "process-singleton"),
        (counts(&[("cron", 1)]), "process-unknown"),
        (counts(&[("web", 9_999)]), "too-many-replicas"),
    ] {
        assert_eq!(problem(&stage.run(JobKind::Scale { counts: bad })).code, code);
    }
    stage.assert_agreement("after refusals");
}

#[test]
fn counts_that_could_not_be_had_are_not_tried_again() {
    let stage = Stage::new();
    stage.run(deploy());
    let before = stage.current();
    stage.fail("probe web.3");
    let scaled = stage.run(JobKind::Scale { counts: counts(&[("web", 3), ("worker", 0)]) });
    assert_eq!(problem(&scaled).code, "replica-exited");
    assert_eq!(stage.current(), before);
    assert!(succeeded(&stage.run(deploy())));
    assert_eq!(stage.current().len(), 4);
    assert!(stage.store().app(&name()).expect("read").expect("there").counts.is_empty());
    // Those of a stopped app have nothing to fail at.
    stage.run(JobKind::Stop);
    assert!(succeeded(&stage.run(JobKind::Scale { counts: counts(&[("web", 3)]) })));
    assert!(succeeded(&stage.run(JobKind::Restart)));
    assert_eq!(stage.current().len(), 5);
}

#[test]
fn a_process_that_becomes_a_singleton_keeps_no_older_count() {
    let stage = Stage::new();
    stage.run(deploy());
    stage.run(JobKind::Scale { counts: counts(&[("worker", 3)]) });
    let worker: windlass_model::ProcessType = "worker".parse().expect("valid");
    let workers = |stage: &Stage| stage.current().iter().filter(|r| r.process == worker).count();
    assert_eq!(workers(&stage), 3);
    stage.world().script.spec.processes.get_mut(&worker).expect("worker").singleton = true;
    assert!(succeeded(&stage.run(deploy())));
    assert_eq!(workers(&stage), 1);
    stage.assert_agreement("one is left");
}

#[test]
fn rolling_back_needs_a_release_to_go_to() {
    let stage = Stage::new();
    stage.run(deploy());
    let to = |number: u32| JobKind::Rollback { to: Some(ReleaseNumber(number)) };
    assert_eq!(problem(&stage.run(JobKind::Rollback { to: None })).code, "release-unknown");
    assert_eq!(problem(&stage.run(to(9))).code, "release-unknown");
    assert_eq!(problem(&stage.run(to(1))).code, "release-is-current");
    stage.fail("probe web.1");
    stage.run(deploy());
    stage.run(deploy());
    // Release 2 never served, so the one before 3 is 1.
    assert!(succeeded(&stage.run(JobKind::Rollback { to: None })));
    assert_eq!(stage.current().first().expect("runs").release, ReleaseNumber(1));
    stage.assert_agreement("rolled back");
}

#[test]
fn a_stopped_app_starts_again_as_it_was() {
    let stage = Stage::new();
    stage.run(deploy());
    assert!(succeeded(&stage.run(JobKind::Stop)));
    assert!(stage.current().is_empty());
    stage.assert_agreement("stopped");
    assert!(succeeded(&stage.run(JobKind::Restart)));
    assert_eq!(stage.current().len(), 4);
    stage.assert_agreement("started again");
    stage.fail("remove");
    let destroyed = stage.run(JobKind::Destroy { data: true });
    assert_eq!(problem(&destroyed).message, "`remove` fails");
    let names_app = |hint: &String| hint.starts_with("windlass destroy --app");
    assert!(problem(&destroyed).hints.iter().any(names_app));
    assert!(succeeded(&stage.run(JobKind::Destroy { data: true })));
    assert!(stage.store().app(&name()).expect("read").is_none());
    assert_eq!(stage.world().removed.get(&name()), Some(&true));
}

#[test]
fn only_releases_that_keep_their_images_can_be_gone_back_to() {
    let stage = Stage::new();
    for _ in 0..12 {
        assert!(succeeded(&stage.run(deploy())));
    }
    stage.fail("probe web.1");
    stage.run(deploy());
    let to = |number: u32| JobKind::Rollback { to: Some(ReleaseNumber(number)) };
    assert_eq!(problem(&stage.run(to(2))).code, "release-image-gone");
    assert_eq!(problem(&stage.run(to(1))).code, "release-image-gone");
    assert!(succeeded(&stage.run(to(3))));
    // The ten that served, and the one that failed last.
    assert_eq!(stage.world().kept.len(), 11);
}

#[test]
fn old_jobs_are_forgotten_and_their_numbers_are_not() {
    let stage = Stage::new();
    let first = stage.run(deploy()).id;
    for count in 0..105 {
        stage.run(JobKind::Scale { counts: counts(&[("web", 1 + count % 2)]) });
    }
    let store = stage.store();
    assert!(store.job(first).expect("read").is_none());
    assert!(store.events(first, 0, 10).expect("read").rows.is_empty());
    let kept = store.jobs_of(&name(), 1_000).expect("read").rows;
    assert_eq!(kept.len(), 100);
    assert_eq!(kept[0].job.id.0, 106);
}

#[test]
fn a_failed_deploy_is_cleared_away_after_as_well() {
    let stage = Stage::new();
    stage.run(deploy());
    for _ in 0..3 {
        stage.fail("probe web.1");
        stage.run(deploy());
    }
    // The one that serves, and the newest, whose layers the next build may use.
    assert_eq!(stage.world().kept.len(), 2);
    assert_eq!(stage.world().images, 4);
}

#[test]
fn a_job_that_has_ended_is_not_done_again_when_clearing_away_fails() {
    let stage = Stage::new();
    stage.run(deploy());
    // More jobs than are remembered, in a table that lets none go.
    let connection = rusqlite::Connection::open(stage.path()).expect("the store's file");
    connection
        .execute_batch(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 150)
             INSERT INTO jobs (app, kind, state, final, submitted_at_ms)
             SELECT app, kind, state, final, submitted_at_ms FROM jobs, n WHERE final = 1;
             CREATE TRIGGER jobs_stay BEFORE DELETE ON jobs
             BEGIN SELECT RAISE(ABORT, 'the disk is broken'); END;",
        )
        .expect("written");
    assert!(succeeded(&stage.run(JobKind::Destroy { data: true })));
    let removals = stage.world().calls.iter().filter(|call| call.starts_with("remove")).count();
    assert_eq!(removals, 1);
}

#[test]
fn nothing_is_cleared_away_while_a_release_cannot_be_read() {
    let stage = Stage::new();
    stage.run(deploy());
    stage.run(deploy());
    let kept = stage.world().kept.clone();
    let connection = rusqlite::Connection::open(stage.path()).expect("the store's file");
    let sql = "UPDATE releases SET release = '{}' WHERE number = 1";
    assert_eq!(connection.execute(sql, []), Ok(1));
    assert!(succeeded(&stage.run(deploy())));
    assert_eq!(stage.world().kept, kept, "no sweep since");
}
