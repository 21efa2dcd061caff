//! Every error of the binary in words.

mod images;

use crate::commands::InitError;
use crate::error::CliError;
use crate::server_process::StartError;
use crate::settings::SettingsError;
use crate::unit::UnitError;
use std::fmt::Display;
use std::io::ErrorKind;
use windlass_model::{Kind, Problem};
use windlass_server::ClientError;
use windlass_server::explain::{
    explain_client, explain_server, explain_store as explain_server_store,
};
use windlass_server::images::OfflineError;

/// What ended a verb, explained.
pub(crate) fn explain(error: &CliError) -> Problem {
    match error {
        CliError::Client(error) => client(error),
        CliError::Settings(error) => settings(error),
        CliError::Start(error) => start(error),
        CliError::Unit(error) => unit(error),
        CliError::Init(error) => init(error),
        CliError::Explained(problem) => problem.as_ref().clone(),
        CliError::ReaderGone | CliError::Output(_) => {
            Problem::environment("output-unwritable", error.to_string()).sources(error)
        }
        CliError::Encode(_) => Problem::bug("value-not-json", error.to_string()).sources(error),
        CliError::ProjectFolder { .. } => Problem::user("project-folder", error.to_string())
            .sources(error)
            .hint("name the project's folder: windlass deploy path/to/project"),
        CliError::WhichApp { .. }
        | CliError::UnknownApp { .. }
        | CliError::NoJob { .. }
        | CliError::NothingToCancel { .. }
        | CliError::NoReplica { .. }
        | CliError::NotConfirmed { .. }
        | CliError::LeftRunning { .. }
        | CliError::CannotAsk { .. } => request(error),
        CliError::Image(error) => images::image(error),
        CliError::ServerLost { source, .. } => {
            let mut problem = Problem::environment("server-lost", error.to_string());
            problem.causes.push(client(source).message);
            problem
                .hint("the job is in the server's journal: windlass server start takes it up again")
                .hint("then look: windlass status")
        }
        CliError::Signal { .. } => Problem::environment("process-not-signalled", error.to_string())
            .sources(error)
            .hint("stop it as the user that it runs as, or as root"),
        CliError::DidNotStop { .. } => {
            Problem::environment("process-did-not-end", error.to_string())
                .hint("it may be finishing a step: try again, or look at its log")
        }
        CliError::ImageFile { .. } => Problem::user("image-file", error.to_string())
            .sources(error)
            .hint("is the path right, the folder yours, and the disk not full?"),
        CliError::Export(error) => images::export(error),
        CliError::Offline(OfflineError::Lock(error)) => explain_server(error),
        CliError::Offline(OfflineError::Store(error)) => explain_server_store(error),
        CliError::Reactor(_) => Problem::environment("no-reactor", error.to_string())
            .sources(error)
            .hint("the machine may be out of file descriptors: see `ulimit -n`"),
    }
}

/// What was asked for cannot be done as it was asked.
fn request(error: &CliError) -> Problem {
    let problem = |code| Problem::user(code, error.to_string());
    match error {
        CliError::WhichApp { folder, why, known } => {
            let mut problem = problem("which-app");
            problem.causes.push(format!("{}: {}", folder.display(), why.message));
            problem.hint(known_apps(known))
        }
        CliError::UnknownApp { known, .. } => problem("unknown-app").hint(known_apps(known)),
        CliError::NoJob { .. } => problem("no-job").hint("start one: windlass deploy"),
        CliError::NothingToCancel { .. } => {
            problem("nothing-to-cancel").hint("go back to the release before: windlass rollback")
        }
        CliError::NoReplica { index, running, .. } => {
            let hint = match running.as_slice() {
                [] => "nothing of the app runs: windlass restart".to_owned(),
                running => format!("running: {}", list(running)),
            };
            problem("no-replica").cause(format!("replica {index} was asked for")).hint(hint)
        }
        CliError::LeftRunning { .. } => {
            problem("left-running").hint("what was begun goes on; run it again for the rest")
        }
        CliError::NotConfirmed { .. } => problem("not-confirmed").hint("nothing was changed"),
        _ => Problem::new(Kind::Usage, "cannot-ask", error.to_string())
            .hint("say it on the command line: windlass destroy --yes"),
    }
}

fn known_apps(known: &[impl Display]) -> String {
    match known {
        [] => "no app was deployed here yet: windlass deploy".to_owned(),
        known => format!("name one with --app: {}", list(known)),
    }
}

fn list(items: &[impl Display]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// The server's own explanation, but for a socket that another user owns.
fn client(error: &ClientError) -> Problem {
    match error {
        ClientError::NotRunning { socket, source }
            if source.kind() == ErrorKind::PermissionDenied =>
        {
            let message = format!("{} belongs to another user's server", socket.display());
            Problem::environment("server-of-another-user", message)
                .sources(error)
                .hint("run the command as that user, or as root")
                .hint("or have a server of your own: set WINDLASS_HOME to a folder of yours")
        }
        _ => explain_client(error),
    }
}

fn settings(error: &SettingsError) -> Problem {
    let problem = |kind, code, hint: &str| Problem::new(kind, code, error.to_string()).hint(hint);
    match error {
        SettingsError::NoFolder => {
            problem(Kind::Environment, "no-current-folder", "change to a folder that exists")
        }
        SettingsError::NoHome => {
            problem(Kind::Environment, "no-home", "set HOME, or give --home DIR")
        }
        SettingsError::NoProgram => problem(
            Kind::Environment,
            "no-program",
            "is /proc mounted, and the binary still there?",
        ),
        SettingsError::Listen { .. } => problem(
            Kind::Usage,
            "bad-listen-address",
            "write for example WINDLASS_HTTP=127.0.0.1:8080",
        ),
    }
}

fn start(error: &StartError) -> Problem {
    match error {
        StartError::Folder { .. } | StartError::Log { .. } => {
            Problem::environment("server-folder", error.to_string())
                .sources(error)
                .hint("choose a folder that can be written: windlass --home DIR ...")
        }
        StartError::Spawn { .. } | StartError::Systemd { .. } => {
            Problem::environment("server-not-started", error.to_string()).sources(error)
        }
        StartError::Died { log, tail, .. } => {
            let problem = Problem::environment("server-died", error.to_string());
            with_tail(problem, tail).hint(format!("its whole log: {}", log.display()))
        }
        StartError::Silent { log, tail, .. } => {
            let problem = Problem::environment("server-silent", error.to_string());
            with_tail(problem, tail)
                .hint(format!("it may still be starting; its log: {}", log.display()))
        }
    }
}

fn with_tail(problem: Problem, tail: &[String]) -> Problem {
    if tail.is_empty() {
        return problem.cause("it logged nothing");
    }
    problem.cause(format!("the last lines of its log:\n{}", tail.join("\n")))
}

fn init(error: &InitError) -> Problem {
    match error {
        InitError::Read { .. } => {
            Problem::user("pyproject-unreadable", error.to_string()).sources(error)
        }
        InitError::Write { .. } => Problem::environment("pyproject-unwritable", error.to_string())
            .sources(error)
            .hint("the file is as it was; is the folder yours, and the disk not full?"),
        InitError::CannotAdd { lines, .. } => {
            Problem::user("pyproject-cannot-add", error.to_string())
                .sources(error)
                .hint(format!("nothing was written; put these lines where they fit:\n{lines}"))
        }
    }
}

fn unit(error: &UnitError) -> Problem {
    let problem = Problem::environment("unit", error.to_string()).sources(error);
    match error {
        UnitError::NotRoot => problem.hint("run it as root: sudo windlass server install"),
        UnitError::NoSystemd => {
            problem.hint("start it by hand: windlass server start; or from the machine's own init")
        }
        UnitError::Systemctl { output, .. } => problem.cause(output.trim().to_owned()),
        UnitError::Write { .. } | UnitError::Remove { .. } | UnitError::Command { .. } => problem,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;
    use windlass_model::AppName;

    #[test]
    fn a_refused_socket_is_another_users_server() {
        for (kind, code) in [
            (ErrorKind::PermissionDenied, "server-of-another-user"),
            (ErrorKind::NotFound, "server-not-running"),
            (ErrorKind::ConnectionRefused, "server-not-running"),
        ] {
            let error =
                ClientError::NotRunning { socket: "/s".into(), source: io::Error::from(kind) };
            let problem = explain(&CliError::Client(error));
            assert_eq!(problem.code, code);
            assert!(!problem.hints.is_empty());
        }
    }

    #[test]
    fn an_unknown_app_comes_with_the_known_ones() {
        let app = AppName::from_loose;
        let error = CliError::UnknownApp { app: app("x"), known: vec![app("shop"), app("blog")] };
        let problem = explain(&error);
        assert_eq!(problem.kind, Kind::User);
        assert_eq!(problem.hints, ["name one with --app: shop, blog"]);
        let error = CliError::UnknownApp { app: app("x"), known: Vec::new() };
        assert!(explain(&error).hints[0].contains("windlass deploy"));
    }

    #[test]
    fn a_server_that_dies_shows_its_last_words() {
        let tail = vec!["address in use".to_owned()];
        let error = StartError::Died { status: "exit status: 3".into(), log: "/l".into(), tail };
        let problem = explain(&CliError::Start(error));
        assert!(problem.causes[0].ends_with("\naddress in use"), "{problem:?}");
    }
}
