//! The API over its socket. The program that would be edge and shims always fails here, so that
//! what must work without them is seen to.

use std::io::{Read as _, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use windlass_model::{JobId, JobKind, JobState, Layout};
use windlass_server::wire::{LogQuery, PlanRequest, RunRequest};
use windlass_server::{Client, ClientError, ServerConfig, ServerError, serve};

/// Longest that a server may take to answer.
const LIMIT: Duration = Duration::from_secs(20);

struct Site {
    home: TempDir,
    client: Client,
    reactor: tokio::runtime::Runtime,
}

impl Site {
    /// A server in a thread of its own, which ends with the test's process.
    fn new() -> Self {
        let home = tempfile::tempdir_in("/tmp").expect("a folder");
        let config = config(home.path());
        let client = Client::connect(&config.layout);
        std::thread::spawn(move || serve(config).map_err(|error| panic!("{error:?}")));
        let reactor = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let site = Self { home, client, reactor: reactor.expect("a reactor") };
        let begun = Instant::now();
        while site.ask(site.client.ping()).is_err() {
            assert!(begun.elapsed() < LIMIT, "the server does not answer");
            std::thread::yield_now();
        }
        site
    }

    fn ask<T>(&self, call: impl Future<Output = T>) -> T {
        let bounded = async { tokio::time::timeout(LIMIT, call).await.expect("an answer in time") };
        self.reactor.block_on(bounded)
    }

    fn layout(&self) -> Layout {
        Layout::under(self.home.path())
    }

    /// Status and body of a request as it is written here.
    fn raw(&self, method: &str, path: &str, body: &[u8]) -> (u16, String) {
        let mut stream = UnixStream::connect(self.layout().server_socket()).expect("connected");
        let length = body.len();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\
             content-length: {length}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).expect("written");
        // A server that refuses early may close before it has read everything.
        let _ = stream.write_all(body);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let status = answer.get(9..12).and_then(|status| status.parse().ok());
        let (_, body) = answer.split_once("\r\n\r\n").unwrap_or(("", &answer));
        (status.unwrap_or_else(|| panic!("no status in {answer:?}")), body.to_owned())
    }
}

fn config(home: &Path) -> ServerConfig {
    ServerConfig {
        layout: Layout::under(home),
        listen: vec!["127.0.0.1:0".parse().expect("valid")],
        exe: "/bin/false".into(),
        build: windlass_build::BuildSettings::default(),
        now: || 1_000,
        bake_ms: 0,
        abort_at_journal_edge: None,
    }
}

fn refused<T: std::fmt::Debug>(result: Result<T, ClientError>) -> (u16, String) {
    match result {
        Err(ClientError::Refused { status, problem }) => (status, problem.code),
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn every_refusal_is_a_problem_with_its_status() {
    let site = Site::new();
    let app = || "shop".parse::<windlass_model::AppName>().expect("valid");
    let unknown = (404, "unknown".to_owned());
    assert_eq!(refused(site.ask(site.client.status(&app()))), unknown);
    assert_eq!(refused(site.ask(site.client.releases(&app()))), unknown);
    assert_eq!(refused(site.ask(site.client.job(JobId(7)))), unknown);
    assert_eq!(refused(site.ask(site.client.cancel(JobId(7)))), unknown);
    assert_eq!(refused(site.ask(site.client.events(JobId(7), 0))), unknown);
    assert_eq!(refused(site.ask(site.client.logs(&app(), &LogQuery::default()))), unknown);
    assert_eq!(refused(site.ask(site.client.start_run(&app(), &RunRequest::default()))), unknown);
    assert_eq!(refused(site.ask(site.client.submit(Some(app()), JobKind::Restart))), unknown);
    let nameless = site.ask(site.client.submit(None, JobKind::Stop));
    assert_eq!(refused(nameless), (400, "app-missing".to_owned()));
    let relative = JobKind::Deploy { project: "shop".into() };
    let relative = site.ask(site.client.submit(None, relative));
    assert_eq!(refused(relative), (400, "project-relative".to_owned()));
    let missing = PlanRequest { project: "/nonexistent".into(), app: None };
    assert_eq!(refused(site.ask(site.client.plan(&missing))).0, 422);
}

#[test]
fn what_cannot_be_read_is_refused_in_json_as_well() {
    let site = Site::new();
    for (method, path, body, status) in [
        ("POST", "/v1/jobs", b"{".to_vec(), 400),
        ("POST", "/v1/jobs", b"{\"kind\":\"explode\"}".to_vec(), 400),
        ("POST", "/v1/plan", vec![b' '; 300_000], 400),
        ("GET", "/v1/jobs/one", Vec::new(), 400),
        ("GET", "/v1/jobs/1/events?after=x", Vec::new(), 400),
        ("GET", "/v1/apps/Bad_Name/status", Vec::new(), 422),
        ("GET", "/v1/nothing", Vec::new(), 404),
    ] {
        let (found, text) = site.raw(method, path, &body);
        assert_eq!(found, status, "{method} {path}: {text}");
        let problem: Result<windlass_model::Problem, _> = serde_json::from_str(&text);
        assert!(problem.is_ok(), "{method} {path}: {text}");
    }
}

#[test]
fn the_server_is_alone_private_and_says_what_is_wrong() {
    let site = Site::new();
    let layout = site.layout();
    let mode = |path: &Path| std::fs::metadata(path).expect("there").mode() & 0o777;
    assert_eq!(mode(&layout.server_socket()), 0o600);
    assert_eq!(mode(&layout.run), 0o700);
    assert_eq!(mode(&layout.state), 0o700);
    let second = serve(config(site.home.path()));
    assert!(matches!(second, Err(ServerError::AlreadyRunning { .. })), "{second:?}");
    let ping = site.ask(site.client.ping()).expect("an answer");
    assert_eq!((ping.pid, ping.state), (std::process::id(), layout.state));
    assert!(ping.notes.iter().any(|note| note.contains("edge")), "{:?}", ping.notes);
    assert_eq!(ping.listen, []);
}

#[test]
fn a_job_is_followed_to_its_end_and_read_again_later() {
    let site = Site::new();
    let project = site.home.path().join("hello");
    std::fs::create_dir(&project).expect("made");
    // What it depends on is nowhere: its build fails, whatever the machine has.
    std::fs::write(project.join("requirements.txt"), "./nowhere\n").expect("written");
    std::fs::write(project.join("Procfile"), "web: python3 -m http.server\n").expect("written");
    let plan = PlanRequest { project: project.clone(), app: None };
    let plan = site.ask(site.client.plan(&plan)).expect("a plan");
    assert_eq!((plan.app.as_str(), plan.release.0), ("hello", 1));
    assert!(!plan.phases.is_empty() && plan.changes.is_empty());
    let apps = site.ask(site.client.apps()).expect("the apps");
    assert!(apps.is_empty(), "a plan changes nothing");
    let job = site.ask(site.client.submit(None, JobKind::Deploy { project }));
    let job = job.expect("accepted");
    let follow = async || {
        let mut records = site.client.events(job.id, 0).await.expect("events");
        let mut seen = Vec::new();
        while let Some(record) = records.next().await.expect("a record") {
            seen.push(record);
        }
        seen
    };
    let seen = site.ask(follow());
    assert_eq!(seen, site.ask(follow()));
    let state = site.ask(site.client.job(job.id)).expect("the job").state;
    assert!(matches!(state, JobState::Failed { .. }), "{state:?}");
    let status = site.ask(site.client.status(&job.app)).expect("the app");
    assert_eq!(status.last_job.map(|job| job.id), Some(job.id));
    assert_eq!((status.release, status.replicas.len()), (None, 0));
}
