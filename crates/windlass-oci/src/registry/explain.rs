//! Failures of pushes and pulls, for a person.

use super::{CredentialsError, ProgramError, RegistryError};
use crate::explain::explain_store;
use crate::http::AgentError;
use windlass_model::{Kind, Problem};

const CHECK_NETWORK: &str = "Check the network, the registry's name and port, and the proxy if there is one; what \
     was moved is not moved again.";
const DOCKERS_FILE: &str = "Credentials are read from Docker's config.json and podman's auth.json; in a pipeline, set \
     WINDLASS_REGISTRY_USERNAME and WINDLASS_REGISTRY_PASSWORD.";

/// Explains a push or a pull that failed.
pub fn explain_registry(error: &RegistryError) -> Problem {
    let message = error.to_string();
    match error {
        RegistryError::GaveUp { source, .. } | RegistryError::Token { source, .. } => {
            explain_registry(source).cause(message)
        }
        RegistryError::Store(error) => explain_store(error),
        RegistryError::Credentials(error) => credentials(error),
        RegistryError::Agent(error) => agent(error),
        RegistryError::Transport { .. } | RegistryError::CutOff { .. } => {
            Problem::environment("registry-unreachable", message).sources(error).hint(CHECK_NETWORK)
        }
        RegistryError::Status { .. } => {
            Problem::environment("registry-failed", message).hint("Try again later.")
        }
        RegistryError::RateLimited { said, .. } => {
            with_words(Problem::environment("registry-rate-limit", message), said.as_ref())
                .hint("Wait, or log in: most registries allow more to those they know.")
                .hint(DOCKERS_FILE)
        }
        RegistryError::Unauthorized { .. }
        | RegistryError::Denied { .. }
        | RegistryError::NotFound { .. }
        | RegistryError::NoPlatform { .. } => request(error),
        RegistryError::WrongDigest { .. }
        | RegistryError::WrongContent { .. }
        | RegistryError::TooLarge { .. }
        | RegistryError::Document { .. }
        | RegistryError::TooDeep { .. }
        | RegistryError::Redirect { .. }
        | RegistryError::Protocol { .. } => untrusted(error),
    }
}

/// What was asked for cannot be had, or not by the one who asks.
fn request(error: &RegistryError) -> Problem {
    let message = error.to_string();
    match error {
        RegistryError::Unauthorized { user: Some(user), said, .. } => {
            let problem = Problem::user("registry-credentials", message);
            with_words(problem.cause(format!("asked as {user}")), said.as_ref())
                .hint("Is the password or token still good? Write a new one where it is kept.")
                .hint(DOCKERS_FILE)
        }
        RegistryError::Unauthorized { said, .. } => {
            with_words(Problem::user("registry-credentials", message), said.as_ref())
                .hint(DOCKERS_FILE)
        }
        RegistryError::Denied { said, .. } => {
            with_words(Problem::user("registry-denied", message), said.as_ref()).hint(
                "Check the repository's name, and whether the user or token may do this with it.",
            )
        }
        RegistryError::NoPlatform { available, .. } => {
            let there = if available.is_empty() { "none".to_owned() } else { available.join(", ") };
            Problem::user("registry-no-platform", message)
                .cause(format!("platforms that there are: {there}"))
                .hint("Name one of them: windlass pull REFERENCE --platform linux/arm64")
        }
        _ => Problem::user("registry-not-found", message)
            .hint("Check the name and the tag; a registry may hide what one may not read."),
    }
}

/// The registry, or something on the way, is not to be trusted.
fn untrusted(error: &RegistryError) -> Problem {
    let message = error.to_string();
    let problem = |code| Problem::environment(code, message.clone()).sources(error);
    match error {
        RegistryError::WrongDigest { .. }
        | RegistryError::WrongContent { .. }
        | RegistryError::TooLarge { .. } => problem("registry-wrong-content").hint(
            "Nothing of it was kept. Try again; if it stays so, the registry or a proxy on the \
             way changes what it passes on.",
        ),
        RegistryError::Redirect { .. } => problem("registry-redirect").hint(
            "Credentials and images are sent over TLS only: correct the registry's own address.",
        ),
        _ => problem("registry-protocol")
            .hint("Is this a registry (OCI distribution spec), and the path an image's?"),
    }
}

fn credentials(error: &CredentialsError) -> Problem {
    let problem =
        Problem::user("registry-credentials-unreadable", error.to_string()).sources(error);
    match error {
        CredentialsError::File { .. } => problem.hint("Correct the file's permissions."),
        CredentialsError::Form { .. } | CredentialsError::Entry { .. } => {
            problem.hint("Correct the file, or remove it and log in again.")
        }
        CredentialsError::Helper(error) => match error {
            ProgramError::Missing { .. } => problem.hint(
                "Put the helper on PATH, or take its name out of `credsStore` and `credHelpers`.",
            ),
            ProgramError::Slow { .. } => {
                problem.hint("Does it wait for a password or a window? Unlock its store first.")
            }
            ProgramError::Run { .. }
            | ProgramError::Failed { .. }
            | ProgramError::Answer { .. } => {
                problem.hint("Run the helper by hand to see what is wrong with it.")
            }
        },
    }
}

fn agent(error: &AgentError) -> Problem {
    match error {
        AgentError::Scheme { .. } => Problem::environment("registry-protocol", error.to_string())
            .hint("The registry names an address that is none."),
        AgentError::Proxy { .. } => Problem::new(Kind::User, "bad-proxy", error.to_string())
            .hint("Write for example https_proxy=http://proxy.example.org:3128"),
    }
}

fn with_words(problem: Problem, said: Option<&String>) -> Problem {
    match said {
        Some(said) => problem.cause(format!("the registry says: {said}")),
        None => problem,
    }
}
