//! What is attached to an image, signed: in-toto statements about its digest.

use super::simple::{self, LIMIT};
use super::{PrivateKey, PublicKey, SignError, dsse};
use crate::provenance::{self, PREDICATE_TYPE, Statement};
use crate::sbom::Format;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use windlass_model::Digest;
use windlass_oci::attachment::attestation_name;
use windlass_oci::{ImageStore, Payload};

/// The annotation of an envelope that says what is in it.
const PREDICATE: &str = "predicateType";

/// A document that somebody signed for an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attested {
    /// What kind of statement it is.
    pub predicate_type: String,
    /// The statement, JSON (in-toto Statement version 1).
    pub statement: Vec<u8>,
}

/// Signs what is attached now; earlier statements of this key are replaced, others' stay.
pub(super) fn sign(
    store: &ImageStore,
    manifest: &Digest,
    reference: &str,
    key: &PrivateKey,
) -> Result<Vec<String>, SignError> {
    let statements = statements(store, manifest, reference)?;
    if statements.is_empty() {
        return Ok(Vec::new());
    }
    let name = attestation_name(manifest);
    let mut layers = Vec::new();
    for layer in simple::layers(store, &name, manifest)? {
        let envelope = store.read_document(&layer.digest)?;
        if dsse::open(&envelope, &key.public()).is_none() {
            layers.push(layer);
        }
    }
    if layers.len() + statements.len() > LIMIT {
        return Err(SignError::TooMany { manifest: *manifest, limit: LIMIT });
    }
    let payloads: Vec<Payload> = statements
        .iter()
        .map(|(predicate, statement)| Payload {
            media_type: dsse::MEDIA_TYPE.to_owned(),
            bytes: dsse::seal(statement, key),
            annotations: BTreeMap::from([
                (PREDICATE.to_owned(), (*predicate).to_owned()),
                // Inside the envelope: what reads these manifests wants the key all the same.
                ("dev.cosignproject.cosign/signature".to_owned(), String::new()),
            ]),
        })
        .collect();
    layers.extend(store.put_payloads(&payloads)?);
    store.put_signatures(&name, layers, Some(store.descriptor_of(manifest)?))?;
    Ok(statements.into_iter().map(|(predicate, _)| predicate.to_owned()).collect())
}

/// The statements about this manifest that the key signed.
pub(super) fn verify(
    store: &ImageStore,
    manifest: &Digest,
    key: &PublicKey,
) -> Result<Vec<Attested>, SignError> {
    let mut found = Vec::new();
    for layer in simple::layers(store, &attestation_name(manifest), manifest)? {
        let envelope = store.read_document(&layer.digest)?;
        let Some(statement) = dsse::open(&envelope, key) else { continue };
        let Ok(read) = serde_json::from_slice::<Statement>(&statement) else { continue };
        if read.is_about(manifest) {
            found.push(Attested { predicate_type: read.predicate_type, statement });
        }
    }
    Ok(found)
}

/// A statement for each document that is attached, with its predicate's type.
fn statements(
    store: &ImageStore,
    manifest: &Digest,
    reference: &str,
) -> Result<Vec<(&'static str, Vec<u8>)>, SignError> {
    let mut found = Vec::new();
    for statement in store.attached(manifest, provenance::MEDIA_TYPE)? {
        found.push((PREDICATE_TYPE, statement));
    }
    for format in Format::ALL {
        for bill in store.attached(manifest, format.media_type())? {
            let Ok(predicate) = serde_json::from_slice::<Value>(&bill) else { continue };
            let kind = predicate_of(format);
            let statement = json!({
                "_type": provenance::STATEMENT_TYPE,
                "subject": [{"name": reference, "digest": {"sha256": manifest.hex()}}],
                "predicateType": kind,
                "predicate": predicate,
            });
            found.push((kind, statement.to_string().into_bytes()));
        }
    }
    Ok(found)
}

/// The names that in-toto gives to bills of materials.
fn predicate_of(format: Format) -> &'static str {
    match format {
        Format::Spdx => "https://spdx.dev/Document",
        Format::CycloneDx => "https://cyclonedx.org/bom",
    }
}
