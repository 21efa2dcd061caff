//! All conclusions put together: the app's and the image's specifications, and the findings.

mod gather;

use self::gather::{app_file, folders, health, kept, name, static_files};
use super::advice;
use super::choose::{App, Source};
use super::dependencies::{self, Chosen};
use super::error::InspectError;
use super::framework::Framework;
use super::health::Health;
use super::inferred;
use super::notes;
use super::processes::{self, Processes};
use super::project::Project;
use super::python_choice::{self, PythonChoice};
use super::rewrite;
use super::static_files::StaticFiles;
use super::system_packages;
use super::tree::{file_name, parent};
use super::websockets;
use super::writable::Kept;
use super::{HostFacts, Inspection};
use std::collections::BTreeMap;
use windlass_model::shell_words::line;
use windlass_model::{
    AppName, AppSpec, BaseSpec, BuildSpec, DebianPackage, Dependencies, Evidence, Finding,
    PersistPath, ProcessType,
};

/// Draws the conclusions that follow from the choice of the app.
pub(super) fn conclude(
    project: &Project<'_>,
    app: &App,
    host: &HostFacts,
) -> Result<Inspection, InspectError> {
    let folders = folders(project, app);
    let mut chosen = dependencies::choose(dependencies::Question {
        tree: project.tree,
        modules: &project.modules,
        config: &project.config,
        folders: &folders,
        app_file: app_file(project, app),
        sets: &project.sets,
    })?;
    let python = python_choice::choose(&python_choice::Question {
        tree: project.tree,
        config: &project.config,
        folders: &folders,
        dockerfile_tag: project.dockerfile.python.as_ref(),
        declared: &chosen.declared,
        own: chosen.pythons.take(),
        available: &host.pythons,
    })?;
    let health = health(project, app);
    let made = processes::make(&processes::Question {
        project,
        app,
        declared: &chosen.declared,
        probe: health.probe.clone(),
        cores: host.cores,
    })?;
    let (name, name_finding) = name(project, host);
    let kept = kept(project, app);
    let (collected, static_warning) = static_files(project, app, &made);
    let asked = system_packages::asked_for(project, app)?;
    let (apt, build_apt) = (asked.packages, asked.building);
    let mut parts = Parts { project, app, chosen, python, health, made, kept, name, apt };
    let (extra, extra_evidence) = parts.extra_requirements();
    let app_spec = parts.app_spec();
    let mut build = BuildSpec { build_apt, ..parts.build_spec(extra) };
    let mut findings = vec![name_finding];
    findings.extend(parts.findings(&build, extra_evidence));
    findings.extend(built(project, &build));
    if let Some(StaticFiles { collect, evidence }) = collected {
        findings.push(Finding {
            subject: "static files".to_owned(),
            value: format!("{} while the image is built", line(&collect.command)),
            evidence,
            override_key: Some("build".to_owned()),
        });
        build.collect_static = Some(collect);
    }
    findings.extend(asked.findings);
    let mut warnings = std::mem::take(&mut parts.made.warnings);
    warnings.extend(static_warning);
    warnings.extend(parts.python.warning.take());
    warnings.append(&mut parts.chosen.warnings);
    warnings.extend(advice::warnings(&parts.chosen.declared));
    warnings.extend(notes::warnings(project, app, &app_spec.canonical_host()));
    if parts.chosen.dependencies == Dependencies::None {
        warnings.extend(inferred::warning(&project.modules));
    }
    let named = project.config.name.is_some();
    let platforms = project.config.platforms.clone();
    Ok(Inspection { app: app_spec, build, platforms, findings, warnings, named })
}

/// The commands that run while the image is built.
fn built(project: &Project<'_>, build: &BuildSpec) -> Option<Finding> {
    let commands: Vec<_> = build.build_commands.iter().map(|command| line(command)).collect();
    (!commands.is_empty()).then(|| Finding {
        subject: "build".to_owned(),
        value: commands.join(", then "),
        evidence: vec![project.config_evidence("build", "`build` in [tool.windlass]")],
        override_key: Some("build".to_owned()),
    })
}

struct Parts<'a> {
    project: &'a Project<'a>,
    app: &'a App,
    chosen: Chosen,
    python: PythonChoice,
    health: Health,
    made: Processes,
    kept: Vec<Kept>,
    name: AppName,
    apt: Vec<DebianPackage>,
}

impl Parts<'_> {
    /// What running needs and the project does not declare.
    fn extra_requirements(&self) -> (Vec<String>, Vec<Evidence>) {
        let mut extra = Vec::new();
        let mut evidence = Vec::new();
        if self.chosen.dependencies == Dependencies::None {
            for (package, place) in inferred::packages(&self.project.modules) {
                extra.push(package);
                evidence.push(place);
            }
        }
        extra.extend(self.made.extra_requirements.iter().cloned());
        let declared = &self.chosen.declared;
        let command = &self.made.image_command;
        let missing = websockets::unsupported(command, &self.project.modules, declared);
        if let Some(place) = missing {
            extra.push(websockets::PACKAGE.to_owned());
            evidence.push(place);
        }
        (extra, evidence)
    }

    /// Settings that the framework's own tools want.
    fn env(&self) -> BTreeMap<String, String> {
        let mut env = BTreeMap::new();
        if let Some(django) = &self.app.django {
            let bare =
                matches!(&self.app.source, Source::Object(r) if r.module == "django.core.wsgi");
            if django.settings_set || bare {
                env.insert("DJANGO_SETTINGS_MODULE".to_owned(), django.settings.clone());
            }
        }
        if self.app.framework == Some(Framework::Flask) {
            let found = self
                .project
                .candidates
                .iter()
                .find(|candidate| self.app.evidence.contains(&candidate.evidence));
            if let Some(candidate) = found {
                // Flask's command takes a factory by its bare name.
                let reference = &candidate.reference;
                let text = format!("{}:{}", reference.module, reference.object);
                env.insert("FLASK_APP".to_owned(), text);
            }
        }
        env
    }

    fn app_spec(&self) -> AppSpec {
        let mut env = self.env();
        env.extend(self.project.config.env.clone());
        AppSpec {
            name: self.name.clone(),
            hosts: self.project.config.hosts.clone(),
            processes: self.made.specs.clone(),
            release_commands: self.made.release.clone(),
            env,
            persist: self.paths(),
        }
    }

    fn paths(&self) -> Vec<PersistPath> {
        self.kept.iter().map(|kept| kept.path.clone()).collect()
    }

    fn build_spec(&self, extra_requirements: Vec<String>) -> BuildSpec {
        let import_root = &self.app.import_root;
        let mut python_path = vec![import_root.clone()];
        let beside =
            if file_name(import_root) == "src" { parent(import_root) } else { &self.app.work_dir };
        if beside != import_root {
            python_path.push(beside.to_owned());
        }
        BuildSpec {
            app: self.name.clone(),
            python: self.python.version,
            base: self.base(),
            dependencies: self.chosen.dependencies.clone(),
            selection: self.chosen.selection.clone(),
            extra_requirements,
            install_project: self.installs_project(),
            python_path,
            work_dir: self.app.work_dir.clone(),
            env: self.env(),
            command: self.made.image_command.clone(),
            // The image's own check knows the usual statuses alone.
            health_path: Some(&self.health.probe)
                .filter(|probe| self.web_serves() && probe.accept.is_empty())
                .map(|probe| probe.path.clone()),
            persist: self.paths(),
            apt: self.apt.clone(),
            build_apt: Vec::new(),
            exclude: self.project.config.exclude.clone(),
            allow_files: self.project.config.allow_files.clone(),
            build_commands: self.project.config.build.iter().map(rewrite::background).collect(),
            build_secrets: self.project.config.build_secrets.clone(),
            build_env: self.project.config.env.clone(),
            collect_static: None,
            compression: self.project.config.compression,
        }
    }

    fn base(&self) -> BaseSpec {
        let config = &self.project.config;
        let pythons = config.base.iter().flat_map(|_| self.python.allowed.clone()).collect();
        BaseSpec { standalone: config.standalone_python, image: config.base.clone(), pythons }
    }

    /// What brings the image's Python, and why: the key that says otherwise is called the same.
    fn ground(&self, build: &BuildSpec) -> (&'static str, String, Vec<Evidence>) {
        let Some(base) = &build.base.image else {
            return ("python", build.python.to_string(), self.python.evidence.clone());
        };
        let line = self.project.config.line_of("base");
        let note = "`base` in [tool.windlass]: its Python is taken".to_owned();
        ("base", base.clone(), vec![Evidence { file: "pyproject.toml".to_owned(), line, note }])
    }

    fn web_serves(&self) -> bool {
        self.made.specs.get(&ProcessType::web()).is_some_and(|web| web.probe.is_some())
    }

    /// Installed only when it must be: for a console script of its own, or where the
    /// declaration asks for it.
    fn installs_project(&self) -> bool {
        let scripts = &self.project.metadata.scripts;
        let runs_script = self
            .made
            .specs
            .values()
            .any(|spec| spec.command.first().is_some_and(|program| scripts.contains(program)));
        runs_script || self.chosen.declared.own.is_some()
    }

    fn findings(&mut self, build: &BuildSpec, extra: Vec<Evidence>) -> Vec<Finding> {
        let finding =
            |subject: &str, value: String, evidence: Vec<Evidence>, key: Option<&str>| Finding {
                subject: subject.to_owned(),
                value,
                evidence,
                override_key: key.map(str::to_owned),
            };
        let mut found = Vec::new();
        if let Some(framework) = self.app.framework {
            let evidence = self.app.evidence.clone();
            found.push(finding("framework", framework.to_string(), evidence, Some("app")));
        }
        let (subject, value, evidence) = self.ground(build);
        found.push(finding(subject, value, evidence, Some(subject)));
        let declared = build.dependencies.describe();
        let evidence = self.chosen.evidence.clone();
        found.push(finding("dependencies", declared, evidence, Some("dependencies")));
        if !build.extra_requirements.is_empty() {
            let mut evidence = extra;
            evidence
                .push(Evidence::rule("running needs them and the project does not declare them"));
            found.push(finding("added", build.extra_requirements.join(" "), evidence, None));
        }
        found.append(&mut self.made.findings);
        if self.web_serves() {
            let value = match &self.health.smoke {
                Some(page) => {
                    format!("{} (a page to look at besides: {page})", self.health.probe.path)
                }
                None => self.health.probe.path.clone(),
            };
            found.push(finding("health", value, self.health.evidence.clone(), Some("health")));
        }
        for kept in &self.kept {
            let slash = if kept.path.directory { "/" } else { "" };
            let value = format!("{}{slash} is kept across releases", kept.path.path);
            found.push(finding("persist", value, vec![kept.evidence.clone()], Some("persist")));
        }
        let others = self.made.specs.len() > 1;
        found.extend(notes::findings(self.project, self.app, others));
        found
    }
}
