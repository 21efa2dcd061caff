//! Locks with what they were made from: poetry.lock, pdm.lock, Pipfile.lock, windlass.lock; and texts
//! that name packages: pylock.toml, requirements.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::fs;

fuzz_target!(|text: &str| {
    windlass_build::fuzzing::packages(text);
    let (lock, declaration) = text.split_once('\0').unwrap_or((text, ""));
    let folder = tempfile::tempdir_in("/dev/shm").expect("a folder");
    for name in ["poetry.lock", "pdm.lock", "Pipfile.lock", "windlass.lock"] {
        fs::write(folder.path().join(name), lock).expect("written");
    }
    for name in ["pyproject.toml", "Pipfile"] {
        fs::write(folder.path().join(name), declaration).expect("written");
    }
    windlass_build::fuzzing::locks(folder.path());
});
