//! The project's layer, and what a build has to warn of.

use super::ground::Ground;
use super::steps::{Outcome, Steps};
use super::workplace::Workplace;
use super::{BuildError, BuildRequest};
use crate::image::{NamedLayer, ProjectFiles, Shelf, System, Token, key_of, made_by};
use crate::meter::{Meter, Part};
use windlass_model::{BuildSpec, CollectStatic, PersistPath, Problem};

/// Part of the layer's key: raised when the same files give another layer.
const APP_FORM: u32 = 2;

/// Reads the project's own files; with what there is to say about them.
pub(super) fn project_files(
    request: &BuildRequest<'_>,
    warnings: &mut Vec<Problem>,
) -> Result<ProjectFiles, BuildError> {
    let files = ProjectFiles::read(request.project, request.spec)?;
    warnings.extend(skipped_warning(&files.skipped));
    warnings.extend(tokens_warning(&files.tokens));
    Ok(files)
}

/// Whether anything is to be run while the image is built.
pub(super) fn has_commands(spec: &BuildSpec) -> bool {
    !spec.build_commands.is_empty() || spec.collect_static.is_some()
}

/// The project once its commands have run: the same for all machines.
pub(super) struct Ran {
    pub(super) outcome: Outcome,
    /// The spec that the layers are made for.
    pub(super) spec: BuildSpec,
    /// What is left to be done before a release serves.
    pub(super) collect_at_release: Option<CollectStatic>,
    files: ProjectFiles,
}

/// Runs the project's commands on the ground of this machine's image, which must be there where
/// there are any.
pub(super) fn run(
    place: &Workplace<'_>,
    ground: Option<&Ground>,
    (files, meter): (ProjectFiles, &Meter<'_>),
    warnings: &mut Vec<Problem>,
) -> Result<Ran, BuildError> {
    let request = place.request;
    let outcome = match ground {
        Some(Ground { system, layers, .. }) => {
            Steps { request, system, shelf: &place.shelf, layers, meter }.run(&files)?
        }
        None => Outcome::default(),
    };
    let (spec, collect_at_release) = after_steps(request.spec, &outcome, warnings);
    // What lies where a folder is kept is not in the image.
    let files = match &collect_at_release {
        Some(_) => project_files(&BuildRequest { spec: &spec, ..*request }, &mut Vec::new())?,
        None => files,
    };
    Ok(Ran { outcome, spec, collect_at_release, files })
}

/// The layers above the dependencies of an image.
pub(super) fn layers(
    place: &Workplace<'_>,
    system: &System,
    ran: &Ran,
    meter: &Meter<'_>,
) -> Result<Vec<NamedLayer>, BuildError> {
    let request = BuildRequest { spec: &ran.spec, ..*place.request };
    let own = project_layer(&request, system, &place.shelf, (meter, &ran.files))?;
    Ok(std::iter::once(own).chain(ran.outcome.layer.clone()).collect())
}

/// The spec after commands have run, and what is left to be collected before a release serves:
/// static files that could not be collected go to a folder that is kept.
fn after_steps(
    spec: &BuildSpec,
    outcome: &Outcome,
    warnings: &mut Vec<Problem>,
) -> (BuildSpec, Option<CollectStatic>) {
    let mut spec = spec.clone();
    warnings.extend(skipped_warning(&outcome.skipped));
    let (Some(collect), Some(output)) = (spec.collect_static.clone(), &outcome.uncollected) else {
        return (spec, None);
    };
    warnings.push(uncollected_warning(&collect, output));
    if !collect.needed {
        return (spec, None);
    }
    spec.persist.push(PersistPath { path: collect.folder.clone(), directory: true });
    (spec, Some(collect))
}

fn uncollected_warning(collect: &CollectStatic, output: &[String]) -> Problem {
    let message = "static files could not be collected while the image was built";
    let problem = Problem::user("static-not-collected", message);
    let problem = match output {
        [] => problem.cause("collectstatic printed nothing"),
        lines => problem.cause(format!("its last lines:\n{}", lines.join("\n"))),
    };
    let problem = if collect.needed {
        problem.cause("they are collected before each release serves instead")
    } else {
        problem.cause("the image is without them")
    };
    problem
        .hint("let the settings be read without the app's secrets and services, or give them a value for it: `env` in [tool.windlass]")
        .hint("or say yourself what to run: `build` and `release` in [tool.windlass]")
}

/// The project's own files, with their bytecode, as a layer.
fn project_layer(
    request: &BuildRequest<'_>,
    system: &System,
    shelf: &Shelf<'_>,
    (meter, files): (&Meter<'_>, &ProjectFiles),
) -> Result<NamedLayer, BuildError> {
    let part = Part::begin("app");
    let count = files.count();
    let key = key_of(&("app", APP_FORM, system.identity, files.key(), &request.spec.persist));
    let info = if let Some(info) = shelf.find(&key) {
        info
    } else {
        let cache = request.dirs.cache.join("bytecode-app");
        let entries = files.clone().into_entries(
            request.spec,
            &system.interpreter,
            &system.identity,
            &cache,
        )?;
        shelf.make(&key, entries)?
    };
    meter.end(&part, count as u64, "files of the project");
    Ok(NamedLayer { info, made_by: made_by("the project", count, "files") })
}

fn skipped_warning(skipped: &[String]) -> Option<Problem> {
    let first = skipped.first()?;
    let message = match skipped.len() {
        1 => format!("`{first}` is not in the image"),
        count => format!("`{first}` and {} others are not in the image", count - 1),
    };
    Some(
        Problem::user("files-left-out", message)
            .cause("links that lead out of the project, sockets and names that are not UTF-8 cannot be shipped")
            .hint("Replace the link by what it points to, or list the path under `exclude`."),
    )
}

/// How many tokens are named.
const MOST_TOKENS: usize = 10;

/// One warning for all that looks like an access token; never with the token itself.
fn tokens_warning(tokens: &[(String, Token)]) -> Option<Problem> {
    let (path, first) = tokens.first()?;
    let place = |path: &str, token: &Token| format!("{path}, line {}: {}", token.line, token.what);
    let message = match tokens.len() {
        1 => format!("`{path}` line {} looks as if it held {}", first.line, first.what),
        count => format!("{count} places in the project's files look like access tokens"),
    };
    let mut problem = Problem::user("token-in-source", message);
    if tokens.len() > 1 {
        let told = tokens.iter().take(MOST_TOKENS).map(|(path, token)| place(path, token));
        problem = told.fold(problem, Problem::cause);
    }
    Some(
        problem
            .cause("whoever can pull the image can read it")
            .hint("Withdraw a token that is real, and read the new one from the environment.")
            .hint("If it is none, list the file under `allow-files` in [tool.windlass]."),
    )
}

/// One warning for all packages whose scripts nobody has looked at.
pub(super) fn unreviewed_warning(packages: &[String]) -> Option<Problem> {
    if packages.is_empty() {
        return None;
    }
    let message = format!("the install scripts of {} are not run", packages.join(", "));
    Some(
        Problem::user("package-scripts-not-run", message)
            .cause("no script of a Debian package runs while an image is made")
            .hint("Most packages need none. Try in the image what these are for."),
    )
}
