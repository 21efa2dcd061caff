//! Where source archives are compiled: the image's own system, with a compiler on top, in a container.
//!
//! A wheel that is built here is built against the Python and the C library that it will run on, and
//! nothing of the compiler gets into the image: what a wheel needs at run time is found from the
//! wheel. What else a build needs is known by the project's name, or found from what it says that it
//! misses: then it is tried again with that, a few times at most.
//! What this does not do: keep wheels; who asks for one does.

mod attempt;
mod folder;
mod needs;

use super::BuildRequest;
use crate::image::{System, SystemRequest};
use crate::meter::{Meter, Part};
use crate::step::StepError;
use crate::wheels::{CompileWheelError, WheelJob};
use attempt::Attempt;
use needs::{Need, asked, of_project};
use std::cell::RefCell;
use windlass_model::{Digest, Evidence, Finding, Problem};

/// How often a build is tried again with what it said that it misses.
const MOST_ROUNDS: usize = 5;
/// Part of the identity: raised when the same sources give another wheel here.
const FORM: u32 = 1;

/// The image's system with a compiler, as far as it was needed.
pub(super) struct BuildRoot<'a> {
    pub(super) request: &'a BuildRequest<'a>,
    pub(super) wanted: &'a SystemRequest<'a>,
    pub(super) system: &'a System,
    pub(super) meter: &'a Meter<'a>,
    pub(super) findings: RefCell<Vec<Finding>>,
}

impl BuildRoot<'_> {
    /// Stands for everything that a wheel made here depends on: Python, C library, processor, and
    /// what is asked for by name. The packages come from the same archive, and do not count.
    pub(super) fn identity(&self) -> Digest {
        let asked = self.request.spec.build_apt.iter().map(|package| package.name.as_str());
        crate::image::key_of(&("compiled", FORM, self.system.identity, asked.collect::<Vec<_>>()))
    }

    /// Builds one wheel.
    pub(super) fn build(&self, job: &WheelJob<'_>) -> Result<(), CompileWheelError> {
        self.is_for_this_machine()?;
        let part = Part::begin("compile");
        let mut needs = of_project(job.name);
        // Most are plain Python: that is found out without fetching a compiler.
        if needs.is_empty() && matches!(self.attempt(job, &[])?, Attempt::Built) {
            self.meter.end(&part, 1, &format!("{} built from its sources", job.package));
            return Ok(());
        }
        if self.request.spec.base.image.is_some() {
            return Err(explained(not_on_a_base(job.package)));
        }
        needs.extend(asked(&self.request.spec.build_apt));
        let mut round = 0;
        loop {
            let roots = self.folders(&needs)?;
            let output = match self.attempt(job, &roots)? {
                Attempt::Built => break,
                Attempt::Failed(output) => output,
            };
            let (found, unknown) = self.of_failure(&output)?;
            let known = |need: &Need| needs.iter().any(|other| other.package == need.package);
            let new: Vec<Need> = found.into_iter().filter(|need| !known(need)).collect();
            round += 1;
            if new.is_empty() || round > MOST_ROUNDS {
                let added = needs.into_iter().map(|need| need.package).collect();
                return Err(CompileWheelError::Failed { output: last(output), added, unknown });
            }
            for need in &new {
                let line = format!("{} needs {}: {}", job.package, need.package, need.reason);
                (self.request.output)(&line);
            }
            needs.extend(new);
        }
        self.note(job.package, &needs);
        self.meter.end(&part, 1, &format!("{} compiled from its sources", job.package));
        Ok(())
    }

    /// Nothing of another machine's is run: what needs no compiler is then built by this one's Python.
    fn is_for_this_machine(&self) -> Result<(), CompileWheelError> {
        let theirs = &self.system.interpreter.architecture;
        if super::this_machine().is_ok_and(|machine| machine.debian() == theirs) {
            return Ok(());
        }
        let message = format!("the image is for {theirs}, which this machine is not");
        let problem = Problem::user("other-machine", message);
        Err(CompileWheelError::NoContainer { problem: Box::new(problem) })
    }

    fn note(&self, package: &str, needs: &[Need]) {
        const WHAT: &str =
            "from its sources, in a container; nothing of the compiler is in the image";
        let finding = |subject: &str, value: &str, why: &str| Finding {
            subject: subject.to_owned(),
            value: value.to_owned(),
            evidence: vec![Evidence::rule(why)],
            override_key: Some("build-apt".to_owned()),
        };
        let mut findings = self.findings.borrow_mut();
        findings.push(finding("compiled", package, WHAT));
        findings.extend(needs.iter().map(|need| finding("with", &need.package, &need.reason)));
    }
}

/// A compiler of our own would be one for another C library than a base's.
fn not_on_a_base(package: &str) -> Problem {
    let message = format!("{package} has no wheel that fits, and nothing is compiled on a base");
    Problem::user("base-compile", message)
        .cause("it could not be built from its sources without a compiler, in the base alone")
        .hint("Require a version that has a wheel for the base's Python.")
        .hint("Or leave out `base` in [tool.windlass]: then it is compiled, and what it needs is added.")
}

/// How much of a build's output an error carries.
const OUTPUT_LINES: usize = 30;

fn last(mut output: Vec<String>) -> Vec<String> {
    output.retain(|line| !line.trim().is_empty());
    output.split_off(output.len().saturating_sub(OUTPUT_LINES))
}

fn explained(problem: Problem) -> CompileWheelError {
    CompileWheelError::Explained { problem: Box::new(problem) }
}

impl From<StepError> for CompileWheelError {
    fn from(error: StepError) -> Self {
        let message = error.to_string();
        match error {
            StepError::Container { problem } => Self::NoContainer { problem },
            StepError::Cancelled => {
                explained(Problem::user("cancelled", "cancelled while building"))
            }
            StepError::Deadline { .. } => explained(
                Problem::user("compile-too-slow", message)
                    .hint("require a version that has a wheel for this Python"),
            ),
        }
    }
}
