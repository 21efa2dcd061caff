//! Which Debian packages compiling a source archive needs: those in every build root, those that the
//! project is known for, and those that ship what a failed build says that it misses.

use super::{BuildRoot, explained};
use crate::debian::{RootSpec, Wish};
use crate::toolchain::{Lookup, Missing, missing, packages_for};
use crate::wheels::CompileWheelError;
use windlass_model::DebianPackage;

/// A package to add, and why.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Need {
    /// Debian's name of it.
    pub(super) package: String,
    /// By which rule it is needed.
    pub(super) reason: String,
    /// Whether an archive without it is an error.
    required: bool,
}

/// In every build root: a compiler, and what Debian's packages take for granted because no Debian is
/// without it (`pg_config` is a Perl program). The image's own busybox has the rest.
const TOOLS: [&str; 7] =
    ["bash", "gcc", "g++", "libc6-dev", "make", "perl-base", "pkgconf | pkg-config"];

/// What a project is known to need. `name` is normalised (PEP 503).
pub(super) fn of_project(name: &str) -> Vec<Need> {
    let need = |package: &&str| Need {
        package: (*package).to_owned(),
        reason: format!("{name} is known to need it"),
        required: false,
    };
    let is_tool = |package: &str| TOOLS.iter().any(|tool| tool.split(" | ").any(|t| t == package));
    packages_for(name).iter().filter(|package| !is_tool(package)).map(need).collect()
}

/// What the project asks for by name.
pub(super) fn asked(packages: &[DebianPackage]) -> impl Iterator<Item = Need> {
    packages.iter().map(|package| Need {
        package: package.name.clone(),
        reason: package.evidence.to_string(),
        required: package.required,
    })
}

/// Everything to put on top of the system.
pub(super) fn wishes(spec: &RootSpec, needs: &[Need]) -> Vec<Wish> {
    const WHY: &str = "compiling source archives";
    let tools = TOOLS.iter().map(|tool| Wish::new(tool, true, WHY));
    let mut wishes: Vec<Wish> = tools.collect();
    // A standalone Python has its headers in its own archive.
    if spec.standalone.is_none() {
        wishes.push(Wish::new(&format!("python{}-dev", spec.python), true, WHY));
    }
    // What the archive lacks is told by the build that misses it.
    let wish = |need: &Need| Wish::new(&need.package, need.required, need.reason.as_str());
    wishes.extend(needs.iter().map(wish));
    wishes.sort();
    wishes.dedup_by(|a, b| a.names == b.names);
    wishes
}

impl BuildRoot<'_> {
    /// The packages for what a failed build says that it misses, and what no package ships.
    pub(super) fn of_failure(
        &self,
        output: &[String],
    ) -> Result<(Vec<Need>, Vec<String>), CompileWheelError> {
        let things = missing(&output.join("\n"));
        if things.is_empty() {
            return Ok((Vec::new(), Vec::new()));
        }
        let lookup = Lookup {
            access: self.wanted.access,
            downloader: self.wanted.downloader,
            cache: self.wanted.cache,
            architecture: &self.wanted.spec.architecture,
            python: self.wanted.spec.python,
        };
        let found = lookup
            .packages(&things)
            .map_err(|error| explained(crate::explain::system(&error.into())))?;
        let unknown = things.iter().filter(|thing| !found.contains_key(thing)).map(name);
        let needs = found.iter().map(|(thing, package)| Need {
            package: package.clone(),
            reason: format!("it ships {}, which the build missed", name(thing)),
            required: false,
        });
        let mut needs: Vec<Need> = needs.collect();
        needs.sort();
        needs.dedup_by(|a, b| a.package == b.package);
        Ok((needs, unknown.collect()))
    }
}

/// As the build calls it.
fn name(thing: &Missing) -> String {
    match thing {
        Missing::Header(name) | Missing::Program(name) => name.clone(),
        Missing::Library(name) => format!("-l{name}"),
        Missing::Module(name) => format!("{name}.pc"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use windlass_model::{Evidence, PythonVersion};

    #[test]
    fn every_build_root_has_a_compiler_and_the_pythons_headers_once() {
        let spec = RootSpec {
            python: PythonVersion::three(13),
            standalone: None,
            suite: "trixie".to_owned(),
            architecture: "amd64".to_owned(),
            extra: Vec::new(),
            libraries: Vec::new(),
        };
        let mut needs = of_project("psycopg2");
        let evidence = Evidence::rule("said");
        let named = DebianPackage { name: "gcc".to_owned(), required: true, evidence };
        needs.extend(asked(&[named]));
        let names: Vec<_> = wishes(&spec, &needs).into_iter().map(|wish| wish.names).collect();
        for name in ["gcc", "libpq-dev", "python3.13-dev"] {
            let count = names.iter().filter(|names| names.contains(&name.to_owned())).count();
            assert_eq!(count, 1, "{name}");
        }
        assert!(of_project("requests").is_empty());
    }
}
