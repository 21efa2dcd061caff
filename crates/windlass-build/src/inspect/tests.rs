//! Whole small projects, and what is concluded from them.

mod hostile;
mod places;
mod refused;
mod shapes;

use super::{HostFacts, InspectError, Inspection, Tree, inspect};
use windlass_model::{ProcessSpec, ProcessType, PythonVersion};

fn host() -> HostFacts {
    HostFacts {
        folder: "My Project".to_owned(),
        pythons: vec![PythonVersion::three(11), PythonVersion::three(13)],
        cores: 2,
    }
}

fn inspected(files: &[(&str, &str)]) -> Result<Inspection, InspectError> {
    inspect(&Tree::from_files(files.iter().copied()), &host())
}

fn web(inspection: &Inspection) -> &ProcessSpec {
    &inspection.app.processes[&ProcessType::web()]
}

/// The words of the web command that are not flags of ours: what is run, and what it is given.
fn ends(inspection: &Inspection) -> (&str, &str) {
    let command = &web(inspection).command;
    (command[0].as_str(), command[command.len() - 1].as_str())
}
