//! OCI images on disk and in registries: digests, layers, manifests, the layout store, unpacking,
//! pushing and pulling.
//!
//! Everything here is a function of its arguments, of the folders they name and of the servers
//! they name. It knows nothing of Python, projects or containers; who plans what an image holds is
//! `windlass-build`, and who runs one is `windlass-engine`.

#![forbid(unsafe_code)]

pub mod archive;
pub mod attachment;
pub mod config;
pub mod deflate;
pub mod descriptor;
pub mod document;
pub mod entry;
pub mod explain;
pub mod export;
mod hashing;
pub mod http;
pub mod layer;
pub mod layer_cache;
pub mod manifest;
pub mod platform;
pub mod registry;
pub mod segment;
pub mod store;
pub mod summary;
pub mod sweep;
pub mod unpack;
pub mod walk;

pub use archive::{ArchiveError, ArchiveLimits, Loaded};
pub use attachment::{Attachment, Payload};
pub use config::{Healthcheck, History, ImageConfig};
pub use descriptor::Descriptor;
pub use document::{Document, DocumentError};
pub use entry::{Content, EntryKind, LayerEntry};
pub use export::{export_folder, export_tar};
pub use layer::{LayerError, LayerInfo, LayerWriter, SplicedFile, SplicedLayer};
pub use layer_cache::LayerCache;
pub use manifest::{Index, Manifest};
pub use platform::Platform;
pub use segment::{
    FileHead, FileRange, PieceSource, SegmentError, SegmentFiles, SegmentWriter, Slice, Span,
};
pub use store::{BlobWriter, ChoiceError, ImageStore, StoreError};
pub use summary::{ImageDetail, ImageSummary, LayerDetail, NoImage};
pub use sweep::{Freed, Reachable, RemoveFolder, sweep_blobs, sweep_layers, used};
pub use unpack::{Expected, UnpackError, unpack_layer};
pub use walk::{Item, walk_layer};
