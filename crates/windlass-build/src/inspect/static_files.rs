//! Django's static files: collected while the image is built, wherever a project says where to.
//!
//! With a manifest storage every page that names a static file answers 500 until `collectstatic`
//! has run, and WhiteNoise serves only what was collected. Collecting runs the project's own code,
//! and settings that cannot be read without a database or a secret make it fail: where pages need
//! the files, the build then leaves it to a release command, which writes to a kept folder.
//! What this does not do: decide which of the two it becomes.

use super::django::setting;
use super::modules::{Module, Modules};
use super::path_value::{PROJECT, in_project, texts};
use super::python_source::Value;
use std::collections::BTreeSet;
use windlass_model::{CollectStatic, Evidence, Problem};

/// The command that collects, as run in the folder that the app's processes start in.
fn command(manage: &str, work_dir: &str) -> Vec<String> {
    let manage = relative(manage, work_dir);
    ["python", &manage, "collectstatic", "--noinput"].map(str::to_owned).to_vec()
}

/// A file as seen from a folder; both are relative to the project.
fn relative(file: &str, folder: &str) -> String {
    let parts = |path: &'_ str| -> Vec<String> {
        path.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect()
    };
    let (file, folder) = (parts(file), parts(folder));
    let shared = file.iter().zip(&folder).take_while(|(a, b)| a == b).count();
    let ups = vec!["..".to_owned(); folder.len() - shared];
    [&ups[..], &file[shared..]].concat().join("/")
}

/// What is collected, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StaticFiles {
    pub(super) collect: CollectStatic,
    pub(super) evidence: Vec<Evidence>,
}

/// Where static files are collected in, as far as the source says.
enum Root {
    /// A folder of the project.
    Inside(String),
    /// Anywhere else.
    Outside(String),
}

/// What to collect and where to, when the project says so.
pub(super) fn find(
    modules: &Modules,
    chain: &[&Module],
    (manage, work_dir): (&str, &str),
) -> Option<StaticFiles> {
    let (place, Root::Inside(folder)) = root(modules, chain, work_dir)? else { return None };
    let reason = reason(chain);
    let needed = reason.is_some();
    Some(StaticFiles {
        collect: CollectStatic {
            command: command(manage, work_dir),
            folder,
            needed,
            placeholders: placeholders(chain),
        },
        evidence: reason.into_iter().chain([place]).collect(),
    })
}

/// A warning where pages need static files that are collected out of the project's reach.
pub(super) fn outside(modules: &Modules, chain: &[&Module], work_dir: &str) -> Option<Problem> {
    let (place, Root::Outside(path)) = root(modules, chain, work_dir)? else { return None };
    reason(chain)?;
    let message = format!("static files are not collected: `STATIC_ROOT` is `{path}`");
    let line = place.line.map_or_else(String::new, |line| format!(":{line}"));
    Some(
        Problem::user("static-root-outside", message)
            .cause(format!("{}{line}: it is no folder of the project", place.file))
            .cause("an image takes what commands leave below the project, and nothing else")
            .hint("set it to a folder of the project: STATIC_ROOT = BASE_DIR / \"staticfiles\""),
    )
}

/// `STATIC_ROOT`, where Django's own app that collects is installed.
fn root(modules: &Modules, chain: &[&Module], work_dir: &str) -> Option<(Evidence, Root)> {
    // Many put lists of their own together: `DJANGO_APPS + LOCAL_APPS`.
    let installed = chain
        .iter()
        .flat_map(|module| &module.source.assignments)
        .any(|assignment| mentions(&assignment.value, "django.contrib.staticfiles"));
    if !installed {
        return None;
    }
    let (owner, root) = setting(chain, "STATIC_ROOT")?;
    let place = Evidence::at(owner.path.as_str(), root.line, "`STATIC_ROOT` is set");
    let found = texts(modules, owner, &root.value);
    // A relative one starts in the folder that the command runs in.
    let whole = |text: &String| {
        if text.starts_with('/') || text.starts_with(PROJECT) {
            text.clone()
        } else {
            format!("{PROJECT}/{work_dir}/{text}")
        }
    };
    let inside = found.iter().find_map(|text| in_project(&whole(text)));
    let outside = || found.first().map(|text| Root::Outside(text.replace(PROJECT, "<project>")));
    Some((place, inside.map(Root::Inside).or_else(outside)?))
}

/// Why pages fail without collected files, when they do.
fn reason(chain: &[&Module]) -> Option<Evidence> {
    chain.iter().find_map(|module| {
        module.source.assignments.iter().find_map(|assignment| {
            let target = assignment.target.as_str();
            let storage = target.starts_with("STORAGES") || target == "STATICFILES_STORAGE";
            let note = if storage && mentions(&assignment.value, "ManifestStaticFilesStorage") {
                "a manifest storage: pages fail until static files are collected"
            } else if target == "MIDDLEWARE" && mentions(&assignment.value, "whitenoise.") {
                "WhiteNoise serves what was collected"
            } else {
                return None;
            };
            Some(Evidence::at(module.path.as_str(), assignment.line, note))
        })
    })
}

/// The usual variables of a secret key, and those that the settings name.
fn placeholders(chain: &[&Module]) -> Vec<String> {
    let mut names = BTreeSet::from(["DJANGO_SECRET_KEY".to_owned(), "SECRET_KEY".to_owned()]);
    for module in chain {
        let own = module.source.assignments.iter().filter(|a| a.target == "SECRET_KEY");
        for assignment in own {
            variables(&assignment.value, &mut names, 0);
        }
    }
    names.into_iter().collect()
}

/// `X` of `os.environ["X"]`, `os.environ.get("X")`, `config("X")`, `env.str("X")`.
fn variables(value: &Value, names: &mut BTreeSet<String>, depth: u8) {
    let is_name = |text: &str| {
        text.starts_with(|c: char| c.is_ascii_uppercase())
            && text.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
    };
    let mut take = |value: &Value| {
        names.extend(value.as_text().filter(|text| is_name(text)).map(str::to_owned));
    };
    match value {
        Value::Item(_, key) => take(key),
        Value::Call(call) => call.args.first().into_iter().for_each(&mut take),
        Value::AnyOf(values) | Value::Sum(values) if depth < 8 => {
            for value in values {
                variables(value, names, depth + 1);
            }
        }
        _ => {}
    }
}

fn mentions(value: &Value, part: &str) -> bool {
    match value {
        Value::Text(text) => text.contains(part),
        Value::List(values) | Value::Sum(values) | Value::AnyOf(values) => {
            values.iter().any(|value| mentions(value, part))
        }
        Value::Dict(pairs) => pairs.iter().any(|(_, value)| mentions(value, part)),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
