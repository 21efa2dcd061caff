//! The top layer of a container: the folders that things are mounted on, and the few files of
//! /etc that belong to the container and not to the image.
//!
//! Since it is the top layer, its folders win over whatever an image has at the same path: a
//! link at `/dev` or `/proc` is simply not there any more.

use super::failure::Failure;
use super::rootfs::PROCESSORS;
use crate::spec::ContainerSpec;
use rustix::io::Errno;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use windlass_model::Serves;

/// Makes the skeleton of a container below `root`, which must not exist yet.
pub(crate) fn create(spec: &ContainerSpec, root: &Path) -> Result<(), Failure> {
    folder(root)?;
    for path in ["proc", "dev", "tmp", "sys", "run", "etc"] {
        folder(&root.join(path))?;
    }
    let processors = inside(root, Path::new(PROCESSORS.to_str().unwrap_or_default()));
    folders(root, &processors)?;
    if spec.socket {
        folders(root, &inside(root, Path::new(Serves::SOCKET_DIR)))?;
    }
    for mount in &spec.mounts {
        let target = inside(root, &mount.target);
        let find = || format!("find the mount's source {}", mount.source.display());
        let source =
            fs::symlink_metadata(&mount.source).map_err(|error| Failure::io(find(), &error))?;
        if source.is_symlink() {
            // Whoever could put it there would choose what is mounted.
            return Err(Failure::new(find(), Errno::LOOP));
        }
        if source.is_dir() {
            folders(root, &target)?;
        } else {
            folders(root, target.parent().unwrap_or(root))?;
            file(&target, "")?;
        }
    }
    file(&root.join("etc/hosts"), &hosts(spec))?;
    file(&root.join("etc/hostname"), &format!("{}\n", spec.hostname))?;
    // Read through links, so that it works where a resolver service owns the file.
    match fs::read_to_string("/etc/resolv.conf") {
        Ok(resolver) => file(&root.join("etc/resolv.conf"), &resolver),
        Err(_) => Ok(()),
    }
}

fn hosts(spec: &ContainerSpec) -> String {
    let mut text = String::from("127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost\n");
    if !spec.hosts.iter().any(|(_, names)| names.contains(&spec.hostname)) {
        let _ = writeln!(text, "127.0.0.1\t{}", spec.hostname);
    }
    for (address, names) in &spec.hosts {
        let _ = writeln!(text, "{address}\t{}", names.join(" "));
    }
    text
}

fn inside(root: &Path, target: &Path) -> PathBuf {
    root.join(target.strip_prefix("/").unwrap_or(target))
}

/// Makes `path` and what lacks between `root` and it.
fn folders(root: &Path, path: &Path) -> Result<(), Failure> {
    let mut missing: Vec<&Path> =
        path.ancestors().take_while(|part| *part != root && !part.is_dir()).collect();
    missing.reverse();
    missing.into_iter().try_for_each(folder)
}

fn folder(path: &Path) -> Result<(), Failure> {
    let failure = |error| Failure::io(format!("make the folder {}", path.display()), &error);
    fs::DirBuilder::new().mode(0o755).create(path).map_err(failure)?;
    open_to_all(path, 0o755)
}

fn file(path: &Path, text: &str) -> Result<(), Failure> {
    let failure = |error| Failure::io(format!("write {}", path.display()), &error);
    fs::write(path, text).map_err(failure)?;
    open_to_all(path, 0o644)
}

/// Sets the mode whatever the umask, since the container's user must be able to read.
fn open_to_all(path: &Path, mode: u32) -> Result<(), Failure> {
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
        .map_err(|error| Failure::io(format!("set the mode of {}", path.display()), &error))
}
