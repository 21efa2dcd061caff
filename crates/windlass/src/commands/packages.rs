//! `windlass lock`, `sync` and `upgrade`: a project's packages, without any server.

use super::{At, done, now_ms};
use crate::args::{Lock, Sync, Upgrade};
use crate::build_settings::{Disk, build_settings};
use crate::error::CliError;
use crate::facts::Facts;
use crate::render::{self, problem, time};
use std::path::Path;
use std::process::ExitCode;
use windlass_build::inspect::Sets;
use windlass_build::packages::{self, LockReport, PackagesRequest};
use windlass_build::wheels::ResolveNote;
use windlass_model::{BuildSpec, Problem};
use windlass_server::building::read_project_with;

/// Writes the lock, or leaves it where it is right.
pub(super) fn lock(at: &At, wanted: &Lock, facts: &Facts) -> Result<ExitCode, CliError> {
    report_lock(at, &wanted.path, facts, &packages::Upgrade::Nothing)
}

/// Moves locked versions, all of them or some.
pub(super) fn upgrade(at: &At, wanted: Upgrade, facts: &Facts) -> Result<ExitCode, CliError> {
    let now = time::rfc3339(now_ms());
    let upgrade = match wanted.packages {
        names if names.is_empty() => packages::Upgrade::All { now },
        names => packages::Upgrade::Only { names, now },
    };
    report_lock(at, &wanted.project, facts, &upgrade)
}

fn report_lock(
    at: &At,
    path: &Path,
    facts: &Facts,
    upgrade: &packages::Upgrade,
) -> Result<ExitCode, CliError> {
    let project = at.project(path)?;
    let spec = read(at, &project, &Sets::default())?;
    let report = with(at, (&project, &spec), facts, |request| packages::lock(request, upgrade))?;
    warn(at, &report.notes);
    let LockReport { moved, moved_debian, .. } = &report;
    done(if at.output.show().json {
        at.output.document(&render::packages::lock_document(&report))
    } else {
        at.output.note(&render::packages::lock_summary(&report));
        let style = at.output.style();
        at.output.lines(&render::packages::moved(moved, moved_debian, style))
    })
}

/// Makes `.venv` hold the project's packages.
pub(super) fn sync(at: &At, wanted: Sync, facts: &Facts) -> Result<ExitCode, CliError> {
    let project = at.project(&wanted.path)?;
    let sets = Sets { development: !wanted.no_dev, groups: wanted.groups };
    let spec = read(at, &project, &sets)?;
    let report = with(at, (&project, &spec), facts, packages::sync)?;
    warn(at, &report.notes);
    done(if at.output.show().json {
        at.output.document(&render::packages::sync_document(&report))
    } else {
        at.output.note(&render::packages::sync_summary(&report));
        at.output.lines(&render::packages::moved(&report.moved, &[], at.output.style()))
    })
}

/// What the project's packages are, from its declaration.
fn read(at: &At, project: &Path, sets: &Sets) -> Result<BuildSpec, Problem> {
    let inspection = read_project_with(project, at.settings.app.as_ref(), sets)?;
    for warning in &inspection.warnings {
        if warning.code == "locks-several" || warning.code == "dependencies-inferred" {
            show(at, warning);
        }
    }
    at.output.note(&format!("dependencies: {}", inspection.build.dependencies.describe()));
    Ok(inspection.build)
}

fn with<T>(
    at: &At,
    (project, spec): (&Path, &BuildSpec),
    facts: &Facts,
    act: impl FnOnce(PackagesRequest<'_>) -> Result<T, packages::PackagesError>,
) -> Result<T, Problem> {
    let layout = &at.settings.layout;
    let settings = build_settings(facts, &Disk::real());
    let (images, cache) = (layout.images(), &layout.cache);
    let request = PackagesRequest { spec, project, cache, images: &images, settings: &settings };
    act(request).map_err(|error| packages::explain(&error))
}

fn warn(at: &At, notes: &[ResolveNote]) {
    for warning in windlass_build::wheels::explain::notes(notes) {
        show(at, &warning);
    }
}

fn show(at: &At, warning: &Problem) {
    for line in problem::warning(warning, at.output.error_style()) {
        at.output.note(&line);
    }
}
