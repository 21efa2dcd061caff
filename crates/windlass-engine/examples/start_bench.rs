//! How long a container takes from the call that starts it to the first byte of its output, over
//! the same for `runc run` of the same root. Run by `bench/container-start`; needs root and runc.

#![expect(clippy::print_stdout, reason = "a measurement prints its figures")]

use anyhow::{Context as _, Result, bail, ensure};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};
use windlass_engine::{ContainerSpec, Engine, EngineDirs, LogFollower, LogSpec, shim_main};
use windlass_model::Resources;

const WARM_UPS: usize = 3;
const PATIENCE: Duration = Duration::from_mins(1);

fn main() -> Result<ExitCode> {
    let args: Vec<OsString> = std::env::args_os().skip(1).collect();
    if args.first().is_some_and(|word| word == "shim") {
        return Ok(ExitCode::from(shim_main(&args[1..])));
    }
    let rounds: usize = match args.first().and_then(|word| word.to_str()) {
        Some(word) => word.parse().context("the argument is a number of rounds")?,
        None => 30,
    };
    ensure!(rustix::process::geteuid().is_root(), "runc needs root for the same configuration");
    let folder = tempfile::Builder::new().prefix("wl-bench-").tempdir_in("/tmp")?;
    let root = folder.path().join("runc/rootfs");
    make_root(&root)?;
    write_runc_config(&folder.path().join("runc"))?;
    let dirs =
        EngineDirs { containers: folder.path().join("containers"), runs: folder.path().join("r") };
    let shim = vec![std::env::current_exe()?.into_os_string(), "shim".into()];
    let engine = Engine::open(dirs, shim)?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    // In turns, so that whatever else the machine does falls on both.
    for round in 0..WARM_UPS + rounds {
        let engine_time = start_with_engine(&engine, folder.path(), &root, round)?;
        let runc_time = start_with_runc(folder.path(), round)?;
        if round >= WARM_UPS {
            ours.push(engine_time);
            theirs.push(runc_time);
        }
    }
    let (ours, theirs) = (median(&mut ours), median(&mut theirs));
    println!("rounds {rounds}, medians, start to first byte of output");
    println!("windlass {:.2} ms", ours * 1e3);
    println!("runc run {:.2} ms", theirs * 1e3);
    println!("ratio    {:.2}", ours / theirs);
    Ok(ExitCode::SUCCESS)
}

fn median(times: &mut [Duration]) -> f64 {
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64()
}

/// One program and its libraries.
fn make_root(root: &Path) -> Result<()> {
    let program = PathBuf::from("/usr/bin/echo");
    let out = Command::new("ldd").arg(&program).output()?;
    let text = String::from_utf8(out.stdout)?;
    let libraries = text.split_whitespace().filter(|word| word.starts_with('/'));
    for file in libraries.map(PathBuf::from).chain([program]) {
        let target = root.join(file.strip_prefix("/")?);
        fs::create_dir_all(target.parent().context("a file has a folder")?)?;
        fs::copy(&file, target)?;
    }
    for dir in ["proc", "dev", "sys"] {
        fs::create_dir_all(root.join(dir))?;
    }
    Ok(())
}

fn start_with_engine(
    engine: &Engine,
    folder: &Path,
    root: &Path,
    round: usize,
) -> Result<Duration> {
    let log = folder.join(format!("log-{round}"));
    let spec = ContainerSpec {
        id: format!("bench-{round}").parse()?,
        labels: BTreeMap::new(),
        layers: vec![root.to_owned()],
        command: vec!["/usr/bin/echo".to_owned(), "x".to_owned()],
        env: BTreeMap::new(),
        cwd: "/".into(),
        user: 65_532,
        mounts: Vec::new(),
        hosts: Vec::new(),
        hostname: "bench".to_owned(),
        limits: Resources { memory_bytes: None, cpu_millis: None, pids: 512 },
        log: LogSpec { path: log.clone(), max_bytes: 1_000_000, keep: 0 },
        socket: false,
        exit_with_exec: false,
    };
    let mut follower = LogFollower::from_start(&log)?;
    let begun = Instant::now();
    engine.start(&spec)?;
    let line = follower.next(PATIENCE)?.context("no output")?;
    let took = begun.elapsed();
    ensure!(line.text == "x", "unexpected output: {}", line.text);
    engine.wait(&spec.id, PATIENCE).context("it does not end")?;
    engine.remove(&spec.id)?;
    Ok(took)
}

fn start_with_runc(folder: &Path, round: usize) -> Result<Duration> {
    let begun = Instant::now();
    let mut child = Command::new("runc")
        .arg("--root")
        .arg(folder.join("runc-state"))
        .args(["run", &format!("windlass-bench-{}-{round}", std::process::id())])
        .current_dir(folder.join("runc"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .context("runc is needed to compare with")?;
    let mut byte = [0_u8];
    child.stdout.as_mut().context("piped")?.read_exact(&mut byte)?;
    let took = begun.elapsed();
    if !child.wait()?.success() || byte != *b"x" {
        bail!("runc did not run the same");
    }
    Ok(took)
}

/// runc's own default configuration, with what differs from ours taken out.
fn write_runc_config(bundle: &Path) -> Result<()> {
    let status = Command::new("runc").arg("spec").current_dir(bundle).status()?;
    ensure!(status.success(), "runc spec failed");
    let path = bundle.join("config.json");
    let mut config: serde_json::Value = serde_json::from_slice(&fs::read(&path)?)?;
    config["process"]["args"] = serde_json::json!(["/usr/bin/echo", "x"]);
    config["process"]["terminal"] = false.into();
    config["process"]["user"] = serde_json::json!({"uid": 65_532, "gid": 65_532});
    config["linux"]["resources"]["pids"] = serde_json::json!({"limit": 513});
    let namespaces = config["linux"]["namespaces"].as_array_mut().context("a list")?;
    namespaces.retain(|namespace| namespace["type"] != "network");
    let mounts = config["mounts"].as_array_mut().context("a list")?;
    mounts.retain(|mount| mount["type"] != "cgroup");
    fs::write(path, serde_json::to_vec(&config)?)?;
    Ok(())
}
