//! Images as one file: what `docker save` and `podman save` write, and `docker load`, `podman load`
//! and `skopeo` read.
//!
//! Written: a tar of an OCI layout (image-spec, `image-layout.md`) with Docker's `manifest.json`
//! beside its index, so that a Docker older than 25 loads it too. Read: both forms, also compressed
//! with gzip. Invariants: what is written depends on the image and its name alone; what is read is
//! untrusted, so nothing of it has a name in the store before every digest, size and diff-id of the
//! whole image has been checked, links are never followed, and all of it is bounded. What this
//! module does not do: talk to a daemon or a registry.

mod docker;
mod error;
mod layout;
mod names;
mod read;
mod stage;
mod verify;
mod write;

pub use error::ArchiveError;
pub use read::{ArchiveLimits, Loaded, load};
pub use write::export;

use serde::{Deserialize, Serialize};

/// Docker's list of the images of an archive.
const DOCKER_LIST: &str = "manifest.json";
/// The layout's index.
const INDEX: &str = "index.json";
/// What says that it is a layout.
const LAYOUT: &str = "oci-layout";
/// The annotation with an image's full name, which containerd and podman read first.
const FULL_NAME: &str = "io.containerd.image.name";

/// One image of Docker's list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DockerImage {
    config: String,
    #[serde(default, deserialize_with = "or_empty")]
    repo_tags: Vec<String>,
    layers: Vec<String>,
}

/// Docker writes `null` for no tags.
fn or_empty<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
