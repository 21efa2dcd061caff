//! Manifests and indexes of a repository: fetched and checked, looked for, and sent.

use super::answer::Answer;
use super::error::shown;
use super::remote::{Call, CallBody, Remote};
use super::{Reference, RegistryError};
use crate::Descriptor;
use crate::document::Document;
use sha2::{Digest as _, Sha256};
use ureq::http::Method;
use windlass_model::Digest;

/// Largest manifest that is read, in bytes: what the distribution spec asks registries to take.
const LIMIT: u64 = 4 << 20;

/// A document as it came.
pub(super) struct Fetched {
    pub(super) bytes: Vec<u8>,
    pub(super) digest: Digest,
    pub(super) media_type: String,
    pub(super) document: Document,
}

/// What a repository has at a name.
pub(super) enum Stands {
    Nothing,
    Something,
}

impl Remote<'_> {
    /// Fetches what stands at a tag or a digest. What has another digest than `expected`, or than
    /// the server says, is refused.
    pub(super) fn document(
        &self,
        at: &Reference,
        expected: Option<&Digest>,
    ) -> Result<Fetched, RegistryError> {
        let expected = expected.or(at.digest.as_ref());
        let accept = [
            Descriptor::INDEX,
            Descriptor::DOCKER_INDEX,
            Descriptor::MANIFEST,
            Descriptor::DOCKER_MANIFEST,
        ];
        let call = Call::new(Method::GET, self.url(&format!("/manifests/{}", at.wanted())))
            .header("accept", accept.join(", "));
        self.tried(&mut || {
            let answer = self.send(&call)?;
            let mut answer = match answer.status() {
                404 => return Err(RegistryError::NotFound { reference: at.to_string() }),
                _ => self.expect(answer, &[200])?,
            };
            let bytes = answer.bytes(LIMIT)?;
            read(&answer, bytes, expected)
        })
    }

    /// Whether the repository has a manifest with this digest.
    pub(super) fn stands(&self, digest: &Digest, kind: &str) -> Result<Stands, RegistryError> {
        let call = Call::new(Method::HEAD, self.url(&format!("/manifests/{digest}")))
            .header("accept", kind);
        self.tried(&mut || {
            let mut answer = self.send(&call)?;
            match answer.status() {
                200 => {
                    answer.check_digest(digest)?;
                    Ok(Stands::Something)
                }
                // Some registries deny what is not there: whoever writes will be told better.
                status if (400..500).contains(&status) && !matches!(status, 408 | 425 | 429) => {
                    Ok(Stands::Nothing)
                }
                _ => Err(answer.failure()),
            }
        })
    }

    /// Sends a document to a tag or a digest; gives whether the registry keeps referrers itself.
    pub(super) fn put_document(
        &self,
        name: &str,
        bytes: &[u8],
        (digest, media_type): (&Digest, &str),
    ) -> Result<bool, RegistryError> {
        let call = Call::new(Method::PUT, self.url(&format!("/manifests/{name}")))
            .header("content-type", media_type)
            .body(CallBody::Bytes(bytes));
        self.tried(&mut || {
            let answer = self.send(&call)?;
            let answer = self.expect(answer, &[200, 201, 202])?;
            answer.check_digest(digest)?;
            Ok(answer.header("oci-subject").is_some())
        })
    }

    /// The answer, if its status is one of these.
    pub(super) fn expect(&self, mut answer: Answer, good: &[u16]) -> Result<Answer, RegistryError> {
        match answer.status() {
            status if good.contains(&status) => Ok(answer),
            403 if self.origin.holds(&answer.url) => Err(self.denied(answer.said())),
            _ => Err(answer.failure()),
        }
    }
}

fn read(
    answer: &Answer,
    bytes: Vec<u8>,
    expected: Option<&Digest>,
) -> Result<Fetched, RegistryError> {
    let digest = Digest::from_bytes(Sha256::digest(&bytes).into());
    let url = shown(&answer.url);
    if let Some(expected) = expected.filter(|expected| **expected != digest) {
        let received = bytes.len() as u64;
        let expected = *expected;
        return Err(RegistryError::WrongContent { url, expected, actual: digest, received });
    }
    answer.check_digest(&digest)?;
    let sent = answer
        .header("content-type")
        .map(|kind| kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase());
    let sent = sent.filter(|kind| !kind.is_empty());
    let document = Document::parse(&bytes, sent.as_deref())
        .map_err(|source| RegistryError::Document { url, source })?;
    let media_type = document.media_type().to_owned();
    Ok(Fetched { bytes, digest, media_type, document })
}
