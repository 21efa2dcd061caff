//! Replacing a file as a whole: readers find the old contents or the new, never a part.

use serde::Serialize;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;

/// Writes `value` beside `path`, then renames. With `durable`, file and folder are synchronised,
/// so that the new contents survive a loss of power once this has returned.
pub(crate) fn write_json<T: Serialize>(path: &Path, value: &T, durable: bool) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = folder.join(format!(".{name}.{}", std::process::id()));
    let mut file = File::create(&temporary)?;
    file.write_all(&serde_json::to_vec(value)?)?;
    if durable {
        file.sync_all()?;
    }
    drop(file);
    std::fs::rename(&temporary, path)?;
    if durable { File::open(folder)?.sync_all() } else { Ok(()) }
}
