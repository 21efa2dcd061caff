//! One image out of the store, as an OCI layout of its own: a folder, or a tar of that folder.
//!
//! Invariant: the tar is a function of the image and its names: sorted, times and owners 0. Blobs
//! are copied as they are and checked by whoever reads them; nothing else of the store gets out.

use crate::{Descriptor, ImageStore, Index, StoreError};
use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::path::Path;
use windlass_model::Digest;

/// Adds the image to the OCI layout in a folder, which is made when it is missing, under these
/// names.
///
/// # Errors
/// An image that is not whole, and what the disk meets.
pub fn export_folder(
    store: &ImageStore,
    (image, names): (&Digest, &[String]),
    folder: &Path,
) -> Result<(), StoreError> {
    let target = ImageStore::open(folder)?;
    for blob in blobs(store, image)? {
        if target.holds(&blob) {
            continue;
        }
        let from = store.blob_path(&blob.digest);
        let mut file = File::open(&from).map_err(StoreError::disk(&from))?;
        let copied = target.put_blob(&blob.media_type, &mut file)?;
        if copied.digest != blob.digest {
            let (expected, actual) = (blob.digest, copied.digest);
            return Err(StoreError::Damaged { path: from, expected, actual });
        }
    }
    names.iter().try_for_each(|name| target.tag(name, image))
}

/// Writes the image as a tar of an OCI layout, under these names. The file is whole or not there.
///
/// # Errors
/// An image that is not whole, and what the disk meets.
pub fn export_tar(
    store: &ImageStore,
    (image, names): (&Digest, &[String]),
    file: &Path,
) -> Result<(), StoreError> {
    let blobs = blobs(store, image)?;
    let index = index(&blobs[0], names);
    let disk = |source| StoreError::Disk { path: file.to_owned(), source };
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(disk)?;
    let scratch = tempfile::Builder::new().prefix(".tmp-").tempfile_in(folder).map_err(disk)?;
    let mut tar = tar::Builder::new(BufWriter::with_capacity(256 * 1024, scratch));
    let write = |tar: &mut tar::Builder<_>| -> io::Result<()> {
        for folder in ["blobs/", "blobs/sha256/"] {
            let mut header = header(0, tar::EntryType::Directory);
            header.set_mode(0o755);
            tar.append_data(&mut header, folder, io::empty())?;
        }
        let mut sorted: Vec<_> = blobs.iter().collect();
        sorted.sort_by_key(|blob| blob.digest.hex());
        sorted.dedup_by_key(|blob| blob.digest);
        for blob in sorted {
            let from = File::open(store.blob_path(&blob.digest))?;
            let name = format!("blobs/sha256/{}", blob.digest.hex());
            tar.append_data(&mut header(blob.size, tar::EntryType::Regular), name, from)?;
        }
        for (name, text) in [("index.json", index.as_slice()), ("oci-layout", LAYOUT)] {
            let size = text.len() as u64;
            tar.append_data(&mut header(size, tar::EntryType::Regular), name, text)?;
        }
        tar.finish()
    };
    write(&mut tar).map_err(disk)?;
    let mut out = tar.into_inner().map_err(disk)?;
    out.flush().map_err(disk)?;
    let scratch = out.into_inner().map_err(|error| disk(error.into_error()))?;
    let readable = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    scratch.as_file().set_permissions(readable).map_err(disk)?;
    scratch.as_file().sync_all().map_err(disk)?;
    scratch.persist(file).map(drop).map_err(|error| disk(error.error))
}

const LAYOUT: &[u8] = br#"{"imageLayoutVersion":"1.0.0"}"#;

/// The image or index itself, and all that it consists of.
fn blobs(store: &ImageStore, image: &Digest) -> Result<Vec<Descriptor>, StoreError> {
    let mut blobs = vec![store.descriptor_of(image)?];
    for manifest in store.images_of(image)? {
        blobs.push(store.descriptor_of(&manifest)?);
        let manifest = store.read_manifest(&manifest)?;
        blobs.push(manifest.config);
        blobs.extend(manifest.layers);
    }
    Ok(blobs)
}

/// The index of a layout with one image: once for each name.
fn index(manifest: &Descriptor, names: &[String]) -> Vec<u8> {
    let named = |name: &String| {
        let mut manifest = manifest.clone();
        manifest.annotations.insert(Descriptor::REF_NAME.to_owned(), name.clone());
        manifest
    };
    let manifests = names.iter().map(named).collect();
    let index = Index { manifests, ..Index::default() };
    serde_json::to_vec(&index).expect("the index's maps have text keys")
}

fn header(size: u64, kind: tar::EntryType) -> tar::Header {
    let mut header = tar::Header::new_ustar();
    header.set_entry_type(kind);
    header.set_size(size);
    header.set_mode(0o644);
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(0);
    header
}
