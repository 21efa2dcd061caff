//! The project's layer, and what a build has to warn of.

use super::{BuildError, BuildRequest};
use crate::image::{NamedLayer, ProjectFiles, Shelf, System, Token, key_of, made_by};
use crate::meter::{Meter, Part};
use windlass_model::Problem;

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

/// The project's own files, with their bytecode.
pub(super) fn project_layer(
    request: &BuildRequest<'_>,
    system: &System,
    shelf: &Shelf<'_>,
    (meter, files): (&Meter<'_>, ProjectFiles),
) -> Result<NamedLayer, BuildError> {
    let part = Part::begin("app");
    let count = files.count();
    let key = key_of(&("app", APP_FORM, system.identity, files.key(), &request.spec.persist));
    let info = if let Some(info) = shelf.find(&key) {
        info
    } else {
        let cache = request.dirs.cache.join("bytecode-app");
        let entries =
            files.into_entries(request.spec, &system.interpreter, &system.identity, &cache)?;
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
