//! What a push or a pull was asked for and cannot do.

use crate::commands::ExportError;
use crate::error::ImageError;
use crate::git::GitError;
use windlass_model::{Kind, Problem};
use windlass_oci::explain::explain_store;
use windlass_oci::registry::explain::explain_registry;

/// Explains a request about images that cannot be carried out as it was made.
pub(super) fn image(error: &ImageError) -> Problem {
    let usage = |code| Problem::new(Kind::Usage, code, error.to_string());
    let user = |code| Problem::user(code, error.to_string());
    match error {
        ImageError::Registry(error) => explain_registry(error),
        ImageError::Store(error) => explain_store(error),
        ImageError::Git(source) => {
            let problem = user("git-unreadable").sources(source);
            let problem = match source {
                GitError::Failed { said, .. } => problem.cause(said.clone()),
                GitError::Run(_) => problem,
            };
            problem.hint("Name the tag yourself: windlass push REFERENCE --tag TAG")
        }
        ImageError::NoTags { .. } => {
            user("no-tags").hint("Name the tag yourself: windlass push REFERENCE --tag TAG")
        }
        ImageError::PushToDigest { .. } => usage("push-to-digest")
            .hint("Name a tag, or nothing: windlass push registry.example.org/team/shop:1.4"),
        ImageError::NowhereToPush => usage("nowhere-to-push")
            .hint("Name the repository: windlass push shop registry.example.org/team/shop"),
        ImageError::NotBuilt { .. } => user("not-built").hint("Build it first: windlass build"),
        ImageError::NoImage { .. } => user("no-image")
            .hint("Name an app that was built here, or the digest of an image: sha256:..."),
        ImageError::NoName { .. } => user("image-without-name").hint(
            "A release needs it: windlass image prune --keep N removes those of old releases",
        ),
        ImageError::Platform(_) => {
            usage("bad-platform").hint("Write for example --platform linux/arm64")
        }
        ImageError::Reference(_) => usage("bad-reference")
            .hint("Write for example registry.example.org/team/shop:1.4, in lower case"),
    }
}

/// Files for other tools that were not written.
pub(super) fn export(error: &ExportError) -> Problem {
    match error {
        ExportError::Foreign { .. } => Problem::user("export-foreign-file", error.to_string())
            .hint("move it away, print ours with `-o -`, or replace it with --force"),
        ExportError::Disk { .. } => Problem::environment("export-unwritable", error.to_string())
            .sources(error)
            .hint("is the folder yours, and the disk not full?"),
    }
}
