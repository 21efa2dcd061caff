//! Bills of materials: what an image holds, in the two forms that others read.
//!
//! Pure, and deterministic: identifiers are made of the document's own content, and the moment of
//! creation is the one that every image made here has ([`ImageConfig::EPOCH`]), so that the same
//! image gives the same bytes everywhere. Licences are those that packages state in a form that
//! can be understood; nothing is guessed from texts.

mod component;
mod cyclonedx;
mod licence;
mod purl;
mod spdx;

pub(crate) use purl::{distribution_purl, python_purl};

use crate::inventory::Inventory;
use component::components;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use windlass_model::Digest;
use windlass_oci::{Attachment, Descriptor, ImageConfig, ImageStore, Payload, StoreError};

/// A form of a bill of materials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// SPDX 2.3, as JSON.
    Spdx,
    /// `CycloneDX` 1.6, as JSON.
    CycloneDx,
}

impl Format {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Spdx, Self::CycloneDx];

    /// The media type, which is also the artifact type that it is attached as.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Spdx => "application/spdx+json",
            Self::CycloneDx => "application/vnd.cyclonedx+json",
        }
    }
}

/// The image that a bill is about.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// Its name, for people.
    pub name: &'a str,
    /// Digest of its manifest.
    pub manifest: Digest,
}

/// SHA-256 of the files that packages came from, by package URL without qualifiers.
pub type Hashes = BTreeMap<String, Digest>;

/// Writes a bill of materials, as JSON with a newline at its end.
pub fn render(
    format: Format,
    subject: Subject<'_>,
    inventory: &Inventory,
    hashes: &Hashes,
) -> Vec<u8> {
    let components = components(inventory, hashes);
    let document = match format {
        Format::Spdx => spdx::document(subject, &components),
        Format::CycloneDx => cyclonedx::document(subject, &components),
    };
    let mut bytes = serde_json::to_vec_pretty(&document).expect("the documents' keys are texts");
    bytes.push(b'\n');
    bytes
}

/// Attaches a bill of materials to its image.
///
/// # Errors
/// What writing meets.
pub fn attach(
    store: &ImageStore,
    manifest: &Digest,
    format: Format,
    bill: Vec<u8>,
) -> Result<Descriptor, StoreError> {
    let media_type = format.media_type();
    let created = ("org.opencontainers.image.created".to_owned(), ImageConfig::EPOCH.to_owned());
    let attachment = Attachment {
        artifact_type: media_type.to_owned(),
        payloads: vec![Payload::new(media_type, bill)],
        annotations: BTreeMap::from([created]),
    };
    store.attach(manifest, &attachment)
}

/// A name for a document that is the same for the same content and for no other: a UUID of
/// version 8 (RFC 9562, section 5.8) out of the content's SHA-256.
fn uuid_of(document: &Value) -> String {
    let mut bytes: [u8; 32] = Sha256::digest(document.to_string()).into();
    bytes[6] = bytes[6] & 0x0f | 0x80;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = Digest::from_bytes(bytes).hex();
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..32])
}

/// The image itself as a package URL.
fn image_purl(subject: Subject<'_>) -> String {
    let name = subject.name.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    let name = name.split([':', '@']).next().unwrap_or_default();
    format!("pkg:oci/{}@{}", purl::encoded(name), purl::encoded(&subject.manifest.to_string()))
}

/// The texts of a component that both forms show the same way.
fn is_url(text: &str) -> bool {
    let scheme = text.starts_with("https://") || text.starts_with("http://");
    let plain = |c: char| c.is_ascii_graphic() && !"\"<>\\^`{|}".contains(c);
    scheme && text.len() <= 2000 && text.chars().all(plain)
}

#[cfg(test)]
mod tests;
