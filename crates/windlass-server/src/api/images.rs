//! Images: freeing the disk of what nothing needs.

use super::Api;
use super::asked::Body;
use super::refusal::Refusal;
use crate::wire::{PruneReport, PruneRequest};
use axum::Json;
use axum::extract::State;

pub(super) async fn prune(
    State(api): State<Api>,
    Body(request): Body<PruneRequest>,
) -> Result<Json<PruneReport>, Refusal> {
    Ok(Json(api.host.prune(request).await?))
}
