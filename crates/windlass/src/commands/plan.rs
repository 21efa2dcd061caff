//! `windlass plan`: by the server where one runs, since it knows the current release; here
//! otherwise, as a first deploy.

use super::{At, done};
use crate::args::Plan;
use crate::error::CliError;
use crate::render;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::process::ExitCode;
use windlass_build::inspect::Inspection;
use windlass_model::rollout::{Phase, RolloutSpec};
use windlass_model::{JobId, ReleaseNumber, ReplicaSet};
use windlass_server::ClientError;
use windlass_server::building::read_project;
use windlass_server::wire::{PlanReport, PlanRequest, PlannedPhase};

/// Shows what a deploy would do; nothing is changed, on disk or elsewhere.
pub(super) async fn plan(at: &At, wanted: &Plan) -> Result<ExitCode, CliError> {
    let project = at.project(&wanted.path)?;
    let report = report(at, project).await?;
    let (output, show) = (at.output, at.output.show());
    done(if show.json {
        output.document(&report)
    } else {
        output.lines(&render::plan::plan(&report, show.verbose, output.style()))
    })
}

async fn report(at: &At, project: PathBuf) -> Result<PlanReport, CliError> {
    let request = PlanRequest { project: project.clone(), app: at.settings.app.clone() };
    match at.client().plan(&request).await {
        Ok(report) => Ok(report),
        Err(ClientError::NotRunning { source, .. }) => {
            if source.kind() == ErrorKind::PermissionDenied {
                at.output.note("planned as a first deploy: the server is another user's");
            }
            Ok(first(read_project(&project, request.app.as_ref())?))
        }
        Err(error) => Err(error.into()),
    }
}

/// The plan of a project's first deploy.
fn first(inspection: Inspection) -> PlanReport {
    let release = ReleaseNumber(1);
    let spec = RolloutSpec {
        app: inspection.app.name.clone(),
        job: JobId(1),
        from: None,
        to: Some(ReplicaSet::fresh(release, inspection.app.clone(), 1)),
        run_release_commands: true,
        counts: None,
        bake_ms: RolloutSpec::BAKE_MS,
    };
    let planned = Phase::ALL.into_iter().filter(|phase| *phase != Phase::Undoing);
    let phases = planned.map(|phase| PlannedPhase { phase, batches: phase.batches(&spec) });
    PlanReport {
        app: inspection.app.name.clone(),
        release,
        url: None,
        findings: inspection.findings,
        warnings: inspection.warnings,
        spec: inspection.app,
        build: inspection.build,
        changes: Vec::new(),
        phases: phases.filter(|planned| !planned.batches.is_empty()).collect(),
    }
}
