//! Every error of this crate in words.

use crate::client::ClientError;
use crate::serve::ServerError;
use crate::store::StoreError;
use std::path::Path;
use windlass_build::inspect::TreeError;
use windlass_model::{AppName, Problem};

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

/// A failure of the store, explained.
pub fn explain_store(error: &StoreError) -> Problem {
    let message = error.to_string();
    match error {
        StoreError::Open { path, .. } => Problem::environment("store-open", message)
            .sources(error)
            .hint(format!("check that {} can be written and its disk has room", path.display())),
        StoreError::Newer { .. } => Problem::environment("store-newer", message)
            .hint("a newer Windlass wrote it: use that one"),
        StoreError::Backup { .. } => Problem::environment("store-backup", message)
            .sources(error)
            .hint("the store is copied before it is changed: make room on its disk"),
        StoreError::Statement { .. } => Problem::environment("store-failed", message)
            .sources(error)
            .hint("the disk may be full or broken; what serves goes on serving"),
        StoreError::Encode { .. } => Problem::bug("store-encode", message).sources(error),
        StoreError::Unreadable { .. } => Problem::bug("store-row-unreadable", message)
            .hint("the other rows are not affected; this one is left as it is"),
        StoreError::Missing { what } => Problem::user("unknown", format!("there is no {what}"))
            .hint("what there is: windlass status"),
        StoreError::JobRunning { app, running } => {
            let message = format!("job {running} of `{app}` is still running");
            Problem::user("deploy-in-progress", message)
                .hint(format!("watch it: windlass status --app {app}"))
        }
        StoreError::Closed => Problem::environment("server-stopping", message)
            .hint("the server is ending; it goes on where it was when it starts again"),
    }
}

/// A project that cannot be read, explained.
pub fn explain_tree(error: &TreeError) -> Problem {
    match error {
        TreeError::Root { .. } => Problem::user("project-unreadable", error.to_string())
            .sources(error)
            .hint("give the folder that holds the project's code, one that the server may read"),
    }
}

/// A project that would take over the app of another one, explained.
pub(crate) fn another_project(app: &AppName, owner: &Path, project: &Path) -> Problem {
    Problem::user("app-of-another-project", format!("the app `{app}` is that of another project"))
        .cause(format!("`{app}` was deployed from {}", owner.display()))
        .cause(format!("{} has the same name by itself", project.display()))
        .hint("for an app of its own, give it a name: `name` in [tool.windlass] of pyproject.toml")
        .hint(format!("to deploy it in the other's place, say so: windlass deploy --app {app}"))
}

/// Why the server could not run, explained.
pub fn explain_server(error: &ServerError) -> Problem {
    let message = error.to_string();
    match error {
        ServerError::File { .. } => Problem::environment("server-file", message)
            .sources(error)
            .hint("check the folder's owner and mode, and that its disk has room"),
        ServerError::AlreadyRunning { .. } => {
            Problem::environment("server-already-running", message)
                .hint("use it, or stop it first: windlass server stop")
        }
        ServerError::Store(error) => explain_store(error),
        ServerError::Engine(error) => windlass_engine::explain::explain_engine(error),
        ServerError::Reactor { .. } => {
            Problem::environment("server-reactor", message).sources(error)
        }
    }
}
