//! What the project has run while its image is built: its own commands, and Django's collectstatic.
//!
//! Commands run in order in a container of the image so far, on a copy of the project's files that
//! they may change, with a cache folder that is kept for the app, and with secrets only where they
//! are declared. What differs afterwards is a layer of its own, above the project's. It is kept by
//! what it was made from: nothing changed is not run again. Secrets do not count for that, nor does
//! the state of the network.
//! What this does not do: know a container; see [`crate::step`].

mod error;
mod note;
mod output;
mod place;

pub use error::BuildStepError;

use super::{BuildError, BuildRequest};
use crate::image::{
    Changes, NamedLayer, ProjectFiles, Shelf, System, key_of, made_by, working_dir,
};
use crate::libraries;
use crate::meter::{Meter, Part};
use crate::step::{StepError, StepSpec};
use note::Note;
use output::Tail;
use place::Place;
use std::collections::BTreeSet;
use windlass_model::{BuildSpec, Digest, ExitReason, Machine};

/// Part of the layer's key: raised when the same inputs give another layer.
const FORM: u32 = 1;
/// What one command may take, in milliseconds.
const COMMAND_TIMEOUT_MS: u64 = 60 * 60 * 1_000;
/// The most files and folders that may lie below the project afterwards.
const MOST_FILES: u64 = 500_000;
/// The most bytes that they may have.
const MOST_BYTES: u64 = 16 << 30;

/// What the commands are run on.
pub(super) struct Steps<'a> {
    pub(super) request: &'a BuildRequest<'a>,
    pub(super) system: &'a System,
    pub(super) shelf: &'a Shelf<'a>,
    /// The layers below the project's own.
    pub(super) layers: &'a [NamedLayer],
    pub(super) meter: &'a Meter<'a>,
}

/// What came of them.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// `None` when nothing differs.
    pub(super) layer: Option<NamedLayer>,
    /// The last lines of a collectstatic that failed.
    pub(super) uncollected: Option<Vec<String>>,
    /// What commands left that cannot be in an image.
    pub(super) skipped: Vec<String>,
    /// What they left that runs on this kind of machine only, as paths in the image.
    pub(super) programs: Vec<String>,
}

impl Outcome {
    /// Refuses what commands made on this machine for an image of another.
    pub(super) fn must_run_on(&self, machine: Machine) -> Result<(), BuildStepError> {
        if self.programs.is_empty() {
            return Ok(());
        }
        Err(BuildStepError::Programs { machine, paths: self.programs.clone() })
    }
}

impl Steps<'_> {
    /// Runs what there is to run, or gives what came of it before.
    pub(super) fn run(&self, files: &ProjectFiles) -> Result<Outcome, BuildError> {
        let spec = self.request.spec;
        let count = spec.build_commands.len() + usize::from(spec.collect_static.is_some());
        if count == 0 {
            return Ok(Outcome::default());
        }
        let part = Part::begin("commands");
        let key = self.key(files);
        if let Some((note, layer)) = self.known(&key) {
            self.meter.end(&part, count as u64, "commands, run before on the same files");
            return Ok(outcome(note, layer));
        }
        let (changes, uncollected) = self.changes(files)?;
        let skipped = changes.skipped.clone();
        let made = changes.files();
        let mut programs = Vec::new();
        let layer = if changes.is_empty() {
            None
        } else {
            let cache = self.request.dirs.cache.join("bytecode-app");
            let (python, identity) = (&self.system.interpreter, &self.system.identity);
            let entries = changes.into_entries(python, identity, &cache);
            let entries = entries.map_err(BuildStepError::from)?;
            programs = libraries::programs(&entries)
                .map_err(|source| BuildStepError::Disk { path: cache.clone(), source })?;
            Some(named(self.shelf.make(&key, entries).map_err(BuildStepError::from)?, made))
        };
        let note = Note { files: made, empty: layer.is_none(), uncollected, skipped, programs };
        note.write(&self.notes(), &key)?;
        self.meter.end(&part, count as u64, &format!("commands run, {made} files made or changed"));
        Ok(outcome(note, layer))
    }

    /// Over everything that a command sees and that is the same on every machine.
    fn key(&self, files: &ProjectFiles) -> Digest {
        let spec = self.request.spec;
        let below: Vec<_> = self.layers.iter().map(|layer| layer.info.diff_id).collect();
        let commands = (&spec.build_commands, &spec.collect_static);
        let surroundings = (&spec.env, &spec.build_env, &spec.python_path, &spec.work_dir);
        let files = (files.key(), &spec.persist);
        key_of(&("commands", FORM, below, files, commands, surroundings, &spec.build_secrets))
    }

    fn notes(&self) -> std::path::PathBuf {
        self.request.dirs.cache.join("commands")
    }

    fn known(&self, key: &Digest) -> Option<(Note, Option<NamedLayer>)> {
        let note = Note::read(&self.notes(), key)?;
        if note.empty {
            return Some((note, None));
        }
        let info = self.shelf.find(key)?;
        let layer = named(info, note.files);
        Some((note, Some(layer)))
    }

    /// Runs all commands, and gives what they changed.
    fn changes(&self, files: &ProjectFiles) -> Result<(Changes, Option<Vec<String>>), BuildError> {
        let place = Place::make(self, files)?;
        let spec = self.request.spec;
        for command in &spec.build_commands {
            self.command(&place, command, false)?;
            self.request.still_wanted()?;
        }
        let mut without: BTreeSet<String> =
            spec.persist.iter().map(|kept| kept.path.trim_end_matches('/').to_owned()).collect();
        let mut uncollected = None;
        if let Some(collect) = &spec.collect_static {
            match self.command(&place, &collect.command, true) {
                Err(BuildError::Step(error)) => match *error {
                    BuildStepError::Failed { output, .. }
                    | BuildStepError::Deadline { output, .. } => {
                        // What it collected until then is not all.
                        without.insert(collect.folder.clone());
                        uncollected = Some(output);
                    }
                    error => return Err(error.into()),
                },
                other => other?,
            }
        }
        self.request.still_wanted()?;
        let changes = files.changes(&place.app(), &without).map_err(BuildStepError::from)?;
        for (what, found, limit) in
            [("files", changes.count, MOST_FILES), ("bytes", changes.bytes, MOST_BYTES)]
        {
            if found > limit {
                return Err(BuildStepError::TooMuch { what, limit }.into());
            }
        }
        // The files stay where they are until the layer is written, which the scratch outlives.
        place.keep();
        Ok((changes, uncollected))
    }

    /// Runs one command to a good end.
    fn command(&self, place: &Place, command: &[String], collects: bool) -> Result<(), BuildError> {
        let spec = self.request.spec;
        let step = StepSpec {
            name: if collects { "static" } else { "command" }.to_owned(),
            layers: place.layers.clone(),
            command: command.to_vec(),
            env: place.env(spec, collects),
            cwd: working_dir(spec).into(),
            mounts: place.mounts(),
            timeout_ms: COMMAND_TIMEOUT_MS,
        };
        let mut tail = Tail::new(self.request.output, &place.secrets);
        (self.request.output)(&format!("$ {}", windlass_model::shell_words::line(command)));
        let ended = (self.request.run_step)(&step, &mut |line| tail.line(line));
        let (command, output) = (command.to_vec(), tail.into_lines());
        Err(match ended {
            Ok(exit) if exit.is_success() => return Ok(()),
            Ok(exit) => failed(command, exit, output),
            Err(StepError::Cancelled) => return Err(BuildError::Cancelled),
            Err(StepError::Deadline { limit_ms }) => {
                BuildStepError::Deadline { command, limit_ms, output }
            }
            Err(StepError::Container { problem }) => BuildStepError::Container { problem },
        }
        .into())
    }
}

fn failed(command: Vec<String>, exit: ExitReason, output: Vec<String>) -> BuildStepError {
    BuildStepError::Failed { command, exit, output }
}

fn outcome(note: Note, layer: Option<NamedLayer>) -> Outcome {
    let Note { uncollected, skipped, programs, .. } = note;
    Outcome { layer, uncollected, skipped, programs }
}

fn named(info: windlass_oci::LayerInfo, files: usize) -> NamedLayer {
    NamedLayer { info, made_by: made_by("build commands", files, "files") }
}

/// The variables by which Python and Django programs make the same of the same.
const SAME: [(&str, &str); 3] =
    [("PYTHONHASHSEED", "0"), ("SOURCE_DATE_EPOCH", "315532800"), ("TZ", "UTC")];

/// Stands in for a secret key that settings take from the environment, so that they can be read.
/// It signs nothing: collecting files makes no session, and it is not in the image.
const PLACEHOLDER: &str = "windlass-collects-static-files-with-this-and-never-serves-with-it";

impl Place {
    fn env(&self, spec: &BuildSpec, collects: bool) -> std::collections::BTreeMap<String, String> {
        let text = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        let mut env = crate::image::environment(spec);
        env.extend(SAME.map(text));
        env.extend(self.network.env.clone());
        for name in ["XDG_CACHE_HOME", "WINDLASS_BUILD_CACHE"] {
            env.insert(name.to_owned(), place::CACHE_DIR.to_owned());
        }
        if let Some(collect) = spec.collect_static.as_ref().filter(|_| collects) {
            for name in &collect.placeholders {
                env.insert(name.clone(), PLACEHOLDER.to_owned());
            }
        }
        env.extend(spec.build_env.clone());
        env
    }
}
