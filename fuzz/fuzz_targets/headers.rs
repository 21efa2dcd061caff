//! Headers of a registry, and files of credentials.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| windlass_oci::registry::fuzzed::texts(text));
