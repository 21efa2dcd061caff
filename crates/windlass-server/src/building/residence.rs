//! Where one build lives: its containers, their logs, its scratch folder, and the lock that says
//! that it is alive.
//!
//! A lock ends with its process, whatever became of the pid. So a builder that was killed is
//! known by its lock, and all that bears its name is removed by the next one, or by the server.

use std::ffi::OsString;
use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use windlass_engine::explain::{explain_control, explain_engine};
use windlass_engine::{Engine, EngineDirs, remove_folder};
use windlass_model::{Layout, Problem};

/// A builder's place.
pub(super) struct Residence {
    pub(super) engine: Engine,
    /// Names everything that is this builder's.
    pub(super) name: String,
    home: PathBuf,
    _lock: File,
}

impl Residence {
    /// The label of a container that names its builder.
    pub(super) const LABEL: &'static str = "windlass.builder";

    /// Makes a place, and clears away those of builders that are gone.
    pub(super) fn take(layout: &Layout, exe: &Path) -> Result<Self, Problem> {
        let home = layout.builders();
        let engine = engine(layout, exe)?;
        for folder in ["locks", "logs", "scratch"] {
            make(&home.join(folder))?;
        }
        let (name, lock) = own_lock(&home.join("locks"))?;
        let residence = Self { engine, name, home, _lock: lock };
        make(&residence.scratch())?;
        clear(&residence.engine, &residence.home, &residence.name)?;
        Ok(residence)
    }

    /// Where its containers' logs are.
    pub(super) fn logs(&self) -> PathBuf {
        self.home.join("logs")
    }

    /// What lives no longer than the build.
    pub(super) fn scratch(&self) -> PathBuf {
        self.home.join("scratch").join(&self.name)
    }
}

impl Drop for Residence {
    fn drop(&mut self) {
        // What cannot be removed now is removed by the next builder: the lock goes last.
        if remove_folder(&self.scratch()).is_ok() {
            let _ = fs::remove_file(self.home.join("locks").join(&self.name));
        }
    }
}

/// Removes what builders left behind that are gone.
pub(crate) fn clear_abandoned(layout: &Layout, exe: &Path) -> Result<(), Problem> {
    let home = layout.builders();
    if !home.is_dir() {
        return Ok(());
    }
    clear(&engine(layout, exe)?, &home, "")
}

fn engine(layout: &Layout, exe: &Path) -> Result<Engine, Problem> {
    let dirs = EngineDirs {
        containers: layout.builders().join("containers"),
        runs: layout.builder_runs(),
    };
    let shim: Vec<OsString> = vec![exe.into(), "shim".into()];
    Engine::open(dirs, shim).map_err(|error| explain_engine(&error))
}

/// A name that nobody has, with its lock.
fn own_lock(folder: &Path) -> Result<(String, File), Problem> {
    let pid = std::process::id();
    for number in 0_u32.. {
        let name = format!("{pid}-{number}");
        let path = folder.join(&name);
        let open = || File::options().create(true).append(true).open(&path);
        let lock = open().map_err(|error| disk("open", &path, &error))?;
        match lock.try_lock() {
            // Whoever clears up may have removed the file just before it was locked.
            Ok(()) if is_still_there(&lock, &path) => return Ok((name, lock)),
            Ok(()) | Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => return Err(disk("lock", &path, &error)),
        }
    }
    unreachable!("there are more numbers than locks")
}

fn is_still_there(lock: &File, path: &Path) -> bool {
    let (Ok(ours), Ok(there)) = (lock.metadata(), fs::metadata(path)) else { return false };
    (ours.dev(), ours.ino()) == (there.dev(), there.ino())
}

/// Removes what is named after builders whose locks nobody holds; `own` is left alone.
fn clear(engine: &Engine, home: &Path, own: &str) -> Result<(), Problem> {
    let locks = home.join("locks");
    let entries = fs::read_dir(&locks).map_err(|error| disk("read", &locks, &error))?;
    for entry in entries.flatten() {
        let Some(name) = entry.file_name().to_str().map(str::to_owned) else { continue };
        let Ok(lock) = File::options().append(true).open(entry.path()) else { continue };
        // Somebody else may have cleared up meanwhile, and a new builder have taken the name.
        let gone = || lock.try_lock().is_ok() && is_still_there(&lock, &entry.path());
        if name == own || !gone() {
            continue;
        }
        clear_builder(engine, home, &name)?;
        fs::remove_file(entry.path()).map_err(|error| disk("remove", &entry.path(), &error))?;
    }
    Ok(())
}

fn clear_builder(engine: &Engine, home: &Path, name: &str) -> Result<(), Problem> {
    for found in engine.observe().map_err(|error| explain_engine(&error))? {
        if found.labels.get(Residence::LABEL).is_some_and(|builder| builder == name) {
            engine.remove(&found.id).map_err(|error| explain_control(&error))?;
            let _ = fs::remove_file(&found.log);
        }
    }
    let scratch = home.join("scratch").join(name);
    remove_folder(&scratch).map_err(|error| disk("remove", &scratch, &error))
}

fn make(folder: &Path) -> Result<(), Problem> {
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|error| disk("make", folder, &error))
}

fn disk(doing: &str, path: &Path, error: &io::Error) -> Problem {
    let message = format!("cannot {doing} {}", path.display());
    Problem::environment("disk", message).cause(error.to_string())
}
