//! What Debian's archives publish: indexes, release files, relations and versions.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(text) = std::str::from_utf8(bytes) {
        windlass_build::fuzzing::archive_index(text);
    }
});
