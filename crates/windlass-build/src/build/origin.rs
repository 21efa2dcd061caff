//! What a build says about the image that it made.

use crate::debian::{RootPlan, RootSpec};
use crate::provenance::{self, Origin};
use crate::wheels::Resolved;
use windlass_model::{BuildSpec, Digest};
use windlass_oci::{ImageStore, StoreError};

/// Attaches the image's provenance, in the place of what an earlier build said about it.
pub(super) fn record(
    store: &ImageStore,
    manifest: &Digest,
    spec: &BuildSpec,
    (root, plan, resolved): (&RootSpec, &RootPlan, &Resolved),
) -> Result<(), StoreError> {
    let origin = Origin {
        app: spec.app.as_str(),
        root,
        revision: None,
        debian: plan.packages().collect(),
        python: &resolved.resolution,
    };
    provenance::attach(store, manifest, &origin).map(drop)
}
