//! The store on its own.

use rusqlite::Connection;
use std::path::Path;
use tempfile::TempDir;
use windlass_model::{Digest, Event, JobId, JobState, Release, ReleaseNumber};
use windlass_server::store::Store;

fn open(folder: &Path) -> Store {
    Store::open(&folder.join("store.db"), || 1_000, None).expect("the store opens")
}

fn wait<T>(work: impl Future<Output = T>) -> T {
    let reactor = tokio::runtime::Builder::new_current_thread().build();
    reactor.expect("a reactor").block_on(work)
}

fn deploy(store: &Store) -> JobId {
    wait(store.submit(crate::stage::name(), crate::stage::deploy(), 0)).expect("accepted").id
}

fn output(number: usize) -> Event {
    Event::Output { line: number.to_string() }
}

#[test]
fn events_that_come_faster_than_the_disk_share_a_transaction_and_are_bounded() {
    let folder = TempDir::new().expect("a folder");
    let store = open(folder.path());
    let job = deploy(&store);
    let rung = *store.notices().listen().borrow();
    let other = Connection::open(folder.path().join("store.db")).expect("the store's file");
    // Nothing can be written before this one is done.
    other.execute_batch("BEGIN IMMEDIATE").expect("locked");
    for number in 0..20_000 {
        store.report(job, output(number));
    }
    other.execute_batch("COMMIT").expect("unlocked");
    wait(store.cancel_job(job)).expect("written behind all of them");
    assert_eq!(*store.notices().listen().borrow(), rung + 1, "one transaction for all");
    let events = store.events(job, 1, 100_000).expect("events").rows;
    assert_eq!(events.len(), 10_000);
    for (number, record) in events.iter().enumerate() {
        assert_eq!((record.seq, &record.event), (number as u64 + 2, &output(number)));
    }
}

#[test]
fn a_job_tells_nothing_after_its_end() {
    let folder = TempDir::new().expect("a folder");
    let store = open(folder.path());
    let job = deploy(&store);
    store.report(job, output(1));
    let state = JobState::Succeeded { release: None, url: None };
    wait(store.set_job_state(job, state.clone())).expect("written");
    store.report(job, output(2));
    store.report(JobId(99), output(3));
    wait(store.cancel_job(job)).expect("written behind them");
    let events = store.events(job, 0, 10).expect("events").rows;
    let events: Vec<_> = events.into_iter().map(|record| record.event).collect();
    let queued = Event::State { state: JobState::Queued };
    assert_eq!(events, [queued, output(1), Event::State { state }]);
}

#[test]
fn an_app_is_of_the_project_of_its_last_release() {
    let folder = TempDir::new().expect("a folder");
    let store = open(folder.path());
    let project = || store.app(&crate::stage::name()).expect("read").expect("there").project;
    let job = deploy(&store);
    assert_eq!(project(), None, "nothing came of it yet");
    let release = Release {
        app: crate::stage::name(),
        number: ReleaseNumber(0),
        image: Digest::from_bytes([1; 32]),
        spec: crate::stage::shop(),
        created_at_ms: 1,
        origin: "deploy".to_owned(),
        commit: None,
    };
    let released = wait(store.add_release(job, Path::new("/projects/shop"), release));
    assert_eq!(released.expect("written").number, ReleaseNumber(1));
    assert_eq!(project(), Some("/projects/shop".into()));
}
