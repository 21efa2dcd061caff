//! OCI images on disk: digests, layers, manifests, the layout store, unpacking.
//!
//! Everything here is a function of its arguments and of the folders they name. It knows nothing
//! of Python, projects or containers; who plans what an image holds is `windlass-build`, and who
//! runs one is `windlass-engine`.

#![forbid(unsafe_code)]

pub mod entry;

pub use entry::{Content, EntryKind, LayerEntry};
