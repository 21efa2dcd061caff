//! Simple signing: a text that names a digest, its signature, and both as a manifest of their
//! own, as cosign stores them in a registry.

use super::{PrivateKey, PublicKey, SignError};
use serde::Deserialize;
use serde_json::json;
use windlass_model::Digest;
use windlass_oci::attachment::signature_name;
use windlass_oci::{Descriptor, ImageStore, Payload};

const MEDIA_TYPE: &str = "application/vnd.dev.cosign.simplesigning.v1+json";
/// The annotation of a payload with its signature, base64.
const SIGNATURE: &str = "dev.cosignproject.cosign/signature";
const TYPE: &str = "cosign container image signature";
/// Signatures that one image may have.
pub(super) const LIMIT: usize = 100;

/// What a payload says, as far as it matters.
#[derive(Deserialize)]
struct Claim {
    critical: Critical,
}

#[derive(Deserialize)]
struct Critical {
    identity: Identity,
    image: Image,
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
struct Identity {
    #[serde(rename = "docker-reference")]
    reference: String,
}

#[derive(Deserialize)]
struct Image {
    #[serde(rename = "docker-manifest-digest")]
    manifest: Digest,
}

/// Signs; gives the name of the signatures, and whether this key's was among them already.
pub(super) fn sign(
    store: &ImageStore,
    manifest: &Digest,
    reference: &str,
    key: &PrivateKey,
) -> Result<(String, bool), SignError> {
    let name = signature_name(manifest);
    // There must be something to sign.
    store.read_document(manifest)?;
    let mut layers = layers(store, &name, manifest)?;
    let payload = payload(manifest, reference);
    let mut signed = Payload::new(MEDIA_TYPE, payload);
    let mine = |layer: &Descriptor, document: &[u8]| {
        let signature = layer.annotations.get(SIGNATURE);
        signature.is_some_and(|text| key.public().verifies(document, text))
    };
    for layer in layers.iter().filter(|layer| layer.media_type == MEDIA_TYPE) {
        let document = store.read_document(&layer.digest)?;
        if document == signed.bytes && mine(layer, &document) {
            return Ok((name, true));
        }
    }
    if layers.len() >= LIMIT {
        return Err(SignError::TooMany { manifest: *manifest, limit: LIMIT });
    }
    signed.annotations.insert(SIGNATURE.to_owned(), key.sign(&signed.bytes));
    layers.extend(store.put_payloads(&[signed])?);
    store.put_signatures(&name, layers, None)?;
    Ok((name, false))
}

/// The reference that this key's owner signed the manifest under.
pub(super) fn verify(
    store: &ImageStore,
    manifest: &Digest,
    key: &PublicKey,
) -> Result<String, SignError> {
    let layers = layers(store, &signature_name(manifest), manifest)?;
    let mut count = 0;
    for layer in layers.iter().filter(|layer| layer.media_type == MEDIA_TYPE) {
        count += 1;
        let Some(signature) = layer.annotations.get(SIGNATURE) else { continue };
        let document = store.read_document(&layer.digest)?;
        if !key.verifies(&document, signature) {
            continue;
        }
        // What is signed must also be about this image: a true signature of another one can be
        // put under any name.
        if let Ok(Claim { critical }) = serde_json::from_slice(&document)
            && critical.image.manifest == *manifest
            && critical.kind == TYPE
        {
            return Ok(critical.identity.reference);
        }
    }
    match count {
        0 => Err(SignError::NotSigned { manifest: *manifest }),
        count => Err(SignError::OtherKey { manifest: *manifest, count }),
    }
}

/// The text that is signed. Its members are in this order, which is also the alphabet's.
fn payload(manifest: &Digest, reference: &str) -> Vec<u8> {
    let claim = json!({
        "critical": {
            "identity": {"docker-reference": reference},
            "image": {"docker-manifest-digest": manifest},
            "type": TYPE,
        },
        "optional": null,
    });
    claim.to_string().into_bytes()
}

/// What is under a name now; nothing when the name is free.
pub(super) fn layers(
    store: &ImageStore,
    name: &str,
    manifest: &Digest,
) -> Result<Vec<Descriptor>, SignError> {
    let Some(there) = store.resolve(name)? else { return Ok(Vec::new()) };
    let layers = store.read_manifest(&there)?.layers;
    if layers.len() > LIMIT {
        return Err(SignError::TooMany { manifest: *manifest, limit: LIMIT });
    }
    Ok(layers)
}
