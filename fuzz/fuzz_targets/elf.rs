//! A program or library: headers, the dynamic section, versions of symbols.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| windlass_build::fuzzing::elf(bytes));
