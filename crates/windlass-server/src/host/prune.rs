//! The sweep that a user asks for: images, unpacked layers and the build cache.

use super::{HostBackEnd, container, off_reactor};
use crate::images::{Roots, busy, prune};
use crate::wire::{PruneReport, PruneRequest};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use windlass_engine::Engine;
use windlass_engine::explain::explain_engine;
use windlass_model::explain::explain_effect;
use windlass_model::{AppName, Problem, ReleaseNumber};

/// How long a build or an unpacking under way is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

impl HostBackEnd {
    /// Frees the disk of what nothing needs, or counts it.
    pub async fn prune(&self, request: PruneRequest) -> Result<PruneReport, Problem> {
        let images = tokio::time::timeout(PATIENCE, Arc::clone(&self.images).write_owned());
        let images =
            images.await.map_err(|_| busy("an image is being built or unpacked".to_owned()))?;
        let effect = |failure| explain_effect(&failure);
        let seen = self.on_engine(Engine::observe).await.map_err(effect)?;
        let seen = seen.map_err(|error| explain_engine(&error))?;
        let running: Vec<_> = seen.iter().filter_map(|found| release_of(&found.labels)).collect();
        let (layout, store) = (self.settings.layout.clone(), self.store.clone());
        let pruned = off_reactor(move || {
            let pruned = Roots::read(&store, request.keep, &running)
                .and_then(|roots| prune(&layout, &roots, &request, store.now_ms()));
            // Held by the thread, not by the caller, who may be gone by now.
            drop(images);
            pruned
        });
        pruned.await.map_err(effect)?
    }
}

/// The release that a container's labels name.
pub(crate) fn release_of(labels: &BTreeMap<String, String>) -> Option<(AppName, ReleaseNumber)> {
    let app = labels.get(container::APP)?.parse().ok()?;
    let number = labels.get(container::RELEASE)?.parse().ok()?;
    Some((app, ReleaseNumber(number)))
}
