//! Prints what inspection concludes from a folder: `cargo run -p windlass-build --example inspect -- DIR`.
#![expect(clippy::print_stdout, reason = "an example that prints")]

use std::path::Path;
use windlass_build::inspect::{HostFacts, Tree, explain, inspect};
use windlass_model::{Problem, PythonVersion};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).unwrap_or_else(|| ".".to_owned());
    let path = Path::new(&folder).canonicalize()?;
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
    let host = HostFacts {
        folder: name.unwrap_or_default(),
        pythons: vec![PythonVersion::three(11), PythonVersion::three(13)],
        cores: std::thread::available_parallelism()?.get(),
    };
    match inspect(&Tree::read(&path)?, &host) {
        Ok(inspection) => {
            for finding in &inspection.findings {
                println!("{}: {}", finding.subject, finding.value);
                for evidence in &finding.evidence {
                    println!("    {evidence}");
                }
            }
            inspection.warnings.iter().for_each(show);
            println!("{}", serde_json::to_string_pretty(&inspection.build)?);
        }
        Err(error) => show(&explain(&error)),
    }
    Ok(())
}

fn show(problem: &Problem) {
    println!("{}: {}", problem.code, problem.message);
    problem.causes.iter().for_each(|cause| println!("    because {cause}"));
    problem.hints.iter().for_each(|hint| println!("    hint: {hint}"));
}
