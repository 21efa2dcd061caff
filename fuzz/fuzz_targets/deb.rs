//! A Debian package: `ar`, `tar` and its compressions.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| windlass_build::fuzzing::deb(bytes));
