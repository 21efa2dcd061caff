//! Apps and how they are.

use super::problem;
use super::releases::short_commit;
use super::style::{Style, Tone, printable};
use super::table::{Table, cell, toned};
use super::time::ago;
use windlass_model::quantity::format_bytes;
use windlass_model::{Job, JobState};
use windlass_server::wire::{AppStatus, AppSummary, ReplicaState, ReplicaStatus};

/// All apps, one a line.
pub(crate) fn apps(apps: &[AppSummary], style: Style) -> Vec<String> {
    if apps.is_empty() {
        return vec!["no apps yet: run `windlass deploy` in a project".to_owned()];
    }
    let mut table = Table::new(&["APP", "RELEASE", "REPLICAS", "URL", "JOB"]);
    for app in apps {
        let release = app.release.map_or_else(|| "-".to_owned(), |release| release.to_string());
        let tone = if app.running < app.wanted { Tone::Bad } else { Tone::Good };
        table.row(vec![
            toned(Tone::Strong, app.app.as_str()),
            cell(release),
            toned(tone, format!("{} of {}", app.running, app.wanted)),
            toned(Tone::Link, app.url.clone().unwrap_or_else(|| "-".to_owned())),
            cell(app.job.as_ref().map_or_else(String::new, job)),
        ]);
    }
    table.lines(style, 0)
}

/// One app in detail.
pub(crate) fn app(status: &AppStatus, now_ms: u64, style: Style) -> Vec<String> {
    let mut facts = Table::new(&[]);
    let mut fact = |name: &str, value: String| {
        facts.row(vec![toned(Tone::Faint, name), cell(value)]);
    };
    match &status.release {
        Some(release) => {
            let origin = printable(&release.origin);
            let age = ago(now_ms, release.created_at_ms);
            let commit = release
                .commit
                .as_deref()
                .map(|commit| format!(", commit {}", short_commit(commit)));
            let commit = commit.unwrap_or_default();
            fact("release", format!("{} ({origin}, {age}{commit})", release.number));
        }
        None => fact("release", "none serves".to_owned()),
    }
    if let Some(url) = &status.url {
        fact("url", style.paint(Tone::Link, url));
    }
    if let Some(project) = &status.project {
        fact("project", project.display().to_string());
    }
    if let Some(running) = &status.job {
        let phase = status.phase.map_or_else(String::new, |phase| format!(": {phase}"));
        fact("job", format!("{}{phase}", job(running)));
    } else if let Some(last) = &status.last_job {
        let ended = last.ended_at_ms.map_or_else(String::new, |at| format!(" {}", ago(now_ms, at)));
        fact("last job", format!("{}{ended}", job(last)));
    }
    let mut lines = vec![style.paint(Tone::Strong, status.app.as_str())];
    lines.extend(facts.lines(style, 2));
    if !status.replicas.is_empty() {
        lines.push(String::new());
        lines.extend(replicas(&status.replicas, now_ms, style));
    }
    for warning in &status.warnings {
        lines.push(String::new());
        lines.extend(problem::warning(warning, style));
    }
    lines
}

fn replicas(replicas: &[ReplicaStatus], now_ms: u64, style: Style) -> Vec<String> {
    let mut table = Table::new(&["REPLICA", "RELEASE", "STATE", "SINCE", "MEMORY", "RESTARTS"]);
    for status in replicas {
        let state = match status.state {
            ReplicaState::Running => toned(Tone::Good, "running"),
            ReplicaState::Restarting => toned(Tone::Warn, "restarting"),
            ReplicaState::Missing => toned(Tone::Bad, "missing"),
        };
        let memory = match (status.memory_bytes, status.memory_limit_bytes) {
            (Some(used), Some(limit)) => {
                format!("{} of {}", format_bytes(used), format_bytes(limit))
            }
            (Some(used), None) => format_bytes(used),
            (None, _) => "-".to_owned(),
        };
        let exit = status.last_exit.map_or_else(String::new, |exit| format!(" (last {exit})"));
        table.row(vec![
            cell(status.replica.to_string()),
            cell(status.replica.release.to_string()),
            state,
            cell(status.started_at_ms.map_or_else(|| "-".to_owned(), |at| ago(now_ms, at))),
            cell(memory),
            cell(format!("{}{exit}", status.restarts)),
        ]);
    }
    table.lines(style, 2)
}

/// A job in a few words: `deploy (job 12, building)`.
fn job(job: &Job) -> String {
    let state = match &job.state {
        JobState::Queued => "queued",
        JobState::Building => "building",
        JobState::Rolling => "rolling",
        JobState::Succeeded { .. } => "succeeded",
        JobState::Failed { .. } => "failed",
    };
    format!("{} (job {}, {state})", job.kind.verb(), job.id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use windlass_model::{
        AppName, ExitReason, JobId, JobKind, ProcessType, ReleaseNumber, ReplicaId,
    };

    const NOW: u64 = 1_700_000_000_000;

    fn running() -> Job {
        Job {
            id: JobId(12),
            app: AppName::from_loose("shop"),
            kind: JobKind::Restart,
            state: JobState::Rolling,
            submitted_at_ms: NOW,
            ended_at_ms: None,
        }
    }

    #[test]
    fn all_apps_are_one_table() {
        let shop = AppSummary {
            app: AppName::from_loose("shop"),
            release: Some(ReleaseNumber(3)),
            url: Some("http://shop.localhost:8080".to_owned()),
            running: 2,
            wanted: 2,
            job: Some(running()),
        };
        let text = apps(&[shop], Style::plain()).join("\n");
        let wanted = "\
APP   RELEASE  REPLICAS  URL                         JOB
shop  3        2 of 2    http://shop.localhost:8080  restart (job 12, rolling)";
        assert_eq!(text, wanted);
        assert!(apps(&[], Style::plain())[0].contains("windlass deploy"));
    }

    #[test]
    fn one_app_shows_its_replicas_and_what_to_know() {
        let replica = ReplicaId {
            app: AppName::from_loose("shop"),
            release: ReleaseNumber(3),
            process: ProcessType::web(),
            index: 1,
            incarnation: 4,
        };
        let status = AppStatus {
            app: replica.app.clone(),
            project: Some("/projects/shop".into()),
            url: Some("http://shop.localhost".to_owned()),
            release: None,
            replicas: vec![ReplicaStatus {
                container: replica.container(),
                replica,
                state: ReplicaState::Running,
                started_at_ms: Some(NOW - 90_000),
                restarts: 1,
                last_exit: Some(ExitReason::Code { code: 3 }),
                memory_bytes: Some(52_000_000),
                memory_limit_bytes: None,
            }],
            job: None,
            phase: None,
            last_job: Some(Job { ended_at_ms: Some(NOW - 5_000), ..running() }),
            warnings: vec![windlass_model::Problem::user("x", "web.1 keeps crashing")],
        };
        let wanted = "\
shop
  release   none serves
  url       http://shop.localhost
  project   /projects/shop
  last job  restart (job 12, rolling) 5 s ago

  REPLICA  RELEASE  STATE    SINCE     MEMORY  RESTARTS
  web.1    3        running  90 s ago  52 MB   1 (last exited with code 3)

warning: web.1 keeps crashing";
        assert_eq!(app(&status, NOW, Style::plain()).join("\n"), wanted);
    }
}
