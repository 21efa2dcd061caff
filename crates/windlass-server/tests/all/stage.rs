//! A store and a fake world, and executors that come and go.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::Notify;
use windlass_model::{
    AppName, AppSpec, Job, JobId, JobKind, JobState, ProbeSpec, ProcessSpec, ReplicaId, Resources,
    Serves,
};
use windlass_server::executor::Executor;
use windlass_server::own_log::OwnLog;
use windlass_server::reconciler::Reconciler;
use windlass_server::store::{Fuse, Store};
use windlass_testkit::{FakeBackEnd, FakeWorld, Script};

/// Longest that a job without real effects may take.
const LIMIT: Duration = Duration::from_secs(20);

pub(crate) struct Stage {
    folder: TempDir,
    world: Arc<Mutex<FakeWorld>>,
}

/// At which edge of the journal the server dies.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Death {
    Before(u64),
    After(u64),
}

impl Stage {
    pub(crate) fn new() -> Self {
        let script =
            Script { spec: shop(), failures: BTreeMap::new(), unstoppable: BTreeSet::new() };
        Self { folder: folder(), world: Arc::new(Mutex::new(FakeWorld::new(script))) }
    }

    /// Another stage that begins where this one is.
    pub(crate) fn copy(&self) -> Self {
        let copy = Self { folder: folder(), world: Arc::new(Mutex::new(self.world().clone())) };
        for file in std::fs::read_dir(self.folder.path()).expect("readable").flatten() {
            let to = copy.folder.path().join(file.file_name());
            std::fs::copy(file.path(), to).expect("copied");
        }
        copy
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, FakeWorld> {
        self.world.lock().expect("no test panicked inside")
    }

    pub(crate) fn fail(&self, effect: &str) {
        self.world().script.failures.insert(effect.to_owned(), 1);
    }

    /// Submits a job and lets it end.
    pub(crate) fn run(&self, kind: JobKind) -> Job {
        let job = self.begin(kind, None).expect("nothing dies here");
        self.job(job)
    }

    /// Submits a job; `None` when the server died first.
    pub(crate) fn begin(&self, kind: JobKind, death: Option<Death>) -> Option<JobId> {
        let died = Arc::new(Notify::new());
        let bell = Arc::clone(&died);
        let blow = move || bell.notify_one();
        let fuse = death.map(|death| match death {
            Death::Before(write) => Fuse::before(write, blow),
            Death::After(write) => Fuse::after(write, blow),
        });
        self.serve(fuse, async |executor, store| {
            let job = executor.submit(name(), kind, 0).await.expect("accepted").id;
            tokio::select! {
                () = died.notified() => None,
                () = ended(&store, job) => {
                    // What is cleared away afterwards belongs to the job.
                    while executor.is_running(job) {
                        executor.job_ended().await;
                    }
                    Some(job)
                }
            }
        })
    }

    /// A new server on the same store, until all jobs have ended and nothing is left to repair.
    pub(crate) fn recover(&self) {
        self.serve(None, async |executor, store| {
            executor.resume().expect("resumed");
            let unfinished = store.unfinished_jobs().expect("jobs").rows;
            for row in unfinished {
                ended(&store, row.job.id).await;
            }
            let log = OwnLog::open(self.folder.path(), || 0).expect("a log");
            let back_end = FakeBackEnd::new(Arc::clone(&self.world), store.clone());
            let reconciler = Reconciler::new(store, Arc::new(back_end), log);
            for _ in 0..10 {
                if !reconciler.tick().await.expect("looked") {
                    return;
                }
            }
            panic!("the reconciler never comes to rest: {:#?}", self.world());
        });
    }

    /// A server whose reconciler looks again and again, until `done`.
    pub(crate) fn reconcile_until(&self, done: impl Fn(&FakeWorld) -> bool) {
        self.serve(None, async |executor, store| {
            let log = OwnLog::open(self.folder.path(), || 0).expect("a log");
            let back_end = FakeBackEnd::new(Arc::clone(&self.world), store.clone());
            let reconciler = Reconciler::new(store, Arc::new(back_end), log);
            let reconciling = tokio::spawn(reconciler.run(executor));
            while !done(&self.world()) {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            reconciling.abort();
        });
    }

    pub(crate) fn store(&self) -> Store {
        Store::open(&self.path(), || 1_000, None).expect("the store opens")
    }

    pub(crate) fn job(&self, id: JobId) -> Job {
        self.store().job(id).expect("read").expect("there").job
    }

    /// The replicas that the store says are current.
    pub(crate) fn current(&self) -> BTreeSet<ReplicaId> {
        let app = self.store().app(&name()).expect("read").and_then(|app| app.current);
        app.map(|set| set.replicas).unwrap_or_default()
    }

    /// Store, routes and containers say the same, and no promise was broken on the way.
    pub(crate) fn assert_agreement(&self, what: &str) {
        let (current, world) = (self.current(), self.world());
        let calls = world.calls.join("\n  ");
        assert_eq!(world.broken, Vec::<String>::new(), "{what}\n  {calls}");
        assert_eq!(world.running(), current, "{what}: what runs\n  {calls}");
        let web: BTreeSet<_> = current.into_iter().filter(|r| r.process.is_web()).collect();
        assert_eq!(world.routed, web, "{what}: what is routed to\n  {calls}");
        assert!(world.standby.is_empty(), "{what}: nobody stands by at the end\n  {calls}");
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("store.db")
    }

    /// Runs a server on a reactor of its own; when this returns, all of it is dropped at once.
    fn serve<T>(
        &self,
        fuse: Option<Fuse>,
        work: impl AsyncFnOnce(Arc<Executor<FakeBackEnd>>, Store) -> T,
    ) -> T {
        let reactor = tokio::runtime::Builder::new_current_thread().enable_time().build();
        reactor.expect("a reactor").block_on(async {
            let store = Store::open(&self.path(), || 1_000, fuse).expect("the store opens");
            let back_end = FakeBackEnd::new(Arc::clone(&self.world), store.clone());
            let log = OwnLog::open(self.folder.path(), || 0).expect("a log");
            let executor = Executor::new(store.clone(), Arc::new(back_end), log, 0);
            let worked = tokio::time::timeout(LIMIT, work(executor, store)).await;
            worked.unwrap_or_else(|_| panic!("no end within {LIMIT:?}: {:#?}", self.world()))
        })
    }
}

/// In memory where the machine has such a place: these tests write thousands of transactions, and
/// what a disk makes of a sync is not their subject.
fn folder() -> TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("a folder")
}

async fn ended(store: &Store, job: JobId) {
    let mut bell = store.notices().listen();
    while !store.job(job).expect("read").expect("there").job.state.is_final() {
        bell.changed().await.expect("the store lives");
    }
}

pub(crate) fn name() -> AppName {
    "shop".parse().expect("valid")
}

pub(crate) fn deploy() -> JobKind {
    JobKind::Deploy { project: "/projects/shop".into() }
}

pub(crate) fn succeeded(job: &Job) -> bool {
    matches!(job.state, JobState::Succeeded { .. })
}

pub(crate) fn problem(job: &Job) -> &windlass_model::Problem {
    match &job.state {
        JobState::Failed { problem } => problem,
        other => panic!("job {} did not fail: {other:?}", job.id),
    }
}

/// Two web replicas, a worker, a beat, two release commands.
pub(crate) fn shop() -> AppSpec {
    let process = |count, serves, singleton| ProcessSpec {
        command: vec!["serve".to_owned()],
        count,
        serves,
        probe: (serves == Serves::Socket).then(|| ProbeSpec::at("/")),
        settle_ms: 0,
        resources: Resources::DEFAULT,
        stop_signal: 15,
        stop_timeout_ms: 1_000,
        drain_timeout_ms: 1_000,
        singleton,
    };
    let processes = [
        ("web", process(2, Serves::Socket, false)),
        ("worker", process(1, Serves::Nothing, false)),
        ("beat", process(1, Serves::Nothing, true)),
    ];
    AppSpec {
        name: name(),
        hosts: Vec::new(),
        processes: processes.map(|(name, spec)| (name.parse().expect("valid"), spec)).into(),
        release_commands: vec![vec!["migrate".to_owned()], vec!["seed".to_owned()]],
        env: BTreeMap::new(),
        persist: Vec::new(),
    }
}
