//! From a project's folder to an image, with what the builder says passed on.

use super::HostSettings;
use super::commit::commit_of;
use crate::back_end::{BuildOrder, Built};
use crate::explain::explain_tree;
use crate::report::Report;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::OwnedRwLockReadGuard;
use windlass_build::explain::explain as explain_build;
use windlass_build::inspect::{HostFacts, Inspection, Tree, explain as explain_inspect, inspect};
use windlass_build::{BuildDirs, BuildRequest, BuildSettings, build as build_image};
use windlass_model::{AppName, Event, Problem, Progress};

/// Between two of them at least this long, unless a part begins or ends: a watcher sees enough,
/// and the store is not filled.
const PACE: Duration = Duration::from_millis(150);

/// Reads the project: what a deploy would run and build. Blocks; changes nothing.
pub fn read_project(project: &Path, app: Option<&AppName>) -> Result<Inspection, Problem> {
    let tree = Tree::read(project).map_err(|error| explain_tree(&error))?;
    let folder = project.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let facts = HostFacts {
        folder,
        pythons: windlass_build::debian::pythons(),
        cores: std::thread::available_parallelism().map_or(1, usize::from),
    };
    let mut inspection = inspect(&tree, &facts).map_err(|error| explain_inspect(&error))?;
    if let Some(app) = app {
        inspection.app.name = app.clone();
        inspection.build.app = app.clone();
        inspection.named = true;
    }
    Ok(inspection)
}

/// Tells the thread that builds that nobody waits for it any more.
struct Waiting(Arc<AtomicBool>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Builds the image of a project, off the reactor. When this is dropped the build goes on to the
/// end of its part, and nothing of it is seen; until then it holds `images`.
pub(super) async fn build(
    settings: &HostSettings,
    order: &BuildOrder,
    report: &Report,
    images: OwnedRwLockReadGuard<()>,
) -> Result<Built, Problem> {
    let (layout, build, order) = (settings.layout.clone(), settings.build.clone(), order.clone());
    let report = report.clone();
    let dirs = BuildDirs { cache: layout.cache.clone(), images: layout.images() };
    let cancelled = Arc::new(AtomicBool::new(false));
    let _waiting = Waiting(Arc::clone(&cancelled));
    let built = tokio::task::spawn_blocking(move || {
        let built = run(&dirs, (&build, &cancelled), &order, &report);
        drop(images);
        built
    });
    built.await.unwrap_or_else(|error| {
        Err(Problem::bug("build-panicked", format!("the build broke: {error}")))
    })
}

fn run(
    dirs: &BuildDirs,
    (settings, cancelled): (&BuildSettings, &AtomicBool),
    order: &BuildOrder,
    report: &Report,
) -> Result<Built, Problem> {
    check_room(&dirs.images)?;
    check_room(&dirs.cache)?;
    // Before the build, which may write `windlass.lock`.
    let commit = commit_of(&order.project);
    let inspection = read_project(&order.project, Some(&order.app))?;
    report.tell(Event::Inspected { findings: inspection.findings });
    for problem in inspection.warnings {
        report.tell(Event::Warning { problem });
    }
    let pace = Mutex::new(Pace::default());
    let progress = |progress: Progress| {
        let due = pace.lock().is_ok_and(|mut pace| pace.is_due(&progress));
        if due {
            report.tell(Event::Build(progress));
        }
    };
    let (spec, project) = (&inspection.build, &order.project);
    let request = BuildRequest { spec, project, dirs, settings, cancelled };
    let built = build_image(&request, &progress).map_err(|error| explain_build(&error))?;
    for problem in built.warnings {
        report.tell(Event::Warning { problem });
    }
    Ok(Built { spec: inspection.app, image: built.manifest, commit })
}

/// Free space in bytes below which no build is begun: what serves needs some to go on.
const ROOM_BYTES: u64 = 256 << 20;

/// Refuses before anything is written, rather than half way with a full disk.
fn check_room(folder: &Path) -> Result<(), Problem> {
    // A folder that is made only later is on the file system of the one that it will be in.
    let existing = folder.ancestors().find(|folder| folder.exists()).unwrap_or(folder);
    let Ok(found) = rustix::fs::statvfs(existing) else { return Ok(()) };
    let free = found.f_bavail.saturating_mul(found.f_frsize);
    if free >= ROOM_BYTES {
        return Ok(());
    }
    let size = windlass_model::quantity::format_bytes;
    let message = format!("only {} are free on the disk of {}", size(free), existing.display());
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
