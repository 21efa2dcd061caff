//! Reading a project: what it is, how it starts, what it needs, each with its evidence.
//!
//! [`Tree::read`] lists the project and reads what matters; from there on everything is a pure
//! function of the tree and of [`HostFacts`]. Every conclusion is a [`Finding`] with the place
//! that supports it and the key of `[tool.windlass]` that overrides it. Where two answers are
//! plausible both are listed and none is taken.
//! What this does not do: resolve dependencies, run any of the project's code, or judge whether
//! the app will work.

mod advice;
mod aptfile;
mod candidate;
mod choose;
mod dependencies;
mod django;
mod django_urls;
mod dockerfile;
mod error;
mod explain;
mod fastapi_docs;
mod framework;
mod health;
mod inferred;
mod metadata;
mod modules;
mod notes;
mod path_value;
mod processes;
mod procfile;
mod project;
mod python_choice;
mod python_source;
mod requirements;
mod rewrite;
mod routes;
mod runner;
mod serve;
mod shell;
mod specs;
mod static_files;
mod system_packages;
mod tree;
mod websockets;
mod writable;

pub use aptfile::AptfileReason;
pub use error::{Choice, InspectError, UnservableReason};
pub use explain::explain;
pub use framework::Framework;
pub use tree::{Tree, TreeError, TreeFile};

use windlass_model::{AppSpec, BuildSpec, Finding, Machine, Problem, PythonVersion};

/// What inspection concludes.
#[derive(Debug, Clone, PartialEq)]
pub struct Inspection {
    /// How the app runs.
    pub app: AppSpec,
    /// What image to build.
    pub build: BuildSpec,
    /// The machines that it is to be built for; none for this one alone.
    pub platforms: Vec<Machine>,
    /// Every conclusion with its evidence, in the order in which a person wants to read them.
    pub findings: Vec<Finding>,
    /// What should be known before a deploy and stops nothing.
    pub warnings: Vec<Problem>,
    /// Whether the app's name was chosen for it: the one that a project has by itself may be
    /// another project's as well.
    pub named: bool,
}

/// What inspection needs to know besides the project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostFacts {
    /// Name of the project's folder, which names an app that does not name itself.
    pub folder: String,
    /// Pythons that can be put into an image.
    pub pythons: Vec<PythonVersion>,
    /// Processor cores that the app may use.
    pub cores: usize,
}

/// Packages that are wanted besides those of production.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sets {
    /// The sets for development and tests, as far as the project has them by a customary name.
    pub development: bool,
    /// Groups by name, which the project must have.
    pub groups: Vec<String>,
}

/// Draws all conclusions from a project.
pub fn inspect(tree: &Tree, host: &HostFacts) -> Result<Inspection, InspectError> {
    inspect_with(tree, host, &Sets::default())
}

/// The same, with packages that production does without.
pub fn inspect_with(
    tree: &Tree,
    host: &HostFacts,
    sets: &Sets,
) -> Result<Inspection, InspectError> {
    let project = project::Project::read(tree, sets)?;
    let app = choose::choose(&project)?;
    specs::conclude(&project, &app, host)
}

#[cfg(test)]
mod tests;
