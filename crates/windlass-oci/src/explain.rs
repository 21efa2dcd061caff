//! Failures of this crate, for a person.

use crate::{ArchiveError, ChoiceError, LayerError, NoImage, StoreError, UnpackError};
use std::error::Error;
use std::io;
use windlass_model::Problem;

const DISK_FULL: &str =
    "Free some space on that file system, then try again; nothing half-written was kept.";
const REBUILD: &str =
    "Remove the damaged file and deploy again: the image is rebuilt from its sources.";

/// Explains a failed store operation.
pub fn explain_store(error: &StoreError) -> Problem {
    let problem = match error {
        StoreError::Disk { source, .. } => disk("image-store-disk", error, source),
        StoreError::Damaged { .. }
        | StoreError::Document { .. }
        | StoreError::Ambiguous { .. }
        | StoreError::TooLarge { .. } => {
            Problem::environment("image-damaged", error.to_string()).hint(REBUILD)
        }
        StoreError::Index { .. } => Problem::environment("image-index", error.to_string())
            .hint("Remove the file: tags are written again by the next deploy."),
    };
    problem.sources(error)
}

/// Explains a layer that was not written.
pub fn explain_layer(error: &LayerError) -> Problem {
    let problem = match error {
        LayerError::Path { .. } | LayerError::Duplicate { .. } | LayerError::Parent { .. } => {
            Problem::user("layer-conflict", error.to_string()).hint(
                "Two packages, or a package and the project, ship the same path; exclude one.",
            )
        }
        LayerError::Read { source, .. } => disk("layer-read", error, source),
        LayerError::Changed { .. } => Problem::user("layer-changed", error.to_string())
            .hint("Deploy again when nothing writes into the project."),
        LayerError::Damaged { .. } => Problem::environment("segment-damaged", error.to_string())
            .hint("Deploy again: what is damaged is made again. Then check the disk."),
        LayerError::Write { source } => disk("layer-write", error, source),
    };
    problem.sources(error)
}

/// Explains a layer that could not be unpacked.
pub fn explain_unpack(error: &UnpackError) -> Problem {
    let problem = match error {
        UnpackError::Store(error) => return explain_store(error),
        UnpackError::Read { source, .. }
        | UnpackError::Write { source, .. }
        | UnpackError::Disk { source, .. } => disk("layer-unpack", error, source),
        UnpackError::Damaged { expected, found, .. } => {
            Problem::environment("layer-damaged", error.to_string())
                .cause(format!("expected {} and {}", expected.digest, expected.diff_id))
                .cause(format!("found {} and {}", found.digest, found.diff_id))
                .hint(REBUILD)
        }
        UnpackError::Path { .. } | UnpackError::Through { .. } | UnpackError::Kind { .. } => {
            Problem::user("layer-unsafe", error.to_string())
                .hint("Do not use this image: no honest builder makes such a layer.")
        }
        UnpackError::Mismatch { .. } => {
            Problem::environment("image-damaged", error.to_string()).hint(REBUILD)
        }
    };
    problem.sources(error)
}

/// Explains a word that stands for no image.
pub fn explain_no_image(error: &NoImage) -> Problem {
    match error {
        NoImage::Unknown { .. } => Problem::user("image-unknown", error.to_string()),
        NoImage::Ambiguous { .. } => {
            Problem::user("image-ambiguous", error.to_string()).hint("Give more digits of it.")
        }
    }
    .hint("What there is: windlass image ls")
}

/// Explains an image that is not there for a machine.
pub fn explain_choice(error: &ChoiceError) -> Problem {
    match error {
        ChoiceError::Store(error) => explain_store(error),
        ChoiceError::NoPlatform { available, .. } => {
            let problem = Problem::user("no-platform", error.to_string());
            let problem = match available.as_slice() {
                [] => problem.cause("none of its images is in the store"),
                there => problem.cause(format!("it is there for {}", there.join(", "))),
            };
            problem.hint(
                "Name one of these with --platform, or pull it: windlass pull NAME --platform all",
            )
        }
    }
}

/// Explains an archive that was not written or not taken.
pub fn explain_archive(error: &ArchiveError) -> Problem {
    let unsafe_archive = |error: &ArchiveError| {
        Problem::user("archive-unsafe", error.to_string())
            .hint("Do not use this archive: no honest tool writes such a one.")
    };
    let problem = match error {
        ArchiveError::Store(error) => return explain_store(error),
        ArchiveError::Write { source } => disk("archive-write", error, source),
        ArchiveError::Read { source } => disk("archive-read", error, source)
            .hint("Is it the whole file, and a tar as `docker save` or `podman save` write it?"),
        ArchiveError::Unsafe { .. } | ArchiveError::Twice { .. } | ArchiveError::Name { .. } => {
            unsafe_archive(error)
        }
        ArchiveError::TooLarge { .. } => Problem::user("archive-too-large", error.to_string())
            .hint("Load images one by one; no image needs as much."),
        ArchiveError::NoImage | ArchiveError::Document { .. } | ArchiveError::Missing { .. } => {
            Problem::user("archive-no-image", error.to_string()).hint(
                "Write it again with `docker save`, `podman save` or `windlass image export`.",
            )
        }
        ArchiveError::Damaged { .. }
        | ArchiveError::Size { .. }
        | ArchiveError::Mismatch { .. } => Problem::user("archive-damaged", error.to_string())
            .hint("Nothing of it was taken. Copy it again from where it was made."),
        ArchiveError::LayerType { .. } => Problem::user("archive-layer-type", error.to_string())
            .hint("Save the image with layers compressed with gzip, or not compressed."),
    };
    problem.sources(error)
}

fn disk(code: &str, error: &dyn Error, source: &io::Error) -> Problem {
    let problem = Problem::environment(code, error.to_string());
    match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => problem.hint(DISK_FULL),
        io::ErrorKind::PermissionDenied => {
            problem.hint("Run as the user that owns the folder, or correct its permissions.")
        }
        _ => problem,
    }
}
