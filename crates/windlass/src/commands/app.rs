//! Which app is meant: `--app`, or the one that the current folder holds.

use super::At;
use crate::app_of_folder;
use crate::error::CliError;
use std::path::Path;
use windlass_model::AppName;
use windlass_server::wire::AppSummary;

/// The app that a verb acts on; it must be there.
pub(super) async fn known_app(at: &At) -> Result<AppName, CliError> {
    let known = names(&at.client().apps().await?);
    let folder = &at.settings.folder;
    let app = match &at.settings.app {
        Some(app) => app.clone(),
        None => app_of_folder::app_name(folder).map_err(|why| CliError::WhichApp {
            folder: folder.clone(),
            why: Box::new(why),
            known: known.clone(),
        })?,
    };
    if known.contains(&app) { Ok(app) } else { Err(CliError::UnknownApp { app, known }) }
}

/// The app of a project's folder, as a deploy would name it.
pub(super) async fn project_app(at: &At, project: &Path) -> Result<AppName, CliError> {
    let app = match &at.settings.app {
        Some(app) => app.clone(),
        None => app_of_folder::app_name(project)?,
    };
    let known = names(&at.client().apps().await?);
    if known.contains(&app) { Ok(app) } else { Err(CliError::UnknownApp { app, known }) }
}

/// The app that `status` is about; `None` for all of them, as outside of every project.
pub(super) fn status_app(at: &At, apps: &[AppSummary]) -> Result<Option<AppName>, CliError> {
    let known = names(apps);
    match &at.settings.app {
        Some(app) if known.contains(app) => Ok(Some(app.clone())),
        Some(app) => Err(CliError::UnknownApp { app: app.clone(), known }),
        None => {
            Ok(app_of_folder::app_name(&at.settings.folder).ok().filter(|app| known.contains(app)))
        }
    }
}

fn names(apps: &[AppSummary]) -> Vec<AppName> {
    apps.iter().map(|app| app.app.clone()).collect()
}
