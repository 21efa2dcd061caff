//! What a build says about the image that it made.

use super::BuildRequest;
use crate::base::LockedBase;
use crate::debian::{RootPlan, RootSpec};
use crate::provenance::{self, Origin};
use crate::revision;
use crate::wheels::Resolved;
use windlass_model::Digest;
use windlass_oci::{ImageStore, StoreError};

/// Attaches the image's provenance, in the place of what an earlier build said about it.
pub(super) fn record(
    (store, manifest): (&ImageStore, &Digest),
    request: &BuildRequest<'_>,
    (root, plan, resolved): (&RootSpec, &RootPlan, &Resolved),
    base: Option<&LockedBase>,
) -> Result<(), StoreError> {
    let environment = &request.settings.tools.environment;
    let revision = revision::revision(request.project, environment);
    let origin = Origin {
        app: request.spec.app.as_str(),
        root,
        base,
        revision: revision.as_ref(),
        debian: plan.packages().collect(),
        python: &resolved.resolution,
    };
    provenance::attach(store, manifest, &origin).map(drop)
}
