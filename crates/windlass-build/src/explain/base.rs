//! Words for a base that an image cannot stand on.

use super::{disk, shelf};
use crate::base::{BaseError, PythonPlace};
use windlass_model::Problem;
use windlass_oci::explain as oci;
use windlass_oci::registry::explain::explain_registry;

const OFFICIAL: &str = "Take a base with the GNU C library and its Python in /usr/local, or Debian's own: \
     `base = \"python:3.13-slim\"` in [tool.windlass].";
const WITHOUT: &str =
    "Or leave out `base`: then the image stands on Debian, and the project's Python is put in.";

/// Explains why an image cannot stand on its base.
pub(super) fn base(error: &BaseError) -> Problem {
    let message = error.to_string();
    match error {
        BaseError::Name { .. } => Problem::user("base-name", message).sources(error).hint(
            "Write it as `base = \"registry.example.org/python:3.13-slim\"` in [tool.windlass].",
        ),
        BaseError::Registry { source, .. } => registry(explain_registry(source), message),
        BaseError::Layer { .. } => Problem::user("base-unusable", message)
            .cause("such layers may not be copied to another registry, or are none of Linux's")
            .hint(OFFICIAL),
        BaseError::Mismatch { .. } | BaseError::TooLarge { .. } => {
            Problem::user("base-unusable", message).hint(OFFICIAL)
        }
        BaseError::Libc { musl, .. } => {
            let cause = if *musl {
                "wheels for musl are others, and many packages have none"
            } else {
                "Python's wheels are made for it"
            };
            Problem::user("base-without-glibc", message).cause(cause).hint(OFFICIAL).hint(WITHOUT)
        }
        BaseError::Python { place, .. } => python(Problem::user("base-python", message), place),
        BaseError::Excluded { python, allowed, .. } => {
            let allowed: Vec<String> = allowed.iter().map(ToString::to_string).collect();
            Problem::user("base-python-excluded", message)
                .cause(format!("it runs on {}", allowed.join(", ")))
                .hint(format!(
                    "Take a base with one of these, or allow {python}: `requires-python`, and \
                     `python` in [tool.windlass]."
                ))
        }
        BaseError::Differs { .. } => Problem::user("base-unusable", message)
            .hint("Build for one machine at a time: `windlass build --platform linux/amd64`."),
        BaseError::Packages { .. } => Problem::user("base-apt", message)
            .hint("Take a base that has them, and take `apt` out of [tool.windlass].")
            .hint(WITHOUT),
        BaseError::Unpack(source) => oci::explain_unpack(source),
        BaseError::Store(source) => oci::explain_store(source),
        BaseError::Shelf(source) => shelf(source),
        BaseError::Disk { source, .. } => disk("cache-unusable", error, source),
    }
}

fn python(problem: Problem, place: &PythonPlace) -> Problem {
    let cause = match place {
        PythonPlace::Missing { .. } | PythonPlace::Unknown { .. } => {
            "the project's packages are added to the Python that is in the base"
        }
        PythonPlace::Elsewhere { .. } | PythonPlace::Environment { .. } => {
            "packages are added below /usr/local, where such a Python does not look"
        }
    };
    problem.cause(cause).hint(OFFICIAL).hint(WITHOUT)
}

/// The variables with credentials are for the registry that is pushed to, and not for this one.
fn registry(mut problem: Problem, message: String) -> Problem {
    problem.hints.retain(|hint| !hint.contains("WINDLASS_REGISTRY_"));
    let problem = problem.cause(message);
    if problem.code == "registry-credentials" {
        return problem.hint(
            "Log in where the image is built, as the user who builds: Docker's config.json and \
             podman's auth.json are read.",
        );
    }
    problem
}
