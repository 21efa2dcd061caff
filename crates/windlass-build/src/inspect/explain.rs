//! Inspection's errors for a person.

use super::aptfile::AptfileReason;
use super::error::{InspectError, UnservableReason};
use windlass_model::{Kind, Problem};

/// What is wrong, where, and the line that cures it.
pub fn explain(error: &InspectError) -> Problem {
    let problem = Problem::new(Kind::User, code(error), error.to_string());
    match error {
        InspectError::Config(error) => error.explain(),
        InspectError::NoSuchRoot { line, .. } => at(problem, *line).hint("correct or remove `root`"),
        InspectError::Ambiguous { choices } | InspectError::OnlyAside { choices } => {
            let intro = problem.hint("add one of these to [tool.windlass] in pyproject.toml");
            choices.iter().fold(intro, |problem, choice| {
                problem
                    .cause(format!("{} ({})", choice.what, choice.evidence))
                    .hint(choice.line_to_add.clone())
            })
        }
        InspectError::NothingFound { near, .. } => near
            .iter()
            .fold(problem, |problem, evidence| problem.cause(evidence.to_string()))
            .cause(
                "looked for [tool.windlass] app and processes.web, a Procfile, manage.py, and objects or factories \
                 of Flask, Django, FastAPI, Starlette, Litestar, Quart, Sanic, Dash, Falcon, Bottle, Streamlit, Gradio",
            )
            .hint("name the app in pyproject.toml: [tool.windlass] app = \"package.module:object\"")
            .hint("or a command: [tool.windlass.processes] web = \"python -m package\"")
            .hint("for an app that takes no requests: [tool.windlass.processes] worker = \"python -m package\""),
        InspectError::Unservable { reason, .. } => unservable(problem, reason),
        InspectError::NoSuchModule { line, found, .. } => {
            let problem = at(problem, *line);
            if found.is_empty() {
                problem.hint("write the dotted module below the project, as in an import")
            } else {
                problem.hint(format!("apps were found at {}", found.join(", ")))
            }
        }
        InspectError::PythonExcluded { available, .. } => match available.last() {
            Some(newest) => problem.hint(format!(
                "allow one of them; to try: [tool.windlass] python = \"{newest}\""
            )),
            None => problem,
        },
        InspectError::PythonUnavailable { line, .. } => at(problem, *line),
        InspectError::BadRequiresPython { line, .. } => {
            at(problem, *line).hint("write for example: requires-python = \">=3.11\"")
        }
        InspectError::LockWithoutDeclaration { .. }
        | InspectError::NoSuchDeclaration { .. }
        | InspectError::NoSuchGroup { .. }
        | InspectError::DeclarationInvalid { .. }
        | InspectError::ConstraintUnknown { .. } => declaration(problem, error),
        InspectError::MisspeltRequirements { .. } => problem.hint("rename it to requirements.txt"),
        InspectError::RequirementsMissing { .. } => problem.hint("add the file or remove the line"),
        InspectError::Aptfile { reason, .. } => problem.hint(match reason {
            AptfileReason::File | AptfileReason::Repository => {
                "remove the line; if Debian has the software, write the name of its package"
            }
            AptfileReason::Version => "write the name alone",
            AptfileReason::Name => "write one name of a Debian package on each line",
        }),
        InspectError::NoCommand { process, line } => {
            at(problem, *line).hint(format!("add: command = \"...\" to [tool.windlass.processes.{process}]"))
        }
        InspectError::CountOfSingleton { process, line, .. } => at(problem, *line)
            .hint("use a count of 0 or 1")
            .hint(format!(
                "if two may run side by side: singleton = false in [tool.windlass.processes.{process}]"
            )),
        InspectError::NoStack => problem.hint("raise the limit of address space (ulimit -v)"),
    }
}

/// Words for the declaration of dependencies; other errors stay as they are.
fn declaration(problem: Problem, error: &InspectError) -> Problem {
    match error {
        InspectError::LockWithoutDeclaration { tool, .. } => problem
            .hint(format!("put the file of {tool} that it was made from beside it"))
            .hint("or remove the lock and declare the dependencies in [project] of pyproject.toml"),
        InspectError::NoSuchDeclaration { line, .. } => {
            at(problem, *line).hint("write its path relative to the project's folder")
        }
        InspectError::NoSuchGroup { line, known, .. } => {
            let problem = at(problem, *line);
            match known.len() {
                0 => problem.hint("remove it: there are none"),
                _ => problem.hint(format!("there are: {}", known.join(", "))),
            }
        }
        InspectError::DeclarationInvalid { .. } => problem.hint("correct that line"),
        InspectError::ConstraintUnknown { .. } => problem
            .hint("write one range, such as \">=1.2,<2\"")
            .hint("or lock the project with its own tool: a lock needs no ranges"),
        _ => problem,
    }
}

fn at(problem: Problem, line: Option<u32>) -> Problem {
    match line {
        Some(line) => problem.cause(format!("pyproject.toml:{line}")),
        None => problem,
    }
}

fn unservable(problem: Problem, reason: &UnservableReason) -> Problem {
    match reason {
        UnservableReason::Parameters(_) => problem
            .hint("give the parameters defaults, or add a module that makes the object: app = create_app(...)")
            .hint("then: [tool.windlass] app = \"wsgi:app\""),
        UnservableReason::OwnServer => problem.hint(
            "let it listen on $HOST and $PORT and say: [tool.windlass.processes] web = \"python main.py\"",
        ),
        UnservableReason::NoDashServer { object } => {
            problem.hint(format!("add the line `server = {object}.server` below it"))
        }
    }
}

fn code(error: &InspectError) -> &'static str {
    match error {
        InspectError::Config(_) => "config",
        InspectError::NoSuchRoot { .. } => "root-missing",
        InspectError::Ambiguous { .. } => "app-ambiguous",
        InspectError::OnlyAside { .. } => "app-only-in-examples",
        InspectError::NothingFound { .. } => "app-not-found",
        InspectError::Unservable { .. } => "app-unservable",
        InspectError::NoSuchModule { .. } => "app-module-missing",
        InspectError::PythonExcluded { .. } => "python-excluded",
        InspectError::PythonUnavailable { .. } => "python-unavailable",
        InspectError::BadRequiresPython { .. } => "python-constraint-invalid",
        InspectError::LockWithoutDeclaration { .. } => "lock-without-declaration",
        InspectError::NoSuchDeclaration { .. } => "dependencies-missing",
        InspectError::NoSuchGroup { .. } => "dependency-group-unknown",
        InspectError::DeclarationInvalid { .. } => "declaration-invalid",
        InspectError::ConstraintUnknown { .. } => "constraint-unknown",
        InspectError::MisspeltRequirements { .. } => "requirements-misspelt",
        InspectError::RequirementsMissing { .. } => "requirements-missing",
        InspectError::Aptfile { .. } => "aptfile-line",
        InspectError::NoCommand { .. } => "process-without-command",
        InspectError::CountOfSingleton { .. } => "process-singleton",
        InspectError::NoStack => "parser-stack",
    }
}
