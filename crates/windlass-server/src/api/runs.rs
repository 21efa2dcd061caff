//! One-off containers.

use super::asked::Body;
use super::refusal::Refusal;
use super::{Api, apps};
use crate::wire::{RunRequest, RunStarted};
use axum::Json;
use axum::extract::{Path, State};
use windlass_model::{ContainerId, Problem};

pub(super) async fn start(
    State(api): State<Api>,
    Path(app): Path<String>,
    Body(request): Body<RunRequest>,
) -> Result<Json<RunStarted>, Refusal> {
    let app = apps::find(&api, &app)?;
    let current = app.current.as_ref().map(|set| set.release);
    let newest = || api.store.releases(&app.name).map(|rows| rows.rows.into_iter().next());
    let release = match request.release.or(current) {
        Some(number) => api.store.release(&app.name, number)?,
        None => newest()?.map(|row| row.release),
    };
    let release = release.ok_or_else(|| {
        let message = match request.release {
            Some(number) => format!("`{}` has no release {number}", app.name),
            None => format!("`{}` has no release yet", app.name),
        };
        Refusal::from(
            Problem::user("release-unknown", message)
                .hint(format!("its releases: windlass releases --app {}", app.name)),
        )
    })?;
    let container = api.host.start_one_off(&release, request.env).await?;
    Ok(Json(RunStarted { container, release: release.number }))
}

pub(super) async fn end(
    State(api): State<Api>,
    Path((app, container)): Path<(String, String)>,
) -> Result<Json<()>, Refusal> {
    let app = super::app_name(&app)?;
    let container: ContainerId = container.parse().map_err(|error| {
        Refusal::from(Problem::user("container-name-invalid", format!("{error}")))
    })?;
    api.host.end_one_off(&app, &container).await?;
    Ok(Json(()))
}
