//! A layer of a foreign image, unpacked: nothing outside its folder may be touched.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sha2::{Digest as _, Sha256};
use std::path::Path;
use windlass_model::Digest;
use windlass_oci::{Expected, unpack_layer};

fuzz_target!(|bytes: &[u8]| {
    let world = tempfile::tempdir_in(Path::new("/dev/shm")).expect("a folder");
    let blob = world.path().join("blob");
    let target = world.path().join("target");
    std::fs::write(&blob, bytes).expect("written");
    std::fs::create_dir(&target).expect("made");
    let digest = Digest::from_bytes(Sha256::digest(bytes).into());
    let result = unpack_layer(&blob, Expected { digest, diff_id: digest }, &target);
    // Tar that is not compressed is its own diff-id: what is whole must be accepted as such.
    drop(result);
    let mut names: Vec<_> = std::fs::read_dir(world.path())
        .expect("readable")
        .map(|entry| entry.expect("an entry").file_name())
        .collect();
    names.sort();
    assert_eq!(names, ["blob", "target"], "nothing beside the folder is made or removed");
    assert_eq!(std::fs::read(&blob).expect("there"), bytes, "nothing beside the folder is changed");
});
