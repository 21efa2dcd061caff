//! What a deploy would do. Changes nothing.

use super::Api;
use super::asked::Body;
use super::jobs::inspected;
use super::refusal::Refusal;
use crate::executor::planning;
use crate::store::AppRow;
use crate::wire::{Change, PlanReport, PlanRequest, PlannedPhase};
use axum::Json;
use axum::extract::State;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use windlass_model::rollout::Phase;
use windlass_model::{AppSpec, Digest, JobId, Release, ReleaseNumber};

pub(super) async fn plan(
    State(api): State<Api>,
    Body(request): Body<PlanRequest>,
) -> Result<Json<PlanReport>, Refusal> {
    let (inspection, known) = inspected(&api, request.project, request.app).await?;
    let app = known.unwrap_or_else(|| AppRow {
        name: inspection.app.name.clone(),
        project: None,
        counts: BTreeMap::new(),
        current: None,
        last_release: 0,
    });
    let number = ReleaseNumber(app.last_release + 1);
    let release = Release {
        app: app.name.clone(),
        number,
        // Not built, and no step of the plan shows it.
        image: Digest::from_bytes([0; 32]),
        spec: inspection.app,
        created_at_ms: api.store.now_ms(),
        origin: "plan".to_owned(),
        commit: None,
    };
    let rollout = planning::deploy(&app, &release, JobId(0));
    let phases = Phase::ALL.into_iter().filter(|phase| *phase != Phase::Undoing);
    let phases = phases.map(|phase| PlannedPhase { phase, batches: phase.batches(&rollout) });
    let spec = rollout.to.as_ref().map_or(&release.spec, |set| &set.spec).clone();
    Ok(Json(PlanReport {
        release: number,
        url: api.host.url_of(&spec),
        findings: inspection.findings,
        warnings: inspection.warnings,
        build: inspection.build,
        changes: app.current.as_ref().map_or_else(Vec::new, |set| changes(&set.spec, &spec)),
        phases: phases.filter(|planned| !planned.batches.is_empty()).collect(),
        app: app.name,
        spec,
    }))
}

/// Every value that differs, by its path.
fn changes(from: &AppSpec, to: &AppSpec) -> Vec<Change> {
    let (from, to) = (leaves(from), leaves(to));
    let paths: BTreeSet<_> = from.keys().chain(to.keys()).collect();
    let change = |path: &String| Change {
        what: path.clone(),
        from: from.get(path).cloned(),
        to: to.get(path).cloned(),
    };
    paths.into_iter().map(change).filter(|change| change.from != change.to).collect()
}

fn leaves(spec: &AppSpec) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    if let Ok(value) = serde_json::to_value(spec) {
        collect(&value, String::new(), &mut found);
    }
    found
}

/// Lists are values: a changed word of a command is a changed command.
fn collect(value: &Value, path: String, found: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let dot = if path.is_empty() { "" } else { "." };
                collect(value, format!("{path}{dot}{name}"), found);
            }
        }
        Value::Null => {}
        Value::String(text) => drop(found.insert(path, text.clone())),
        other => drop(found.insert(path, other.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::app_spec;

    #[test]
    fn only_what_differs_is_a_change() {
        let old = app_spec("shop", &[("web", 1), ("worker", 1)]);
        assert_eq!(changes(&old, &old), []);
        let mut new = app_spec("shop", &[("web", 3)]);
        new.env.insert("DEBUG".to_owned(), "0".to_owned());
        let changes = changes(&old, &new);
        let count = Change {
            what: "processes.web.count".to_owned(),
            from: Some("1".to_owned()),
            to: Some("3".to_owned()),
        };
        assert!(changes.contains(&count), "{changes:?}");
        assert!(changes.iter().any(|c| c.what == "env.DEBUG" && c.from.is_none()));
        assert!(changes.iter().any(|c| c.what == "processes.worker.command" && c.to.is_none()));
        assert!(!changes.iter().any(|c| c.what == "processes.web.command"));
    }
}
