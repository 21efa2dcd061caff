//! Killed at every edge of the journal, the app ends in the old release or the new one.

use crate::stage::{Death, Stage, deploy, succeeded};
use std::collections::BTreeMap;
use windlass_model::JobKind;

/// More edges than any rollout here has; reaching it means that one never ends.
const MOST_WRITES: u64 = 500;

/// Kills `kind` at each edge in turn on top of what `prepare` made, and checks the end.
fn kill_everywhere(
    what: &str,
    prepare: impl Fn(&Stage),
    kind: &JobKind,
    check: impl Fn(&Stage, &str),
) -> u64 {
    let prepared = Stage::new();
    prepare(&prepared);
    for write in 1..MOST_WRITES {
        let mut survived = 0;
        for death in [Death::Before(write), Death::After(write)] {
            let stage = prepared.copy();
            let job = stage.begin(kind.clone(), Some(death));
            survived += u64::from(job.is_some());
            stage.recover();
            let at = format!("{what}, killed {death:?}");
            stage.assert_agreement(&at);
            let last = stage.store().jobs_of(&crate::stage::name(), 1).expect("jobs").rows;
            assert!(last[0].job.state.is_final(), "{at}: {:?}", last[0]);
            check(&stage, &at);
        }
        if survived == 2 {
            return write - 1;
        }
    }
    panic!("{what}: more than {MOST_WRITES} journal writes");
}

fn deployed(stage: &Stage) {
    let job = stage.run(deploy());
    assert!(succeeded(&job), "{:?}", job.state);
    stage.assert_agreement("deployed");
}

fn release_of(stage: &Stage) -> u32 {
    stage.current().first().map_or(0, |replica| replica.release.0)
}

#[test]
fn a_first_deploy_ends_whole() {
    let edges = kill_everywhere(
        "first deploy",
        |_| {},
        &deploy(),
        |stage, at| {
            assert_eq!(release_of(stage), 1, "{at}");
            assert_eq!(stage.current().len(), 4, "{at}");
        },
    );
    assert!(edges > 30, "only {edges} edges were found");
}

#[test]
fn a_second_deploy_ends_in_the_new_release_and_migrates_once() {
    kill_everywhere("second deploy", deployed, &deploy(), |stage, at| {
        assert_eq!(release_of(stage), 2, "{at}");
        for command in 0..2 {
            let call = format!("release command {command} of 2");
            let runs = stage.world().calls.iter().filter(|c| **c == call).count();
            assert_eq!(runs, 1, "{at}: {call}");
        }
    });
}

#[test]
fn a_failing_deploy_ends_in_the_old_release_untouched() {
    for effect in [
        "prepare 2",
        "start web.2",
        "probe web.2",
        "probe worker.1",
        "probe beat.1",
        "route",
        "watch web.1",
        "watch beat.1",
    ] {
        let prepare = |stage: &Stage| {
            deployed(stage);
            stage.fail(effect);
        };
        kill_everywhere(effect, prepare, &deploy(), |stage, at| {
            // A crash between the effect and its journal entry spends the scripted failure, and
            // then the step is rightly done again: old or new, never between.
            let store = stage.store();
            let last = &store.jobs_of(&crate::stage::name(), 1).expect("jobs").rows[0].job;
            let expected = if succeeded(last) { 2 } else { 1 };
            assert_eq!(release_of(stage), expected, "{at}");
            let old = stage.world().calls.iter().filter(|c| *c == "start shop-r1-web-1-i1").count();
            assert_eq!(old, 1, "{at}: the old replicas are never started again");
        });
    }
}

#[test]
fn a_failed_release_command_is_never_run_again() {
    let prepare = |stage: &Stage| {
        deployed(stage);
        stage.fail("release 1");
    };
    kill_everywhere("release command", prepare, &deploy(), |stage, at| {
        assert_eq!(release_of(stage), 1, "{at}");
        let runs = stage.world().calls.iter().filter(|c| *c == "release command 1 of 2").count();
        assert_eq!(runs, 1, "{at}");
    });
}

#[test]
fn restart_scale_stop_and_destroy_end_whole() {
    let counts: BTreeMap<_, _> = [("web", 3), ("worker", 0)]
        .map(|(process, count)| (process.parse().expect("valid"), count))
        .into();
    for (kind, replicas) in [
        (JobKind::Restart, 4),
        (JobKind::Scale { counts }, 4),
        (JobKind::Stop, 0),
        (JobKind::Destroy { data: true }, 0),
    ] {
        kill_everywhere(kind.verb(), deployed, &kind, |stage, at| {
            assert_eq!(stage.current().len(), replicas, "{at}");
        });
    }
}

#[test]
fn a_rollback_ends_whole() {
    let prepare = |stage: &Stage| {
        deployed(stage);
        deployed(stage);
    };
    kill_everywhere("rollback", prepare, &JobKind::Rollback { to: None }, |stage, at| {
        assert_eq!(release_of(stage), 1, "{at}");
    });
}
