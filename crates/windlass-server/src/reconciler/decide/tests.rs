//! Tables of what is there, what should be, and what is repaired.

use super::*;
use crate::testing::app_spec;
use windlass_model::{ReleaseNumber, ReplicaSet};

fn set(incarnation: u64) -> ReplicaSet {
    ReplicaSet::fresh(ReleaseNumber(1), app_spec("shop", &[("web", 2), ("beat", 1)]), incarnation)
}

fn wanted(set: &ReplicaSet) -> Wanted {
    Wanted {
        generation: 3,
        current: vec![set.clone()],
        rolling: Vec::new(),
        restarts: BTreeMap::new(),
        complete: true,
    }
}

fn all_running(set: &ReplicaSet) -> Observed {
    let running = |r: &ReplicaId| (r.container(), ContainerState::Running);
    Observed { containers: set.replicas.iter().map(running).collect(), generation: Some(3) }
}

fn all_but(set: &ReplicaSet, missing: &ContainerId) -> Observed {
    let mut observed = all_running(set);
    observed.containers.remove(missing);
    observed
}

#[test]
fn nothing_is_repaired_where_all_is_well() {
    let set = set(1);
    assert_eq!(decide(&wanted(&set), &all_running(&set), 0), []);
}

#[test]
fn strays_go_only_once_the_edge_routes_elsewhere_and_every_row_is_read() {
    let (old, new) = (set(1), set(2));
    let mut observed = all_running(&new);
    observed.containers.extend(all_running(&old).containers);
    let discards = |wanted: &Wanted, observed: &Observed| {
        let repairs = decide(wanted, observed, 0);
        repairs.iter().filter(|r| matches!(r, Repair::Discard { .. })).count()
    };
    assert_eq!(discards(&wanted(&new), &observed), 3);
    assert_eq!(discards(&Wanted { complete: false, ..wanted(&new) }, &observed), 0);
    observed.generation = Some(2);
    assert_eq!(decide(&wanted(&new), &observed, 0), [Repair::Route]);
}

#[test]
fn what_should_run_comes_before_what_should_not_and_is_looked_at_again() {
    let (old, new) = (set(1), set(2));
    let lost = new.web().first().expect("web").clone();
    let mut observed = all_running(&new);
    observed.containers.extend(all_running(&old).containers);
    observed.containers.remove(&lost.container());
    let repairs = decide(&wanted(&new), &observed, 0);
    let (restart, discard) = (&repairs[0], &repairs[1]);
    assert!(matches!(restart, Repair::Restart { .. }), "{repairs:?}");
    assert!(matches!(discard, Repair::Discard { .. }), "{repairs:?}");
    let asks = |wanted: &Wanted| [restart, discard].map(|one| wanted.still_asks_for(one));
    assert_eq!(asks(&wanted(&new)), [true, true]);
    // The app was stopped, or another release is current by now.
    assert_eq!(asks(&Wanted { current: Vec::new(), ..wanted(&new) }), [false, true]);
    assert_eq!(asks(&wanted(&old)), [false, false]);
    assert_eq!(asks(&Wanted { complete: false, ..wanted(&new) }), [true, false]);
}

#[test]
fn a_crash_loop_is_slowed_down_and_forgotten_after_a_while() {
    let set = set(1);
    let mut observed = all_running(&set);
    let victim = set.web().first().expect("web").clone();
    let exit = ExitReason::Code { code: 1 };
    observed.containers.insert(victim.container(), ContainerState::Exited(exit));
    let mut wanted = wanted(&set);
    let restarts = |wanted: &Wanted, now| match decide(wanted, &observed, now).as_slice() {
        [] => None,
        [Repair::Restart { count, .. }] => Some(*count),
        other => panic!("{other:?}"),
    };
    assert_eq!(restarts(&wanted, 50), Some(1));
    let past = |count| Restarts { count, last_exit: Some(exit), last_at_ms: 100_000 };
    wanted.restarts.insert(victim.container().to_string(), past(4));
    assert_eq!(restarts(&wanted, 107_999), None);
    assert_eq!(restarts(&wanted, 108_000), Some(5));
    assert_eq!(restarts(&wanted, 100_000 + RECOVERED_MS), Some(1));
    wanted.restarts.insert(victim.container().to_string(), past(40));
    assert_eq!(restarts(&wanted, 160_000), Some(41));
}

#[test]
fn a_singleton_is_not_started_beside_a_stray_or_during_a_rollout() {
    let (old, new) = (set(1), set(2));
    let beat = |set: &ReplicaSet| {
        set.replicas.iter().find(|r| set.is_singleton(&r.process)).expect("beat").container()
    };
    let mut observed = all_but(&new, &beat(&new));
    let starts = |wanted: &Wanted, observed: &Observed| {
        let repairs = decide(wanted, observed, 0);
        repairs.iter().any(|repair| matches!(repair, Repair::Restart { .. }))
    };
    assert!(starts(&wanted(&new), &observed));
    observed.containers.insert(beat(&old), ContainerState::Running);
    assert!(!starts(&wanted(&new), &observed));
    let spec = RolloutSpec {
        app: "shop".parse().expect("valid"),
        job: windlass_model::JobId(2),
        from: Some(old.clone()),
        to: Some(new.clone()),
        run_release_commands: false,
        counts: None,
        bake_ms: 0,
    };
    let rolling = Wanted { rolling: vec![Rolling { spec }], ..wanted(&new) };
    assert!(!starts(&rolling, &observed));
    let begun = decide(&wanted(&new), &all_but(&new, &beat(&new)), 0);
    assert!(!rolling.still_asks_for(&begun[0]), "{begun:?}");
    // The rollout makes it a singleton: what is current does not say so yet.
    let mut plain = old.clone();
    plain.spec.processes.values_mut().for_each(|process| process.singleton = false);
    let stopped = all_but(&old, &beat(&old));
    let spec = RolloutSpec { from: Some(plain.clone()), ..rolling.rolling[0].spec.clone() };
    let making = Wanted { rolling: vec![Rolling { spec }], ..wanted(&plain) };
    assert!(!starts(&making, &stopped));
    assert!(starts(&wanted(&plain), &stopped));
    assert!(!decide(&rolling, &observed, 0).iter().any(|r| matches!(r, Repair::Discard { .. })));
}
