//! Progress of a build: each part announced, counted and timed, and kept for the summary.

use std::cell::{Cell, RefCell};
use std::time::Instant;
use windlass_model::{Machine, Progress, ProgressUnit};

/// Tells one listener what happens.
pub(crate) struct Meter<'a> {
    listener: &'a dyn Fn(Progress),
    ended: RefCell<Vec<Progress>>,
    /// When bytes were last told: a download calls thousands of times a second.
    last: Cell<Option<Instant>>,
    /// The machine that it is about, where there are several.
    machine: Cell<Option<Machine>>,
}

/// A part that has begun.
#[derive(Debug)]
pub(crate) struct Part {
    name: &'static str,
    total: Option<u64>,
    unit: ProgressUnit,
    began: Instant,
}

const TELL_EVERY_MS: u128 = 50;

impl<'a> Meter<'a> {
    pub(crate) fn new(listener: &'a dyn Fn(Progress)) -> Self {
        Self {
            listener,
            ended: RefCell::new(Vec::new()),
            last: Cell::new(None),
            machine: Cell::new(None),
        }
    }

    /// What ends from now on is for this machine.
    pub(crate) fn label(&self, machine: Option<Machine>) {
        self.machine.set(machine);
    }

    /// A part that counts bytes, with their sum.
    pub(crate) fn begin_sized(&self, name: &'static str, total: u64) -> Part {
        let part =
            Part { name, total: Some(total), unit: ProgressUnit::Bytes, began: Instant::now() };
        (self.listener)(part.progress(0, None, String::new()));
        part
    }

    /// Bytes done so far.
    pub(crate) fn bytes(&self, part: &Part, done: u64) {
        let told = self.last.get().is_some_and(|last| last.elapsed().as_millis() < TELL_EVERY_MS);
        if !told {
            self.last.set(Some(Instant::now()));
            let mut progress = part.progress(done, None, String::new());
            progress.unit = ProgressUnit::Bytes;
            (self.listener)(progress);
        }
    }

    /// The part is done.
    pub(crate) fn end(&self, part: &Part, done: u64, detail: &str) {
        self.pass(part.ended(done, detail));
    }

    /// Passes on what another part of the crate tells.
    pub(crate) fn pass(&self, mut progress: Progress) {
        if let Some(machine) = self.machine.get().filter(|_| !progress.detail.is_empty()) {
            progress.detail = format!("{} ({machine})", progress.detail);
        }
        if progress.elapsed_ms.is_some() {
            self.ended.borrow_mut().push(progress.clone());
        }
        (self.listener)(progress);
    }

    /// Every part that ended.
    pub(crate) fn into_parts(self) -> Vec<Progress> {
        self.ended.into_inner()
    }
}

impl Part {
    /// A part that counts items.
    pub(crate) fn begin(name: &'static str) -> Self {
        Self { name, total: None, unit: ProgressUnit::Items, began: Instant::now() }
    }

    /// What tells that the part is done.
    pub(crate) fn ended(&self, done: u64, detail: &str) -> Progress {
        let elapsed_ms = self.began.elapsed().as_millis() as u64;
        self.progress(done, Some(elapsed_ms), detail.to_owned())
    }

    fn progress(&self, done: u64, elapsed_ms: Option<u64>, detail: String) -> Progress {
        Progress {
            part: self.name.to_owned(),
            done,
            total: self.total,
            unit: self.unit,
            elapsed_ms,
            detail,
        }
    }
}
