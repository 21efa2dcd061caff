//! A wheel's archive, byte by byte.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::fs;

fuzz_target!(|bytes: &[u8]| {
    let folder = tempfile::tempdir_in("/dev/shm").expect("a folder");
    let wheel = folder.path().join("fuzzed.whl");
    fs::write(&wheel, bytes).expect("written");
    windlass_build::fuzzing::wheel(&wheel, &folder.path().join("cache"));
});
