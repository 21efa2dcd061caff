//! Every error of this crate in words.

use crate::client::ClientError;
use windlass_model::Problem;

/// A failed call to the server, explained.
pub fn explain_client(error: &ClientError) -> Problem {
    match error {
        ClientError::NotRunning { socket, .. } => Problem::environment(
            "server-not-running",
            format!("no server answers on {}", socket.display()),
        )
        .sources(error)
        .hint("start it: windlass server start"),
        ClientError::Broken { socket, .. } => Problem::environment(
            "server-went-away",
            format!("the server at {} went away while it answered", socket.display()),
        )
        .sources(error)
        .hint("it finishes or undoes its work when it starts again: windlass server start")
        .hint("then look: windlass status"),
        ClientError::Decode { request, .. } => Problem::bug(
            "server-answer-unknown",
            format!("the server's answer to `{request}` cannot be understood"),
        )
        .sources(error)
        .hint("an older or newer server may run: windlass server stop, then start it again"),
        ClientError::Request { request, .. } => Problem::bug(
            "server-request-invalid",
            format!("the request `{request}` cannot be made"),
        )
        .sources(error),
        ClientError::Refused { problem, .. } => problem.as_ref().clone(),
    }
}
