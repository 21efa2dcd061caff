//! One try to build a wheel in the container.

use super::{BuildRoot, explained};
use crate::step::{StepMount, StepNetwork, StepSpec};
use crate::wheels::{CompileWheelError, WheelJob};
use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use windlass_model::Problem;
use windlass_oci::{Expected, LayerCache};

/// How a try ended.
pub(super) enum Attempt {
    /// The wheel is in the job's folder.
    Built,
    /// What it printed last.
    Failed(Vec<String>),
}

/// What runs in the container.
const SCRIPT: &str = include_str!("wheel.py");
/// What one build may take, in milliseconds: the largest compile for hours on small machines.
const TIMEOUT_MS: u64 = 4 * 60 * 60 * 1_000;
/// Lines that are looked through for what is missing.
const MOST_LINES: usize = 4_000;
/// What is there once a build asked for a compiler that it does not have.
const ASKED: &str = "asked-for-a-compiler";
/// Largest wheel that is taken, in bytes.
const WHEEL_BYTES: u64 = 4 << 30;

/// The folders of a try. In the container they are always at the same places, since compilers write
/// paths into what they make.
struct Place {
    home: tempfile::TempDir,
    mounts: Vec<StepMount>,
    arguments: Vec<String>,
}

impl BuildRoot<'_> {
    /// Tries once, with `roots` on top of the image's system. Without any a try that asks for a
    /// compiler has failed, whatever came of it: many build a lesser wheel then.
    pub(super) fn attempt(
        &self,
        job: &WheelJob<'_>,
        roots: &[PathBuf],
    ) -> Result<Attempt, CompileWheelError> {
        let mut layers = self.system_layers()?;
        layers.extend_from_slice(roots);
        let network = StepNetwork::of(&self.request.settings.tools.environment);
        let place = self.place(job).map_err(|error| disk(&self.request.dirs.scratch, &error))?;
        let mut mounts = place.mounts.clone();
        mounts.extend(network.mounts.clone());
        let source = format!("/build/src/{}", file_name(job.source));
        let words = ["python3", "-c", SCRIPT, "/build/uv", &source, "/build/out"];
        let words = words.map(str::to_owned).into_iter().chain(place.arguments.clone());
        let mut env = environment(job, network.env);
        if roots.is_empty() {
            env.insert("WINDLASS_NO_COMPILER".to_owned(), format!("/build/out/{ASKED}"));
        }
        let step = StepSpec {
            name: "wheel".to_owned(),
            layers,
            command: words.collect(),
            env,
            cwd: "/".into(),
            mounts,
            timeout_ms: TIMEOUT_MS,
        };
        let mut lines = VecDeque::new();
        let ended = (self.request.run_step)(&step, &mut |line| {
            if lines.len() == MOST_LINES {
                lines.pop_front();
            }
            lines.push_back(line.to_owned());
        })?;
        if !ended.is_success() {
            if lines.is_empty() {
                lines.push_back(format!("it printed nothing, and {ended}"));
            }
            return Ok(Attempt::Failed(lines.into()));
        }
        let out = place.home.path().join("out");
        if out.join(ASKED).symlink_metadata().is_ok() {
            return Ok(Attempt::Failed(Vec::new()));
        }
        take_wheels(&out, job.out).map_err(|error| disk(&out, &error))?;
        Ok(Attempt::Built)
    }

    fn system_layers(&self) -> Result<Vec<PathBuf>, CompileWheelError> {
        let wanted: Vec<_> = self
            .system
            .layers
            .iter()
            .map(|layer| Expected {
                digest: layer.info.descriptor.digest,
                diff_id: layer.info.diff_id,
            })
            .collect();
        LayerCache::open(&self.request.dirs.layers)
            .and_then(|cache| cache.ensure_layers(self.wanted.shelf.store, &wanted))
            .map_err(|error| explained(windlass_oci::explain::explain_unpack(&error)))
    }

    fn place(&self, job: &WheelJob<'_>) -> io::Result<Place> {
        fs::create_dir_all(&self.request.dirs.scratch)?;
        let home =
            tempfile::Builder::new().prefix("wheel-").tempdir_in(&self.request.dirs.scratch)?;
        // What builds fetch to build with, kept for the next one.
        let cache = self.request.dirs.cache.join("uv-build-cache");
        fs::create_dir_all(&cache)?;
        let mut place = Place { home, mounts: Vec::new(), arguments: Vec::new() };
        for name in ["out", "work"] {
            let folder = place.home.path().join(name);
            fs::create_dir(&folder)?;
            fs::set_permissions(&folder, fs::Permissions::from_mode(0o755))?;
            place.mount(folder, &format!("/build/{name}"), false);
        }
        place.mount(cache, "/build/cache", false);
        place.mount(fs::canonicalize(job.uv)?, "/build/uv", true);
        let source = format!("/build/src/{}", file_name(job.source));
        place.mount(fs::canonicalize(job.source)?, &source, true);
        for (number, link) in job.find_links.iter().enumerate() {
            let inside = if link.contains("://") {
                link.clone()
            } else if Path::new(link).exists() {
                let inside = format!("/build/links/{number}");
                place.mount(fs::canonicalize(link)?, &inside, true);
                inside
            } else {
                continue;
            };
            place.arguments.extend(["--find-links".to_owned(), inside]);
        }
        if job.no_index {
            place.arguments.push("--no-index".to_owned());
        }
        for (_, inside, file) in settings_files(job.environment) {
            // A copy: the container's user is another one, and these are often for their owner alone.
            let copy = place.home.path().join(file_name(Path::new(inside)));
            fs::copy(file, &copy)?;
            fs::set_permissions(&copy, fs::Permissions::from_mode(0o444))?;
            place.mount(copy, inside, true);
        }
        Ok(place)
    }
}

impl Place {
    fn mount(&mut self, source: PathBuf, target: &str, read_only: bool) {
        self.mounts.push(StepMount { source, target: target.into(), read_only });
    }
}

/// uv's variables of this machine, with all that names a place in the container.
fn environment(job: &WheelJob<'_>, network: BTreeMap<String, String>) -> BTreeMap<String, String> {
    let given = job.environment;
    let mut env: BTreeMap<String, String> = given
        .iter()
        .filter(|(name, _)| name.starts_with("UV_"))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    env.extend(network);
    for (name, inside, _) in settings_files(given) {
        env.insert(name.to_owned(), inside.to_owned());
    }
    let ours = [
        ("CARGO_HOME", "/build/cache/cargo"),
        // No paths and no lines of the sources in what is made: it is smaller, and the same for
        // every build.
        ("CFLAGS", "-g0"),
        ("CXXFLAGS", "-g0"),
        ("HOME", "/build/work/tmp"),
        ("LC_ALL", "C.UTF-8"),
        ("NO_COLOR", "1"),
        ("PATH", "/usr/local/bin:/usr/bin:/bin"),
        ("PYTHONHASHSEED", "0"),
        // Archives cannot hold dates before 1980.
        ("SOURCE_DATE_EPOCH", "315532800"),
        ("TMPDIR", "/build/work/tmp"),
        ("TZ", "UTC"),
        ("UV_CACHE_DIR", "/build/cache/uv"),
        ("UV_LINK_MODE", "copy"),
        ("UV_NO_PROGRESS", "1"),
        ("UV_PYTHON_DOWNLOADS", "never"),
    ];
    env.extend(ours.map(|(name, value)| (name.to_owned(), value.to_owned())));
    if job.source.is_dir() {
        env.extend(VERSIONS.map(|name| (name.to_owned(), "0.0.0".to_owned())));
    }
    env
}

/// A version taken from a repository's history would differ between checkouts, and a copy of a
/// folder has no history.
const VERSIONS: [&str; 3] =
    ["SETUPTOOLS_SCM_PRETEND_VERSION", "PBR_VERSION", "PDM_BUILD_SCM_VERSION"];

/// Files of this machine that say where packages come from and as whom they are asked for: variable,
/// place in the container, file.
fn settings_files(given: &BTreeMap<String, String>) -> Vec<(&'static str, &'static str, PathBuf)> {
    let named = |name: &str| given.get(name).map(PathBuf::from);
    let below = |name: &str, path: &str| named(name).map(|folder| folder.join(path));
    let settings = [
        named("UV_CONFIG_FILE"),
        below("XDG_CONFIG_HOME", "uv/uv.toml"),
        below("HOME", ".config/uv/uv.toml"),
        Some("/etc/uv/uv.toml".into()),
    ];
    let passwords = [named("NETRC"), below("HOME", ".netrc")];
    let first =
        |files: &[Option<PathBuf>]| files.iter().flatten().find(|file| file.is_file()).cloned();
    let mut found = Vec::new();
    found.extend(first(&settings).map(|file| ("UV_CONFIG_FILE", "/build/uv.toml", file)));
    found.extend(first(&passwords).map(|file| ("NETRC", "/build/netrc", file)));
    found
}

/// Copies the wheels, and nothing but files that are wheels.
fn take_wheels(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        let is_wheel = Path::new(&name).extension().is_some_and(|extension| extension == "whl");
        if is_wheel && entry.file_type()?.is_file() && entry.metadata()?.len() <= WHEEL_BYTES {
            let place = to.join(&name);
            fs::copy(entry.path(), &place)?;
            fs::set_permissions(&place, fs::Permissions::from_mode(0o644))?;
        }
    }
    Ok(())
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn disk(path: &Path, error: &io::Error) -> CompileWheelError {
    let message = format!("cannot use {}", path.display());
    explained(Problem::environment("cache-unusable", message).cause(error.to_string()))
}
