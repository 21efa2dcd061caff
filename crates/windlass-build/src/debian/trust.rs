//! Trust in an archive: key rings, and the clear-signed `InRelease` (RFC 9580, section 7).
//!
//! One good signature by one trusted key suffices: an archive signs with its old and its new key.
//! Signatures over weak hashes, keys that are revoked or expired, and subkeys that are not bound
//! to their key do not count.

use pgp::composed::{CleartextSignedMessage, PublicOrSecret, SignedPublicKey};
use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::{Signature, SignatureType};
use pgp::types::{KeyDetails, Timestamp, VerifyingKey};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Trusted keys.
#[derive(Debug, Default)]
pub(crate) struct KeyRing {
    keys: Vec<SignedPublicKey>,
}

/// Why a release file is not trusted.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// A key ring file cannot be read.
    #[error("cannot read the key ring {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A key ring file holds something else.
    #[error("{} is not a key ring", path.display())]
    NotKeys {
        /// The file; empty for a key inside a source list.
        path: PathBuf,
        /// Why.
        source: Box<pgp::errors::Error>,
    },
    /// No key to check with.
    #[error("there is no key to check the archive's signature with")]
    NoKeys,
    /// Not a clear-signed text.
    #[error("the release file is not signed")]
    NotSigned {
        /// Why.
        source: Box<pgp::errors::Error>,
    },
    /// Signed by nobody that is trusted, or not what was signed.
    #[error("none of the {signatures} signatures is good and by one of the {keys} trusted keys")]
    Untrusted {
        /// Signatures on the file.
        signatures: usize,
        /// Trusted keys.
        keys: usize,
    },
}

impl KeyRing {
    /// Adds a key ring file, binary or armoured.
    pub(crate) fn add_file(&mut self, path: &Path) -> Result<(), TrustError> {
        let bytes = std::fs::read(path)
            .map_err(|source| TrustError::Unreadable { path: path.to_owned(), source })?;
        self.add(&bytes, path)
    }

    /// Adds an armoured key ring.
    pub(crate) fn add_text(&mut self, text: &str) -> Result<(), TrustError> {
        self.add(text.trim_start().as_bytes(), Path::new(""))
    }

    fn add(&mut self, bytes: &[u8], path: &Path) -> Result<(), TrustError> {
        let refuse =
            |source| TrustError::NotKeys { path: path.to_owned(), source: Box::new(source) };
        let (keys, _) = PublicOrSecret::from_reader_many(bytes).map_err(refuse)?;
        for key in keys {
            // A key of a kind that is not understood does not spoil the others of its file.
            if let Ok(PublicOrSecret::Public(key)) = key {
                self.keys.push(key);
            }
        }
        Ok(())
    }

    /// The signed text, once a signature is good.
    pub(crate) fn verify(&self, text: &[u8], now: SystemTime) -> Result<String, TrustError> {
        if self.keys.is_empty() {
            return Err(TrustError::NoKeys);
        }
        let (message, _) = CleartextSignedMessage::from_armor(text)
            .map_err(|source| TrustError::NotSigned { source: Box::new(source) })?;
        let signed = message.signed_text();
        let good = |signature: &Signature| {
            is_strong(signature)
                && self.keys.iter().any(|key| signs(key, signature, signed.as_bytes(), now))
        };
        if message.signatures().iter().any(good) {
            return Ok(signed.replace("\r\n", "\n"));
        }
        let (signatures, keys) = (message.signatures().len(), self.keys.len());
        Err(TrustError::Untrusted { signatures, keys })
    }
}

fn is_strong(signature: &Signature) -> bool {
    matches!(signature.typ(), Some(SignatureType::Binary | SignatureType::Text))
        && matches!(
            signature.hash_alg(),
            Some(HashAlgorithm::Sha256 | HashAlgorithm::Sha384 | HashAlgorithm::Sha512)
        )
}

/// Whether the key, or a subkey that is bound to it for signing, made the signature.
fn signs(key: &SignedPublicKey, signature: &Signature, text: &[u8], now: SystemTime) -> bool {
    let details = &key.details;
    let own: Vec<&Signature> = details
        .users
        .iter()
        .flat_map(|user| &user.signatures)
        .chain(&details.direct_signatures)
        .collect();
    if !details.revocation_signatures.is_empty()
        || is_expired(&key.primary_key, &own, now)
        || is_signature_expired(signature, now)
    {
        return false;
    }
    let made_by = |candidate: &dyn Fn() -> bool, id| {
        let named = signature.issuer_key_id();
        (named.is_empty() || named.into_iter().any(|issuer| *issuer == id)) && candidate()
    };
    let primary = || signature.verify(&key.primary_key, text).is_ok();
    if made_by(&primary, key.primary_key.legacy_key_id()) {
        return true;
    }
    key.public_subkeys.iter().any(|subkey| {
        let bindings: Vec<&Signature> = subkey.signatures.iter().collect();
        let usable = bindings.iter().any(|binding| binding.key_flags().sign())
            && bindings.iter().all(|b| b.typ() == Some(SignatureType::SubkeyBinding))
            && !is_expired(&subkey.key, &bindings, now);
        let verified = || {
            signature.verify(&subkey.key, text).is_ok()
                && subkey.verify_bindings(&key.primary_key).is_ok()
        };
        usable && made_by(&verified, subkey.key.legacy_key_id())
    })
}

/// By the latest statement about the key's validity.
fn is_expired(key: &impl VerifyingKey, statements: &[&Signature], now: SystemTime) -> bool {
    let latest = statements
        .iter()
        .filter(|s| s.issuer_key_id().is_empty() || s.key_expiration_time().is_some())
        .filter_map(|s| Some((s.created()?, s.key_expiration_time()?)))
        .max_by_key(|(created, _)| seconds(*created));
    latest.is_some_and(|(_, validity)| ended(key.created_at(), validity.into(), now))
}

fn is_signature_expired(signature: &Signature, now: SystemTime) -> bool {
    match (signature.created(), signature.signature_expiration_time()) {
        (Some(created), Some(validity)) => ended(created, validity.into(), now),
        _ => false,
    }
}

/// A validity of 0 is for ever.
fn ended(start: Timestamp, validity: Duration, now: SystemTime) -> bool {
    !validity.is_zero() && SystemTime::from(start) + validity < now
}

fn seconds(time: Timestamp) -> u64 {
    SystemTime::from(time).duration_since(SystemTime::UNIX_EPOCH).map_or(0, |d| d.as_secs())
}
