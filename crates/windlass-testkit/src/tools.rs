//! Programs of other makers that a test compares with.

use std::fs::File;
use std::path::PathBuf;
use std::process::Command;

/// Finds a program; where it is missing and this user is root on Debian, installs its package.
///
/// Panics with what to install otherwise: a test whose need is missing fails loudly.
pub fn need(program: &str, package: &str) -> PathBuf {
    if let Some(path) = find(program) {
        return path;
    }
    assert!(
        rustix::process::geteuid().is_root() && find("apt-get").is_some(),
        "this test needs `{program}`: install the package {package}"
    );
    // Two tests must not install at once, not even of two test binaries.
    let lock = File::create("/tmp/windlass-tests.apt").expect("a lock file can be made");
    rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive).expect("it can be locked");
    for arguments in [&["update", "-qq"][..], &["install", "-y", "-qq", package]] {
        if find(program).is_none() {
            let status = Command::new("apt-get")
                .args(arguments)
                .env("DEBIAN_FRONTEND", "noninteractive")
                .output()
                .expect("apt-get can be run");
            assert!(status.status.success(), "{}", String::from_utf8_lossy(&status.stderr));
        }
    }
    find(program).unwrap_or_else(|| panic!("the package {package} holds no `{program}`"))
}

fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let system = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"].map(PathBuf::from);
    std::env::split_paths(&path).chain(system).map(|dir| dir.join(program)).find(|p| p.is_file())
}
