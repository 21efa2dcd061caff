//! Apps that bring a server of their own: there is no object, but a file or module to run.

use super::framework::Framework;
use super::modules::{Module, Modules};
use super::tree::{Tree, file_name, join, parent};
use windlass_model::Evidence;

/// One app with a server of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Runner {
    pub(super) framework: Framework,
    /// What is run: a file below the project's root, or a module for `python -m`.
    pub(super) target: Target,
    pub(super) evidence: Evidence,
    pub(super) import_root: String,
    pub(super) aside: bool,
}

/// What a runner runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    File(String),
    Module(String),
}

/// All of them, in order of their files.
pub(super) fn find(tree: &Tree, modules: &Modules) -> Vec<Runner> {
    let found: Vec<Runner> =
        modules.iter().filter_map(|module| runner_in(tree, modules, module)).collect();
    // Streamlit's pages and the files that the entry file imports are parts of one app.
    let streamlit = |runner: &Runner| runner.framework == Framework::Streamlit;
    let named = ["streamlit_app.py", "app.py", "main.py", "Home.py", "home.py"];
    let entry = named.iter().find_map(|name| {
        let is = |runner: &&Runner| {
            let Target::File(file) = &runner.target else { return false };
            streamlit(runner) && !runner.aside && file_name(file) == *name
        };
        let mut entries = found.iter().filter(is);
        entries.next().filter(|_| entries.next().is_none()).cloned()
    });
    found
        .into_iter()
        .filter(|runner| !streamlit(runner) || entry.as_ref().is_none_or(|entry| entry == runner))
        .collect()
}

fn runner_in(tree: &Tree, modules: &Modules, module: &Module) -> Option<Runner> {
    let (framework, line, note) = recognise(module)?;
    if parent(&module.path).split('/').any(|part| part == "pages") {
        return None;
    }
    let target = if framework == Framework::Aiohttp {
        let package = module.name.split('.').next().unwrap_or_default();
        let main = join(&join(&module.import_root, package), "__main__.py");
        let under_main = module.source.calls.iter().any(|call| call.main);
        if tree.has(&main) && modules.at(&main).is_some() {
            Target::Module(package.to_owned())
        } else if under_main {
            Target::File(module.path.clone())
        } else {
            return None;
        }
    } else {
        Target::File(module.path.clone())
    };
    Some(Runner {
        framework,
        target,
        evidence: Evidence::at(module.path.as_str(), line, note),
        import_root: module.import_root.clone(),
        aside: module.aside,
    })
}

/// What a file calls that starts a server.
fn recognise(module: &Module) -> Option<(Framework, u32, String)> {
    module.source.calls.iter().find_map(|call| {
        let name = module.resolve(call.callee());
        if name == "aiohttp.web.run_app" {
            return Some((Framework::Aiohttp, call.line, "calls `aiohttp.web.run_app`".to_owned()));
        }
        if name == "nicegui.ui.run" {
            return Some((Framework::NiceGui, call.line, "calls `ui.run`".to_owned()));
        }
        if name.starts_with("streamlit.") && call.scope.is_empty() {
            return Some((Framework::Streamlit, call.line, format!("calls `{name}`")));
        }
        let imports = |first| module.imported().any(|(name, _)| name == first);
        let launches = name.ends_with(".launch")
            || matches!(&call.function, super::python_source::Value::Attribute(_, name) if name == "launch");
        (launches && imports("gradio"))
            .then(|| (Framework::Gradio, call.line, "launches a Gradio app".to_owned()))
    })
}
