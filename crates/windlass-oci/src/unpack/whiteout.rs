//! Whiteouts (image-spec, `layer.md`): what a layer takes away from those below it, put into
//! the form that the kernel's overlay file system reads.

use super::UnpackError;
use super::folder::Folder;
use rustix::fs::{FileType, Mode, OFlags, XattrFlags};

const PREFIX: &str = ".wh.";
const OPAQUE: &str = ".wh..wh..opq";

/// Applies the entry if it is a whiteout, and says whether it was one.
pub(super) fn apply(folder: &Folder, path: &str, privileged: bool) -> Result<bool, UnpackError> {
    let (above, name) = path.rsplit_once('/').unwrap_or(("", path));
    if name == OPAQUE {
        mark_opaque(folder, path, privileged)?;
        return Ok(true);
    }
    let Some(hidden) = name.strip_prefix(PREFIX) else { return Ok(false) };
    if matches!(hidden, "" | "." | "..") {
        return Err(UnpackError::Path { path: path.to_owned() });
    }
    let hidden = if above.is_empty() { hidden.to_owned() } else { format!("{above}/{hidden}") };
    // A character device 0:0; since Linux 5.8 making one needs no privilege.
    folder.make_node(&hidden, FileType::CharacterDevice, 0, 0)?;
    Ok(true)
}

fn mark_opaque(folder: &Folder, path: &str, privileged: bool) -> Result<(), UnpackError> {
    let (parent, _) = folder.parent(path)?;
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let dir =
        rustix::fs::openat(&parent, ".", flags, Mode::empty()).map_err(UnpackError::write(path))?;
    // An overlay mounted without privilege reads its marks from the user's name space.
    let name = if privileged { "trusted.overlay.opaque" } else { "user.overlay.opaque" };
    rustix::fs::fsetxattr(dir, name, b"y", XattrFlags::empty()).map_err(UnpackError::write(path))
}
