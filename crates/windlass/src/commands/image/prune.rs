//! `windlass image prune`: by the server where one runs, in its place otherwise.

use super::super::{At, done, now_ms};
use crate::args::ImagePrune;
use crate::error::CliError;
use crate::render;
use std::process::ExitCode;
use windlass_server::ClientError;
use windlass_server::images::Offline;
use windlass_server::wire::PruneRequest;

pub(super) async fn prune(at: &At, wanted: &ImagePrune) -> Result<ExitCode, CliError> {
    let request = PruneRequest {
        dry_run: wanted.dry_run,
        keep: wanted.keep,
        cache_bytes: wanted.cache_size.map(|size| size.bytes),
    };
    let report = match at.client().prune(&request).await {
        Err(ClientError::NotRunning { .. }) => {
            Offline::open(&at.settings.layout, now_ms)?.prune(&request, now_ms())?
        }
        answered => answered?,
    };
    done(if at.output.show().json {
        at.output.document(&report)
    } else {
        at.output.lines(&render::image::pruned(&report, at.output.style()))
    })
}
