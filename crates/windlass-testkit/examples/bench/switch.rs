//! From a one-line change to the first answer of the new release, over the app's own start-up.

use crate::build::change;
use crate::{Subject, deploy, median, url_of};
use std::time::{Duration, Instant};
use windlass_testkit::world::{address_of, host_of};
use windlass_testkit::{Load, LoadSpec, World};

const ROUNDS: u64 = 5;

/// Measures how long the web process of the app takes to its first answer, alone in a container.
///
/// It is what `python` needs to import the app and its server to listen, and nothing of ours.
const START_UP: &str = r#"
import os, socket, subprocess, sys, time
path = "/tmp/start-up.sock"
command = [part.replace("/run/windlass/web.sock", path) for part in sys.argv[1:]]
environment = dict(os.environ, WINDLASS_SOCKET=path)
environment["GUNICORN_CMD_ARGS"] = environment.get("GUNICORN_CMD_ARGS", "").replace("/run/windlass/web.sock", path)
begun = time.monotonic()
child = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
while True:
    try:
        client = socket.socket(socket.AF_UNIX)
        client.connect(path)
        client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        if client.recv(12).startswith(b"HTTP/1.1"):
            break
    except OSError:
        pass
    if child.poll() is not None:
        sys.exit("the app ended by itself")
    time.sleep(0.002)
print(round((time.monotonic() - begun) * 1000))
child.terminate()
child.wait()
"#;

/// Prints the ratio, and what it is made of.
pub(super) fn measure(subject: &Subject) {
    let (world, project) = subject.world();
    let (_, events) = deploy(&world, &project);
    let url = url_of(&events);
    let app = host_of(&url).trim_end_matches(".localhost").to_owned();
    let own = median((0..ROUNDS).map(|_| start_up(&world, &app)).collect());
    let (mut first, mut whole, mut same) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        change(&project);
        let (answered, ended) = switched(&world, &project, &app);
        first.push(answered);
        whole.push(ended);
        same.push(deploy(&world, &project).0.elapsed_ms);
    }
    let spec =
        LoadSpec { connections: 1, pause_ms: 0, ..LoadSpec::at(address_of(&url), host_of(&url)) };
    let load = Load::start(spec);
    load.await_answers(200, Duration::from_secs(30));
    let report = load.stop();
    let (first, whole, same) = (median(first), median(whole), median(same));
    println!("| figure | ms | over the app's own start-up |\n|---|---|---|");
    let row = |name: &str, ms: u64| {
        println!("| {name} | {ms} | {:.2} |", ms as f64 / own.max(1) as f64);
    };
    row("the app's own start-up to its first answer", own);
    row("one-line change: `deploy` to the release being current", first);
    row("one-line change: `deploy` to its end, old release retired", whole);
    row("nothing changed: `deploy` to its end", same);
    println!("\none request through the edge: median {} us", report.latency_us[0]);
}

fn start_up(world: &World, app: &str) -> u64 {
    let status = world.run(&["status", "--app", app, "--json"]).expect_code(0).json();
    let command = status["release"]["spec"]["processes"]["web"]["command"].clone();
    let words: Vec<String> = serde_json::from_value(command).expect("a web process has a command");
    let mut arguments = vec!["run", "--app", app, "--", "python", "-c", START_UP];
    arguments.extend(words.iter().map(String::as_str));
    let run = world.run(&arguments).expect_code(0);
    run.stdout.trim().parse().unwrap_or_else(|e| panic!("no figure: {e}\n{run}"))
}

/// Milliseconds from the start of `deploy` until another release is current, and until its end.
fn switched(world: &World, project: &std::path::Path, app: &str) -> (u64, u64) {
    let begun = Instant::now();
    let (run, events) = deploy(world, project);
    let took = begun.elapsed().as_millis() as u64;
    let first = events.first().and_then(|event| event["at_ms"].as_u64()).unwrap_or(0);
    let last = events.last().and_then(|event| event["at_ms"].as_u64()).unwrap_or(first);
    // The phase after the switch begins when the edge has taken the new table.
    let baking =
        events.iter().find(|event| event["event"] == "phase" && event["phase"] == "baking");
    let at = baking.and_then(|event| event["at_ms"].as_u64()).unwrap_or(last);
    assert!(!app.is_empty() && run.code == Some(0));
    // The client's own start comes before the first event and is part of what a user waits for.
    let before = took.saturating_sub(last - first);
    (before + (at - first), took)
}
