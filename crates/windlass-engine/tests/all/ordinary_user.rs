//! The same tests as somebody who is not root.

use super::support::is_root;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

/// An id that no account of the host needs to have.
const USER: u32 = 61_234;

#[test]
fn every_test_passes_as_an_ordinary_user_too() {
    if !is_root() {
        // Then all others ran as an ordinary user already.
        return;
    }
    // The build folder may be closed to others: the binary is run from a folder that is not.
    let folder = tempfile::Builder::new().prefix("wl-user-").tempdir_in("/tmp").expect("a folder");
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("a mode");
    let exe = folder.path().join("all");
    fs::copy(std::env::current_exe().expect("this binary"), &exe).expect("a copy");
    let layers = super::support::copy_layers(folder.path());
    let out = Command::new(&exe)
        .args(["--skip", "ordinary_user", "--test-threads", "2"])
        .env("WINDLASS_TEST_LAYERS", &layers)
        .env("RUST_BACKTRACE", "0")
        .current_dir("/")
        .uid(USER)
        .gid(USER)
        .output()
        .expect("it runs");
    let text = String::from_utf8_lossy(&out.stdout);
    assert!(out.status.success(), "{text}\n{}", String::from_utf8_lossy(&out.stderr));
    assert!(text.contains("test all::launch::exits_are_recorded_as_they_were ... ok"), "{text}");
}
