//! Dead simple signing envelopes (DSSE 1.0): a payload with its type, signed together. Pure.

use super::{PrivateKey, PublicKey};
use base64ct::{Base64, Encoding};
use serde::{Deserialize, Serialize};

/// The media type of an envelope.
pub(super) const MEDIA_TYPE: &str = "application/vnd.dsse.envelope.v1+json";
/// The type of an in-toto statement in an envelope.
const STATEMENT: &str = "application/vnd.in-toto+json";

#[derive(Serialize, Deserialize)]
struct Envelope {
    #[serde(rename = "payloadType")]
    payload_type: String,
    payload: String,
    signatures: Vec<EnvelopeSignature>,
}

#[derive(Serialize, Deserialize)]
struct EnvelopeSignature {
    #[serde(default)]
    keyid: String,
    sig: String,
}

/// A statement in an envelope, signed.
pub(super) fn seal(statement: &[u8], key: &PrivateKey) -> Vec<u8> {
    let envelope = Envelope {
        payload_type: STATEMENT.to_owned(),
        payload: Base64::encode_string(statement),
        signatures: vec![EnvelopeSignature {
            keyid: String::new(),
            sig: key.sign(&signed_text(STATEMENT, statement)),
        }],
    };
    serde_json::to_vec(&envelope).expect("texts are JSON")
}

/// The statement of an envelope that the key signed; `None` for any other.
pub(super) fn open(envelope: &[u8], key: &PublicKey) -> Option<Vec<u8>> {
    let envelope: Envelope = serde_json::from_slice(envelope).ok()?;
    let payload = Base64::decode_vec(&envelope.payload).ok()?;
    let text = signed_text(&envelope.payload_type, &payload);
    let mine = envelope.signatures.iter().take(super::simple::LIMIT);
    let signed = mine.into_iter().any(|signature| key.verifies(&text, &signature.sig));
    (signed && envelope.payload_type == STATEMENT).then_some(payload)
}

/// The pre-authentication encoding.
fn signed_text(kind: &str, payload: &[u8]) -> Vec<u8> {
    let mut text = format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len()).into_bytes();
    text.extend_from_slice(payload);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_encoding_is_that_of_the_specification() {
        let text = signed_text("http://example.com/HelloWorld", b"hello world");
        assert_eq!(text, b"DSSEv1 29 http://example.com/HelloWorld 11 hello world");
    }
}
