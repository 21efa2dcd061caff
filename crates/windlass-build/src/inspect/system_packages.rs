//! Debian packages that the project asks for by name: in `[tool.windlass]`, an Aptfile, or the apt
//! lines of a Dockerfile; and those that GeoDjango loads by name.
//!
//! What Windlass's own table says, or an Aptfile, must be in the archive. A Dockerfile was written
//! for another system: what this one does not have is left out, and said; and so is what only
//! building needs, since a wheel's own libraries are found from its files. That is for where source
//! archives are compiled.

use super::aptfile;
use super::choose::App;
use super::django::settings_chain;
use super::error::InspectError;
use super::project::Project;
use super::python_source::Value;
use super::tree::join;
use windlass_model::{DebianPackage, Evidence, Finding};

/// The packages, and what is told of them.
#[derive(Debug, Default)]
pub(super) struct Asked {
    pub(super) packages: Vec<DebianPackage>,
    /// To compile with.
    pub(super) building: Vec<DebianPackage>,
    pub(super) findings: Vec<Finding>,
}

/// Of no use in an image that is not built in: compilers and their tools, what fetches and checks
/// sources of packages, and the Python that Windlass brings itself.
const FOR_BUILDING: [&str; 36] = [
    "apt-transport-https",
    "apt-utils",
    "autoconf",
    "automake",
    "autotools-dev",
    "build-essential",
    "ca-certificates",
    "cargo",
    "clang",
    "cmake",
    "cpp",
    "debian-archive-keyring",
    "dirmngr",
    "dpkg-dev",
    "g++",
    "gcc",
    "gfortran",
    "gnupg",
    "gnupg2",
    "libc-dev",
    "libtool",
    "lsb-release",
    "make",
    "meson",
    "musl-tools",
    "ninja-build",
    "patch",
    "pkg-config",
    "pkgconf",
    "python3",
    "python3-full",
    "python3-pip",
    "python3-setuptools",
    "python3-venv",
    "rustc",
    "software-properties-common",
];

/// The libraries that `django.contrib.gis` finds by name, as trixie and bookworm call them.
const GEO: [&str; 3] = ["libgdal36 | libgdal32", "libgeos-c1t64 | libgeos-c1v5", "libproj25"];

/// Everything that the project asks for. What `[tool.windlass]` says stands alone.
pub(super) fn asked_for(project: &Project<'_>, app: &App) -> Result<Asked, InspectError> {
    let mut asked = Asked::default();
    if project.config.line_of("apt").is_some() {
        let evidence = project.config_evidence("apt", "`apt` in [tool.windlass]");
        let packages = project.config.apt.iter().map(|name| (name.clone(), evidence.clone()));
        asked.take("system packages", packages.collect(), true);
    } else {
        asked.take("system packages", of_aptfile(project)?, true);
        asked.take_dockerfile(project);
    }
    asked.take_building(project);
    if let Some(evidence) = geo(project, app) {
        let packages = GEO.iter().map(|name| ((*name).to_owned(), evidence.clone()));
        asked.take("GeoDjango", packages.collect(), false);
    }
    Ok(asked)
}

impl Asked {
    /// Adds packages that are not there yet, with one finding for all.
    fn take(&mut self, subject: &str, packages: Vec<(String, Evidence)>, required: bool) {
        let (mut names, mut places): (Vec<String>, Vec<Evidence>) = (vec![], vec![]);
        for (name, evidence) in packages {
            if self.packages.iter().any(|known| known.name == name) {
                continue;
            }
            names.push(name.clone());
            if !places.contains(&evidence) {
                places.push(evidence.clone());
            }
            self.packages.push(DebianPackage { name, required, evidence });
        }
        if !names.is_empty() {
            self.find(subject, names.join(", "), places);
        }
    }

    fn take_dockerfile(&mut self, project: &Project<'_>) {
        let (mut kept, mut left) = (Vec::new(), Vec::new());
        let mut places = Vec::new();
        for line in &project.dockerfile.apt {
            for name in &line.packages {
                let note = format!("`apt-get install {name}`");
                let evidence = Evidence::at(line.file.as_str(), line.line, note);
                if is_for_building(name) {
                    left.push(name.clone());
                    places.push(evidence);
                } else {
                    kept.push((name.clone(), evidence));
                }
            }
        }
        self.take("system packages", kept, false);
        left.sort_unstable();
        left.dedup();
        if !left.is_empty() {
            places.push(Evidence::rule("what wheels link to is found from their files"));
            self.find("left out", format!("{}: only building needs them", left.join(", ")), places);
        }
    }

    /// What to compile with: as `[tool.windlass]` says, else as a Dockerfile does.
    fn take_building(&mut self, project: &Project<'_>) {
        if project.config.line_of("build-apt").is_some() {
            let evidence = project.config_evidence("build-apt", "`build-apt` in [tool.windlass]");
            let named = project.config.build_apt.iter();
            let package = |name: &String| DebianPackage {
                name: name.clone(),
                required: true,
                evidence: evidence.clone(),
            };
            self.building = named.map(package).collect();
            self.findings.push(Finding {
                subject: "to compile with".to_owned(),
                value: project.config.build_apt.join(", "),
                evidence: vec![evidence],
                override_key: Some("build-apt".to_owned()),
            });
            return;
        }
        for line in &project.dockerfile.apt {
            for name in line.packages.iter().filter(|name| is_for_compiling(name)) {
                let note = format!("`apt-get install {name}`");
                let evidence = Evidence::at(line.file.as_str(), line.line, note);
                if self.building.iter().all(|known| known.name != *name) {
                    let (name, required) = (name.clone(), false);
                    self.building.push(DebianPackage { name, required, evidence });
                }
            }
        }
    }

    fn find(&mut self, subject: &str, value: String, evidence: Vec<Evidence>) {
        let (subject, override_key) = (subject.to_owned(), Some("apt".to_owned()));
        self.findings.push(Finding { subject, value, evidence, override_key });
    }
}

fn is_for_building(name: &str) -> bool {
    name.ends_with("-dev")
        || FOR_BUILDING.contains(&name)
        || name.starts_with("gcc-")
        || name.starts_with("g++-")
}

/// Headers, and compilers beside C's; not those of a Python, which would be another one.
fn is_for_compiling(name: &str) -> bool {
    let of_python = ["python", "libpython"].iter().any(|start| name.starts_with(start));
    (name.ends_with("-dev") && !of_python && name != "libc-dev")
        || matches!(name, "cargo" | "clang" | "cmake" | "gfortran" | "rustc")
}

fn of_aptfile(project: &Project<'_>) -> Result<Vec<(String, Evidence)>, InspectError> {
    let places = [join(&project.base, "Aptfile"), "Aptfile".to_owned()];
    let Some((file, text)) = places.iter().find_map(|at| Some((at, project.tree.text(at)?))) else {
        return Ok(Vec::new());
    };
    let entries = aptfile::parse(text).map_err(|(line, text, reason)| InspectError::Aptfile {
        file: file.clone(),
        line,
        text,
        reason,
    })?;
    let place = |entry: aptfile::AptfileEntry| {
        let evidence = Evidence::at(file.as_str(), entry.line, format!("`{}`", entry.name));
        (entry.name, evidence)
    };
    Ok(entries.into_iter().map(place).collect())
}

/// Where a Django project uses its geographic part.
fn geo(project: &Project<'_>, app: &App) -> Option<Evidence> {
    const GIS: &str = "django.contrib.gis";
    let chain = settings_chain(&project.modules, &app.django.as_ref()?.settings);
    chain.iter().find_map(|module| {
        let apps = |name: &str| name == "INSTALLED_APPS" || name.ends_with("_APPS");
        let found =
            module.source.assignments.iter().find(|a| apps(&a.target) && lists(&a.value, GIS))?;
        let note = format!("`{GIS}` in {}", found.target);
        Some(Evidence::at(module.path.as_str(), found.line, note))
    })
}

fn lists(value: &Value, text: &str) -> bool {
    match value {
        Value::List(items) | Value::Sum(items) => items.iter().any(|item| lists(item, text)),
        Value::Text(own) => own == text,
        _ => false,
    }
}

#[cfg(test)]
mod tests;
