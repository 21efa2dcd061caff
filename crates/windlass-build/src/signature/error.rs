//! Why a key or a signature cannot be used.

use std::path::PathBuf;
use windlass_model::Digest;
use windlass_oci::StoreError;

/// A key that cannot be used. No variant holds any part of a key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file cannot be read or written.
    #[error("cannot use {}", path.display())]
    Disk {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Not a text in the PEM format (RFC 7468).
    #[error("the key is not in the PEM format")]
    NotPem,
    /// A key of a kind that is not read.
    #[error("the key is a `{label}`, which is not read")]
    Kind {
        /// What the PEM text says it is.
        label: String,
    },
    /// A key of another algorithm, or damaged.
    #[error("the `{label}` is damaged, or not a key of the curve P-256")]
    NotP256 {
        /// What the PEM text says it is.
        label: String,
    },
    /// An encrypted key without a password.
    #[error("the key is encrypted, and no password was given")]
    NeedsPassword,
    /// An encrypted key that the password does not open.
    #[error("the password does not open the key")]
    Password,
    /// An encrypted key in a form, or of a cost, that is not accepted.
    #[error("the key's encryption is not understood")]
    Encryption,
    /// The machine gives no random numbers.
    #[error("this machine gives no random numbers")]
    Random,
}

/// An image that cannot be signed, or whose signature is not good.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// The image, or what is attached to it, cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Nobody signed the image.
    #[error("the image {manifest} has no signature")]
    NotSigned {
        /// Its manifest.
        manifest: Digest,
    },
    /// Others signed it.
    #[error("none of the {count} signatures of the image {manifest} is of this key")]
    OtherKey {
        /// Its manifest.
        manifest: Digest,
        /// How many there are.
        count: usize,
    },
    /// More signatures than an image has.
    #[error("the image {manifest} has more than {limit} signatures")]
    TooMany {
        /// Its manifest.
        manifest: Digest,
        /// The limit.
        limit: usize,
    },
}
