//! An archive's list of files: gzip, lines, names.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| windlass_build::fuzzing::contents(bytes));
