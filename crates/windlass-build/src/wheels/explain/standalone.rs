//! Words for a Python that could not be had.

use super::resolver::{find_uv, uv};
use super::{CHECK_DISK, REPORT};
use crate::wheels::{StandaloneError, UvFailure};
use windlass_model::Problem;

const DEBIANS: &str = "Or run on a Python that Debian has, if the project allows it: \
    `python = \"3.13\"` in [tool.windlass] of pyproject.toml.";

/// Explains why there is no standalone Python.
pub fn standalone(error: &StandaloneError) -> Problem {
    let message = error.to_string();
    match error {
        StandaloneError::FindUv(error) => find_uv(error).hint(DEBIANS),
        StandaloneError::Forbidden { .. } => Problem::user("python-download-forbidden", message)
            .cause("Debian has no such Python: uv would fetch a standalone build of it")
            .hint("Unset UV_PYTHON_DOWNLOADS where the server of Windlass is started.")
            .hint(DEBIANS),
        StandaloneError::NotOffered { .. } => Problem::user("python-not-offered", message)
            .hint("Update uv: it knows the builds that existed when it was released.")
            .hint(DEBIANS),
        StandaloneError::Uv(failure @ UvFailure::Unreachable { .. }) => {
            let words = failure.explanation().unwrap_or_default();
            Problem::environment("python-not-fetched", message)
                .cause("Debian has no such Python: uv fetches a standalone build of it")
                .cause(words)
                .hint(
                    "Check the network and the proxy. Behind a firewall, set \
                     UV_PYTHON_INSTALL_MIRROR to a mirror of the builds that uv fetches.",
                )
                .hint(DEBIANS)
        }
        StandaloneError::Uv(failure) => uv(failure, None).hint(DEBIANS),
        StandaloneError::List { .. } => {
            Problem::environment("uv-too-old", message).sources(error).hint("Update uv.")
        }
        StandaloneError::NoArchive { .. } => Problem::environment("uv-too-old", message)
            .cause("uv keeps what it fetched in UV_PYTHON_CACHE_DIR since version 0.7.13")
            .hint("Update uv.")
            .hint(REPORT),
        StandaloneError::Io { .. } => {
            Problem::environment("cache-unusable", message).sources(error).hint(CHECK_DISK)
        }
    }
}
