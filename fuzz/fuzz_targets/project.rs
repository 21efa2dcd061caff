//! A project's files as inspection reads them: `name NUL text NUL name NUL text ...`.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(text) = std::str::from_utf8(bytes) {
        windlass_build::fuzzing::project(text);
    }
});
