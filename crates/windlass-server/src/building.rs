//! From a project's folder to an image: read, built, told of. It needs no server and no store.
//!
//! Invariants: whoever builds holds the image store, so that no sweep takes away what is only half
//! reached; nothing of a build outlives it but images, caches and the project's lock. Two builds
//! may run at once, in this process or in others.

mod builder;
mod commit;
mod order;
mod ours;
mod residence;
mod steps;

pub use builder::{BuilderLink, builder_main};
pub use order::{BuildPlace, BuiltProject, ProjectBuild};
pub(crate) use order::{BuilderMessage, BuilderOrder};
pub(crate) use residence::clear_abandoned;

use crate::explain::explain_tree;
use commit::commit_of;
use residence::Residence;
use std::fs::File;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32};
use std::time::{Duration, Instant};
use steps::Steps;
use windlass_build::explain::explain as explain_build;
use windlass_build::inspect::{
    HostFacts, Inspection, Sets, Tree, explain as explain_inspect, inspect_with,
};
use windlass_build::{BuildDirs, BuildRequest, build as build_image};
use windlass_model::{
    AppName, AppSpec, CollectStatic, Event, Finding, Layout, PersistPath, Problem, Progress,
};
use windlass_oci::ImageStore;
use windlass_oci::explain::explain_store;

/// Between two of them at least this long, unless a part begins or ends: a watcher sees enough,
/// and no store is filled.
const PACE: Duration = Duration::from_millis(150);

/// Reads the project: what a deploy would run and build. Blocks; changes nothing.
pub fn read_project(project: &Path, app: Option<&AppName>) -> Result<Inspection, Problem> {
    read_project_with(project, app, &Sets::default())
}

/// The same with packages that production does without: those of development, and groups by name.
pub fn read_project_with(
    project: &Path,
    app: Option<&AppName>,
    sets: &Sets,
) -> Result<Inspection, Problem> {
    let tree = Tree::read(project).map_err(|error| explain_tree(&error))?;
    let folder = project.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let facts = HostFacts {
        folder,
        pythons: windlass_build::pythons(),
        cores: std::thread::available_parallelism().map_or(1, usize::from),
    };
    let mut inspection =
        inspect_with(&tree, &facts, sets).map_err(|error| explain_inspect(&error))?;
    if let Some(app) = app {
        inspection.app.name = app.clone();
        inspection.build.app = app.clone();
        inspection.named = true;
    }
    Ok(inspection)
}

/// Builds the image of a project; `tell` hears what was found and how it gets on. Blocks.
pub fn build_project(
    place: &BuildPlace,
    wanted: &ProjectBuild,
    (cancelled, tell): (&AtomicBool, &(dyn Fn(Event) + Sync)),
) -> Result<BuiltProject, Problem> {
    let (store, _held) = open_store(&place.layout)?;
    // Before the build, which may write `windlass.lock`.
    let commit = commit_of(&wanted.project);
    let mut inspection = read_project(&wanted.project, wanted.app.as_ref())?;
    inspection.build.build_env.extend(wanted.build_env.clone());
    tell(Event::Inspected { findings: inspection.findings });
    let warn = |problem| tell(Event::Warning { problem });
    inspection.warnings.into_iter().for_each(warn);
    let residence = Residence::take(&place.layout, &place.exe)?;
    let steps = Steps { residence: &residence, cancelled, count: AtomicU32::new(0) };
    let pace = Mutex::new(Pace::default());
    let platforms = wanted.platforms.clone().unwrap_or(inspection.platforms);
    let request = BuildRequest {
        spec: &inspection.build,
        platforms: &platforms,
        project: &wanted.project,
        dirs: &BuildDirs {
            cache: place.layout.cache.clone(),
            images: place.layout.images(),
            layers: place.layout.layers(),
            scratch: residence.scratch(),
        },
        settings: &place.settings,
        cancelled,
        run_step: &|step, line| steps.run(step, line),
        output: &|line| tell(Event::Output { line: line.to_owned() }),
    };
    let built = build_image(&request, &|progress| {
        if pace.lock().is_ok_and(|mut pace| pace.is_due(&progress)) {
            tell(Event::Build(progress));
        }
    })
    .map_err(|error| explain_build(&error))?;
    for tag in &wanted.tags {
        store.tag(tag, &built.manifest).map_err(|error| explain_store(&error))?;
    }
    tell_findings(built.findings, tell);
    built.warnings.into_iter().for_each(warn);
    Ok(BuiltProject {
        spec: with_collecting(inspection.app, built.collect_at_release),
        image: built.manifest,
        platforms: built.platforms,
        layers: built.layers,
        bytes: built.bytes,
        lock_written: built.lock_written,
        commit,
    })
}

/// The app with what the build has left to a release: static files that are collected in a folder
/// that is kept, so that those of the old release stay beside those of the new one.
fn with_collecting(mut app: AppSpec, collect: Option<CollectStatic>) -> AppSpec {
    if let Some(collect) = collect {
        app.release_commands.insert(0, collect.command);
        app.persist.push(PersistPath { path: collect.folder, directory: true });
    }
    app
}

/// What the build found out, where that was anything.
fn tell_findings(findings: Vec<Finding>, tell: &dyn Fn(Event)) {
    if !findings.is_empty() {
        tell(Event::Inspected { findings });
    }
}

/// The image store, held for as long as the file is kept, on a disk with room.
fn open_store(layout: &Layout) -> Result<(ImageStore, File), Problem> {
    for folder in [&layout.state, &layout.run, &layout.cache] {
        order::make_private(folder)?;
    }
    check_room(&layout.state)?;
    check_room(&layout.cache)?;
    let store = ImageStore::open(layout.images()).map_err(|error| explain_store(&error))?;
    let held = store.hold().map_err(|error| explain_store(&error))?;
    Ok((store, held))
}

/// Free space in bytes below which no build is begun: what serves needs some to go on.
const ROOM_BYTES: u64 = 256 << 20;

/// Refuses before anything is written, rather than half way with a full disk.
fn check_room(folder: &Path) -> Result<(), Problem> {
    let Ok(found) = rustix::fs::statvfs(folder) else { return Ok(()) };
    let free = found.f_bavail.saturating_mul(found.f_frsize);
    if free >= ROOM_BYTES {
        return Ok(());
    }
    let size = windlass_model::quantity::format_bytes;
    let message = format!("only {} are free on the disk of {}", size(free), folder.display());
    Err(Problem::environment("disk-full", message)
        .cause(format!("a build is begun only where {} are free", size(ROOM_BYTES)))
        .hint("make room, or destroy apps that are not needed: windlass destroy --app NAME"))
}

/// Which progress is worth telling.
#[derive(Default)]
struct Pace {
    last: Option<(String, Instant)>,
}

impl Pace {
    fn is_due(&mut self, progress: &Progress) -> bool {
        let due = progress.elapsed_ms.is_some()
            || self
                .last
                .as_ref()
                .is_none_or(|(part, at)| *part != progress.part || at.elapsed() >= PACE);
        if due {
            self.last = Some((progress.part.clone(), Instant::now()));
        }
        due
    }
}
