//! Reading `.deb` files (deb(5)): an `ar` archive of two tar archives. No script is ever run.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use windlass_oci::{Content, EntryKind, LayerEntry};

/// Largest package, unpacked, in bytes.
const UNPACKED_LIMIT: u64 = 4 << 30;

/// A package's contents.
#[derive(Debug, Default)]
pub(crate) struct Deb {
    /// Its files, paths as in the package.
    pub(crate) entries: Vec<LayerEntry>,
    /// Its control stanza.
    pub(crate) control: String,
    /// The hash list that goes with it, when it has one.
    pub(crate) md5sums: String,
    /// The script that would run after unpacking, when it has one.
    pub(crate) postinst: Option<String>,
}

/// Why a package file cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum DebError {
    /// The file cannot be read or decompressed.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Not of the form that packages have.
    #[error("{} is not a Debian package: {missing} is missing", path.display())]
    Form {
        /// The file.
        path: PathBuf,
        /// What is missing.
        missing: &'static str,
    },
    /// Compressed in a way that is not understood.
    #[error("{} has a member `{member}`, compressed in an unknown way", path.display())]
    Compression {
        /// The file.
        path: PathBuf,
        /// The member.
        member: String,
    },
    /// A path that leaves the root.
    #[error("{} holds the unsafe path `{entry}`", path.display())]
    Unsafe {
        /// The file.
        path: PathBuf,
        /// The entry.
        entry: String,
    },
}

impl Deb {
    /// Reads a package whose digest is already checked.
    pub(crate) fn read(path: &Path) -> Result<Self, DebError> {
        let read = |source| DebError::Read { path: path.to_owned(), source };
        Self::parse(&std::fs::read(path).map_err(read)?, path)
    }

    /// Reads the bytes of a package; `path` is for messages.
    pub(crate) fn parse(bytes: &[u8], path: &Path) -> Result<Self, DebError> {
        let members = ar_members(bytes)
            .ok_or_else(|| DebError::Form { path: path.to_owned(), missing: "an archive" })?;
        let member = |prefix: &'static str| {
            members
                .iter()
                .find(|(name, _)| name.starts_with(prefix))
                .ok_or_else(|| DebError::Form { path: path.to_owned(), missing: prefix })
        };
        let control = tar_entries(unpacked(member("control.tar")?, path)?, path)?;
        let entries = tar_entries(unpacked(member("data.tar")?, path)?, path)?;
        let text = |name: &str| {
            let found = control.iter().find(|entry| entry.path == name)?;
            match &found.kind {
                EntryKind::File(Content::Bytes(bytes)) => {
                    Some(String::from_utf8_lossy(bytes).into_owned())
                }
                _ => None,
            }
        };
        Ok(Self {
            control: text("control")
                .ok_or_else(|| DebError::Form { path: path.to_owned(), missing: "control" })?,
            md5sums: text("md5sums").unwrap_or_default(),
            postinst: text("postinst"),
            entries,
        })
    }
}

/// The members of an `ar` archive; `None` when it is not one.
fn ar_members(bytes: &[u8]) -> Option<Vec<(String, &[u8])>> {
    let mut rest = bytes.strip_prefix(b"!<arch>\n")?;
    let mut members = Vec::new();
    while rest.len() >= 60 {
        let (header, after) = rest.split_at(60);
        let name = std::str::from_utf8(&header[..16]).ok()?.trim_end().trim_end_matches('/');
        let size: usize = std::str::from_utf8(&header[48..58]).ok()?.trim().parse().ok()?;
        let body = after.get(..size)?;
        members.push((name.to_owned(), body));
        rest = after.get(size + size % 2..).unwrap_or_default();
    }
    Some(members)
}

fn unpacked<'b>(
    (name, body): &'b (String, &[u8]),
    path: &Path,
) -> Result<Box<dyn Read + 'b>, DebError> {
    match name.rsplit_once(".tar").map(|(_, compression)| compression) {
        Some(".xz") => Ok(Box::new(lzma_rust2::XzReader::new(*body, true))),
        Some(".gz") => Ok(Box::new(flate2::read::MultiGzDecoder::new(*body))),
        Some("") => Ok(Box::new(*body)),
        _ => Err(DebError::Compression { path: path.to_owned(), member: name.clone() }),
    }
}

/// All entries of a tar archive, hard links as copies, device nodes left out.
pub(crate) fn tar_entries(
    reader: Box<dyn Read + '_>,
    path: &Path,
) -> Result<Vec<LayerEntry>, DebError> {
    let read = |source| DebError::Read { path: path.to_owned(), source };
    let mut archive = tar::Archive::new(reader.take(UNPACKED_LIMIT));
    let mut entries: Vec<LayerEntry> = Vec::new();
    for entry in archive.entries().map_err(read)? {
        let mut entry = entry.map_err(read)?;
        let name = relative(&entry.path_bytes(), path)?;
        if name.is_empty() {
            continue;
        }
        // Nobody gains a privilege through a file of an image.
        let mode = entry.header().mode().map_err(read)? & 0o1777;
        let link = entry.link_name_bytes().map(std::borrow::Cow::into_owned).unwrap_or_default();
        let kind = match entry.header().entry_type() {
            tar::EntryType::Directory => EntryKind::Dir,
            tar::EntryType::Symlink => {
                EntryKind::Symlink(String::from_utf8_lossy(&link).into_owned())
            }
            tar::EntryType::Link => {
                let target = relative(&link, path)?;
                match entries.iter().find(|there| there.path == target) {
                    Some(there) => there.kind.clone(),
                    None => return Err(DebError::Unsafe { path: path.to_owned(), entry: target }),
                }
            }
            tar::EntryType::Regular => {
                // What a header claims is not reserved: only what is there takes memory.
                let mut bytes = Vec::new();
                entry.read_to_end(&mut bytes).map_err(read)?;
                EntryKind::File(Content::Bytes(bytes))
            }
            _ => continue,
        };
        entries.push(LayerEntry::new(name, mode, kind));
    }
    Ok(entries)
}

/// `./usr/bin/` as `usr/bin`.
fn relative(raw: &[u8], path: &Path) -> Result<String, DebError> {
    let text = String::from_utf8_lossy(raw);
    let parts: Vec<_> = text.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    if text.starts_with('/') || parts.contains(&"..") {
        return Err(DebError::Unsafe { path: path.to_owned(), entry: text.into_owned() });
    }
    Ok(parts.join("/"))
}
