//! Verbs that change an app: submit a job, follow it, tell how it ended.

use super::app::{known_app, project_app};
use super::{At, confirm, done};
use crate::args::{Deploy, Destroy};
use crate::error::CliError;
use crate::output::Output;
use crate::progress::Narrator;
use crate::render::ending::ending;
use crate::render::story::Story;
use crate::server_process;
use crate::watch::{self, Watched};
use std::process::ExitCode;
use windlass_model::{AppName, Job, JobKind, JobState};

/// What a shell expects of a program that was left with Ctrl-C: 128 + SIGINT.
const LEFT: u8 = 130;

/// `windlass deploy`.
pub(super) async fn deploy(at: &At, wanted: &Deploy) -> Result<ExitCode, CliError> {
    let project = at.project(&wanted.path)?;
    if wanted.follow {
        let app = project_app(at, &project).await?;
        let status = at.client().status(&app).await?;
        let job = status.job.or(status.last_job).ok_or(CliError::NoJob { app })?;
        return follow(at, &job).await;
    }
    let running = server_process::ensure(&at.settings, None).await?;
    if running.fresh {
        let state = running.ping.state.display();
        at.output.note(&format!("started a server; its state is in {state}"));
    }
    let kind = JobKind::Deploy { project };
    let job = at.client().submit(at.settings.app.clone(), kind).await?;
    if wanted.detach {
        at.output.note(&format!(
            "job {} runs in the server; watch it: windlass deploy --follow",
            job.id
        ));
        return done(if at.output.show().json { at.output.record(&job) } else { Ok(()) });
    }
    follow(at, &job).await
}

/// Rollback, restart, scale and stop: the app must be there.
pub(super) async fn submit(at: &At, kind: JobKind) -> Result<ExitCode, CliError> {
    let app = known_app(at).await?;
    let job = at.client().submit(Some(app), kind).await?;
    follow(at, &job).await
}

/// `windlass destroy`.
pub(super) async fn destroy(at: &At, wanted: &Destroy) -> Result<ExitCode, CliError> {
    let app = known_app(at).await?;
    if !wanted.yes {
        ask(at, &app, wanted.data)?;
    }
    let job = at.client().submit(Some(app), JobKind::Destroy { data: wanted.data }).await?;
    follow(at, &job).await
}

/// `windlass cancel`.
pub(super) async fn cancel(at: &At) -> Result<ExitCode, CliError> {
    let app = known_app(at).await?;
    let status = at.client().status(&app).await?;
    let job = status.job.ok_or(CliError::NothingToCancel { app })?;
    let job = at.client().cancel(job.id).await?;
    let watched = tell(at, &job).await?;
    let Watched::Ended(state) = watched else { return Ok(left(at.output, &job)) };
    document(at, &job).await?;
    match state {
        // It had failed before it could be cancelled, or failed at that.
        JobState::Failed { problem } if problem.code != "cancelled" => {
            at.output.failure(&problem, false);
            Ok(ExitCode::from(problem.kind.exit_code()))
        }
        JobState::Failed { problem } if !at.output.show().json => {
            at.output.note(&format!("job {} was {}", job.id, problem.message));
            for cause in &problem.causes {
                at.output.note(cause);
            }
            Ok(ExitCode::SUCCESS)
        }
        _ => Ok(ExitCode::SUCCESS),
    }
}

fn ask(at: &At, app: &AppName, data: bool) -> Result<(), CliError> {
    if !at.settings.interactive {
        return Err(CliError::CannotAsk { app: app.clone() });
    }
    let what = if data { "its releases, logs and data" } else { "its releases and logs" };
    let question = format!("This removes {app}: {what}. Type its name to go on: ");
    if confirm::typed(&question, app.as_str()) {
        Ok(())
    } else {
        Err(CliError::NotConfirmed { app: app.clone() })
    }
}

/// Follows a job to its end and tells it.
async fn follow(at: &At, job: &Job) -> Result<ExitCode, CliError> {
    match tell(at, job).await? {
        Watched::Left => Ok(left(at.output, job)),
        Watched::Ended(JobState::Failed { problem }) => {
            document(at, job).await?;
            at.output.failure(&problem, false);
            Ok(ExitCode::from(problem.kind.exit_code()))
        }
        Watched::Ended(state) => {
            document(at, job).await?;
            if let (JobState::Succeeded { url: Some(url), .. }, JobKind::Deploy { .. }, false) =
                (&state, &job.kind, at.output.show().json)
            {
                at.output.line(url)?;
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// The story on standard error, or a deploy's events as JSON on standard output.
async fn tell(at: &At, job: &Job) -> Result<Watched, CliError> {
    let (output, show) = (at.output, at.output.show());
    let events = show.json && is_deploy(job);
    let mut story = Story::new(output.error_style(), show.verbose);
    let mut narrator = Narrator::new(output);
    let watched = watch::follow(&at.settings, output, job.id, &mut |record| {
        for say in story.tell(record) {
            narrator.show(say);
        }
        if events { output.record(record) } else { Ok(()) }
    })
    .await;
    narrator.end();
    let watched = watched?;
    if let Watched::Ended(JobState::Succeeded { release, .. }) = &watched {
        let line = ending(&job.app, &job.kind, *release, story.timing().as_deref());
        output.note(&line);
    }
    Ok(watched)
}

/// `--json` of every verb but a deploy, whose events say it all: the job as it ended.
async fn document(at: &At, job: &Job) -> Result<(), CliError> {
    if at.output.show().json && !is_deploy(job) {
        at.output.document(&at.client().job(job.id).await?)?;
    }
    Ok(())
}

fn is_deploy(job: &Job) -> bool {
    matches!(job.kind, JobKind::Deploy { .. })
}

fn left(output: Output, job: &Job) -> ExitCode {
    output.note(&format!(
        "left: the {} (job {}) goes on in the server; come back to it: windlass deploy --follow \
         --app {}",
        job.kind.verb(),
        job.id,
        job.app
    ));
    ExitCode::from(LEFT)
}
