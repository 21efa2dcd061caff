//! `windlass build`: an image, without any server.

use super::{At, now_ms};
use crate::args::{Build, Tag};
use crate::build_settings::{Disk, build_settings};
use crate::error::CliError;
use crate::facts::Facts;
use crate::progress::Narrator;
use crate::render::build::{BuildReport, lines};
use crate::render::story::Story;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use windlass_model::{Event, Problem};
use windlass_oci::explain::explain_store;
use windlass_oci::{ImageStore, export_folder, export_tar};
use windlass_server::building::{BuildPlace, BuiltProject, ProjectBuild, build_project};

/// What a shell expects of a program that was left with Ctrl-C: 128 + SIGINT.
const LEFT: u8 = 130;
/// What a build that was left gets to end its part and its containers.
const PATIENCE: Duration = Duration::from_secs(10);

/// Builds the image, and writes it where it was asked for.
pub(super) async fn build(at: &At, wanted: Build, facts: &Facts) -> Result<ExitCode, CliError> {
    let begun = Instant::now();
    let project = at.project(&wanted.path)?;
    let place = BuildPlace {
        layout: at.settings.layout.clone(),
        exe: at.settings.program.clone(),
        settings: build_settings(facts, &Disk::real()),
    };
    let order = ProjectBuild {
        project,
        app: at.settings.app.clone(),
        tags: wanted.tags.into_iter().map(|Tag(name)| name).collect(),
        platforms: (!wanted.platforms.is_empty()).then_some(wanted.platforms),
        build_env: wanted.settings.into_iter().map(|it| (it.name, it.value)).collect(),
    };
    let (named, layout) = (order.tags.clone(), place.layout.clone());
    let Some(built) = run(at, place, order).await? else { return Ok(ExitCode::from(LEFT)) };
    let mut tags = vec![built.spec.name.to_string()];
    tags.extend(named);
    tags.dedup();
    let output = wanted.output.map(|path| at.settings.folder.join(path));
    if let Some(path) = &output {
        let names = if tags.len() > 1 { &tags[1..] } else { &tags[..] };
        export(&layout.images(), (&built, names), path)?;
    }
    let elapsed_ms = begun.elapsed().as_millis() as u64;
    let report = BuildReport::new(&built, tags, (output, elapsed_ms));
    if at.output.show().json {
        at.output.document(&report)?;
    } else {
        for line in lines(&report) {
            at.output.note(&line);
        }
        at.output.line(&report.image.to_string())?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The build on a thread of its own, told as it goes; `None` when the user left it.
async fn run(
    at: &At,
    place: BuildPlace,
    order: ProjectBuild,
) -> Result<Option<BuiltProject>, CliError> {
    let mut signals = Signals::listen()?;
    let cancelled = Arc::new(AtomicBool::new(false));
    let (events, heard) = unbounded_channel::<Event>();
    let asked = Arc::clone(&cancelled);
    let building = tokio::task::spawn_blocking(move || {
        let tell = |event| {
            // The listener lives until this has ended.
            let _ = events.send(event);
        };
        build_project(&place, &order, (&asked, &tell))
    });
    let left = tokio::select! {
        biased;
        () = signals.any() => true,
        () = narrate(at, heard) => false,
    };
    if left {
        cancelled.store(true, Ordering::Relaxed);
        at.output.note("left: what was finished stays cached");
        tokio::select! {
            // What it leaves behind the next build clears away.
            () = tokio::time::sleep(PATIENCE) => {}
            () = signals.any() => {}
            _ = building => {}
        }
        return Ok(None);
    }
    let built = building
        .await
        .map_err(|error| Problem::bug("build-panicked", format!("the build broke: {error}")))?;
    Ok(Some(built?))
}

/// Shows events until there are no more.
async fn narrate(at: &At, mut heard: UnboundedReceiver<Event>) {
    let mut story = Story::new(at.output.error_style(), at.output.show().verbose);
    let mut narrator = Narrator::new(at.output);
    while let Some(event) = heard.recv().await {
        for say in story.hear(&event, now_ms()) {
            narrator.show(say);
        }
    }
    narrator.end();
}

/// What asks a program to end.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn listen() -> Result<Self, CliError> {
        let listen = |kind| signal(kind).map_err(CliError::Reactor);
        let (terminate, interrupt) = (SignalKind::terminate(), SignalKind::interrupt());
        Ok(Self { terminate: listen(terminate)?, interrupt: listen(interrupt)? })
    }

    async fn any(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

fn export(
    images: &Path,
    (built, names): (&BuiltProject, &[String]),
    to: &Path,
) -> Result<(), Problem> {
    let exported = ImageStore::open(images).and_then(|store| {
        let what = (&built.image, names);
        if to.extension().is_some_and(|extension| extension == "tar") {
            export_tar(&store, what, to)
        } else {
            export_folder(&store, what, to)
        }
    });
    exported.map_err(|error| explain_store(&error))
}
