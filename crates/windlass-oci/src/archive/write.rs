//! Writing an archive.

use super::{ArchiveError, DOCKER_LIST, DockerImage, FULL_NAME, INDEX, LAYOUT, names};
use crate::hashing::Hashing;
use crate::layer::header;
use crate::{Content, Descriptor, ImageStore, Index, LayerEntry, StoreError};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write};
use windlass_model::Digest;

/// Writes the image as a tar; under a name, or without one. The same image and name give the same
/// bytes. Of an index, all images are in it, and Docker's own list is not: that list cannot say
/// which image is for which machine. Blobs are checked while they are copied: after an error the
/// output is to be thrown away.
///
/// # Errors
/// An image that is incomplete or damaged, and what writing meets.
pub fn export(
    store: &ImageStore,
    image: &Digest,
    name: Option<&str>,
    out: &mut dyn Write,
) -> Result<(), ArchiveError> {
    let mut entry = store.descriptor_of(image)?;
    let mut blobs = BTreeMap::from([(image.hex(), entry.clone())]);
    let images = store.images_of(image)?;
    for digest in &images {
        blobs.insert(digest.hex(), store.descriptor_of(digest)?);
        let manifest = store.read_manifest(digest)?;
        for blob in std::iter::once(&manifest.config).chain(&manifest.layers) {
            blobs.insert(blob.digest.hex(), blob.clone());
        }
    }
    if let Some(name) = name {
        entry.annotations.insert(Descriptor::REF_NAME.to_owned(), name.to_owned());
        entry.annotations.insert(FULL_NAME.to_owned(), names::complete(name));
    }
    let is_index = entry.is_index();
    let index = Index { manifests: vec![entry], ..Index::default() };
    let mut tar = Tar { out };
    tar.folder("blobs")?;
    tar.folder("blobs/sha256")?;
    for blob in blobs.values() {
        tar.blob(store, blob)?;
    }
    tar.document(INDEX, &index)?;
    if !is_index {
        let manifest = store.read_manifest(image)?;
        let docker = DockerImage {
            config: blob_name(&manifest.config),
            repo_tags: name.map(names::tagged).into_iter().collect(),
            layers: manifest.layers.iter().map(blob_name).collect(),
        };
        tar.document(DOCKER_LIST, &[docker])?;
    }
    tar.text(LAYOUT, br#"{"imageLayoutVersion":"1.0.0"}"#)?;
    tar.finish()
}

/// Where a blob is in the archive.
fn blob_name(blob: &Descriptor) -> String {
    format!("blobs/sha256/{}", blob.digest.hex())
}

/// A tar being written: times and owners 0.
struct Tar<'a> {
    out: &'a mut dyn Write,
}

impl Tar<'_> {
    fn head(&mut self, entry: &LayerEntry, size: u64, kind: u8) -> Result<(), ArchiveError> {
        self.out.write_all(&header::head(entry, size, kind, "")).map_err(write)
    }

    fn pad(&mut self, size: u64) -> Result<(), ArchiveError> {
        let padding = (512 - size % 512) % 512;
        self.out.write_all(&[0; 512][..padding as usize]).map_err(write)
    }

    fn folder(&mut self, path: &str) -> Result<(), ArchiveError> {
        self.head(&LayerEntry::dir(path), 0, b'5')
    }

    fn text(&mut self, path: &str, text: &[u8]) -> Result<(), ArchiveError> {
        let size = text.len() as u64;
        self.head(&LayerEntry::file(path, 0o644, Content::Bytes(Vec::new())), size, b'0')?;
        self.out.write_all(text).map_err(write)?;
        self.pad(size)
    }

    fn document(
        &mut self,
        path: &str,
        value: &(impl Serialize + ?Sized),
    ) -> Result<(), ArchiveError> {
        let text = serde_json::to_vec(value).expect("the documents' maps have text keys");
        self.text(path, &text)
    }

    fn blob(&mut self, store: &ImageStore, blob: &Descriptor) -> Result<(), ArchiveError> {
        let path = store.blob_path(&blob.digest);
        let file = File::open(&path).map_err(StoreError::disk(&path))?;
        let entry = LayerEntry::file(blob_name(blob), 0o644, Content::Bytes(Vec::new()));
        self.head(&entry, blob.size, b'0')?;
        // Never more than the header promises; what is missing is found by the digest.
        let mut reader = Hashing::new(io::Read::take(file, blob.size));
        io::copy(&mut reader, self.out).map_err(write)?;
        let (_, actual, size) = reader.finish();
        if actual != blob.digest || size != blob.size {
            return Err(StoreError::Damaged { path, expected: blob.digest, actual }.into());
        }
        self.pad(size)
    }

    /// Two empty blocks end a tar (POSIX pax, "ustar Interchange Format").
    fn finish(self) -> Result<(), ArchiveError> {
        self.out.write_all(&[0; 1024]).and_then(|()| self.out.flush()).map_err(write)
    }
}

fn write(source: io::Error) -> ArchiveError {
    ArchiveError::Write { source }
}
