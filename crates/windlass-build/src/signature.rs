//! Signatures of images with a key, in the form that cosign makes and verifies.
//!
//! A signature is over a small JSON text that names the manifest's digest ("simple signing"); it
//! lies beside the image under a name made of that digest. What is attached to the image
//! (provenance, bills of materials) is signed along, as in-toto statements in DSSE envelopes.
//! ECDSA over P-256 with SHA-256, its nonces by RFC 6979: the same key and image give the same
//! bytes. What it does not do: certificates, transparency logs, keys that are elsewhere.

mod attestation;
mod dsse;
mod error;
mod key;
mod sealed;
mod simple;

pub use attestation::Attested;
pub use error::{KeyError, SignError};
pub use key::{PrivateKey, PublicKey};

use windlass_model::Digest;
use windlass_oci::ImageStore;

/// What was signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// The name that the signature has in the store, and in a registry.
    pub name: String,
    /// Whether this key had signed the image before.
    pub known: bool,
    /// Predicate types of the documents that were signed along.
    pub attested: Vec<String>,
}

/// What a key's owner has said about an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The name that the image was signed under, as the signer wrote it.
    pub reference: String,
    /// Documents that the same key signed for this image.
    pub attested: Vec<Attested>,
}

/// Signs a manifest of the store and what is attached to it. `reference` is the name to sign it
/// under, such as `registry.example.org/shop`.
///
/// # Errors
/// A manifest that is not there, earlier signatures that cannot be read, and what writing meets.
pub fn sign(
    store: &ImageStore,
    manifest: &Digest,
    reference: &str,
    key: &PrivateKey,
) -> Result<Signed, SignError> {
    let (name, known) = simple::sign(store, manifest, reference, key)?;
    let attested = attestation::sign(store, manifest, reference, key)?;
    Ok(Signed { name, known, attested })
}

/// Checks that the key signed the manifest, and that the image is what the manifest says: every
/// byte of it is read.
///
/// # Errors
/// An image without a signature, with none of this key's, or with a damaged part, and what reading
/// meets.
pub fn verify(
    store: &ImageStore,
    manifest: &Digest,
    key: &PublicKey,
) -> Result<Verified, SignError> {
    store.check(manifest)?;
    let reference = simple::verify(store, manifest, key)?;
    let attested = attestation::verify(store, manifest, key)?;
    Ok(Verified { reference, attested })
}

#[cfg(test)]
mod tests;
