//! Verbs that look at apps.

use super::app::{known_app, status_app};
use super::{At, done, now_ms};
use crate::error::CliError;
use crate::render;
use std::process::ExitCode;

/// `windlass status`: the app that is meant, or all of them.
pub(super) async fn status(at: &At) -> Result<ExitCode, CliError> {
    let (client, output) = (at.client(), at.output);
    let apps = client.apps().await?;
    let Some(app) = status_app(at, &apps)? else {
        return done(if output.show().json {
            output.document(&apps)
        } else {
            output.lines(&render::status::apps(&apps, output.style()))
        });
    };
    let status = client.status(&app).await?;
    done(if output.show().json {
        output.document(&status)
    } else {
        output.lines(&render::status::app(&status, now_ms(), output.style()))
    })
}

/// `windlass releases`.
pub(super) async fn releases(at: &At) -> Result<ExitCode, CliError> {
    let app = known_app(at).await?;
    let (releases, output) = (at.client().releases(&app).await?, at.output);
    done(if output.show().json {
        output.document(&releases)
    } else {
        output.lines(&render::releases::releases(&releases, now_ms(), output.style()))
    })
}
