//! A manifest or an index, told apart by what it says.
//!
//! Invariant: one text has one meaning. A document that could be read as both, or that calls itself
//! something else than its sender does, is refused (image-spec, security advisory on ambiguous
//! media types, CVE-2021-41190). Pure; who fetched the bytes has checked their digest.

use crate::{Descriptor, Index, Manifest};
use serde_json::Value;

/// Layers of one manifest; overlayfs takes fewer still.
const LAYERS: usize = 512;
/// Manifests of one index.
const MANIFESTS: usize = 2_048;

/// What the bytes of a document mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Document {
    /// An image or another artifact.
    Manifest(Box<Manifest>),
    /// A list of manifests.
    Index(Box<Index>),
}

/// Why bytes are no document.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// It is not JSON, or lacks members.
    #[error("it is not JSON with the members of a manifest")]
    Json(#[from] serde_json::Error),
    /// It has the members of both, or of neither.
    #[error("it could be both an image and an index, or is neither")]
    Ambiguous,
    /// Its type is not the one that it was sent as.
    #[error("it was sent as `{sent}` and calls itself `{says}`")]
    Type {
        /// What its sender said.
        sent: String,
        /// What it says.
        says: String,
    },
    /// Docker's first schema, which has no digests of what it lists, or a later one.
    #[error("its schema version is {0}, and only 2 is known")]
    Schema(u64),
    /// Longer lists than anybody needs.
    #[error("it lists {found} parts, and {limit} is the limit")]
    TooLong {
        /// How many it lists.
        found: usize,
        /// How many it may.
        limit: usize,
    },
}

impl Document {
    /// Reads a document that was sent as `sent`, if its sender said so.
    ///
    /// # Errors
    /// What is not exactly one of a manifest and an index.
    pub fn parse(bytes: &[u8], sent: Option<&str>) -> Result<Self, DocumentError> {
        let value: Value = serde_json::from_slice(bytes)?;
        let has = |name: &str| value.get(name).is_some_and(|member| !member.is_null());
        match value.get("schemaVersion").and_then(Value::as_u64) {
            Some(2) => {}
            other => return Err(DocumentError::Schema(other.unwrap_or(0))),
        }
        let image = has("config") || has("layers") || has("fsLayers");
        let document = match (image, has("manifests")) {
            (true, false) => Self::Manifest(serde_json::from_value(value)?),
            (false, true) => Self::Index(serde_json::from_value(value)?),
            _ => return Err(DocumentError::Ambiguous),
        };
        document.check_type(sent)?;
        document.check_length()?;
        Ok(document)
    }

    /// The type: what it says itself, else OCI's for its kind.
    pub fn media_type(&self) -> &str {
        let (own, default) = match self {
            Self::Manifest(manifest) => (&manifest.media_type, Descriptor::MANIFEST),
            Self::Index(index) => (&index.media_type, Descriptor::INDEX),
        };
        own.as_deref().unwrap_or(default)
    }

    /// The manifest that this document is about.
    pub fn subject(&self) -> Option<&Descriptor> {
        match self {
            Self::Manifest(manifest) => manifest.subject.as_ref(),
            Self::Index(index) => index.subject.as_ref(),
        }
    }

    fn check_type(&self, sent: Option<&str>) -> Result<(), DocumentError> {
        let says = self.media_type();
        let kinds: &[&str] = match self {
            Self::Manifest(_) => &[Descriptor::MANIFEST, Descriptor::DOCKER_MANIFEST],
            Self::Index(_) => &[Descriptor::INDEX, Descriptor::DOCKER_INDEX],
        };
        // Servers that know no type say one of these.
        let vague = ["application/json", "application/octet-stream", "text/plain"];
        let sent = sent.filter(|sent| !vague.contains(sent)).unwrap_or(says);
        // What names no type of its own is what it was sent as, if that is of its kind.
        let own = match self {
            Self::Manifest(manifest) => manifest.media_type.is_some(),
            Self::Index(index) => index.media_type.is_some(),
        };
        if kinds.contains(&says) && kinds.contains(&sent) && (!own || says == sent) {
            return Ok(());
        }
        Err(DocumentError::Type { sent: sent.to_owned(), says: says.to_owned() })
    }

    fn check_length(&self) -> Result<(), DocumentError> {
        let (found, limit) = match self {
            Self::Manifest(manifest) => (manifest.layers.len(), LAYERS),
            Self::Index(index) => (index.manifests.len(), MANIFESTS),
        };
        if found > limit { Err(DocumentError::TooLong { found, limit }) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = r#""config":{"mediaType":"c","size":1,"digest":"sha256:0000000000000000000000000000000000000000000000000000000000000000"}"#;

    #[test]
    fn one_text_has_one_meaning() {
        let manifest = |more: &str| format!(r#"{{"schemaVersion":2,{CONFIG},"layers":[]{more}}}"#);
        let typed = |kind: &str| manifest(&format!(r#","mediaType":"{kind}""#));
        let index = r#"{"schemaVersion":2,"manifests":[]}"#.to_owned();
        for (text, sent, good) in [
            (manifest(""), None, true),
            (manifest(""), Some(Descriptor::DOCKER_MANIFEST), true),
            (manifest(""), Some("text/plain"), true),
            (typed(Descriptor::DOCKER_MANIFEST), Some(Descriptor::DOCKER_MANIFEST), true),
            (index.clone(), Some(Descriptor::DOCKER_INDEX), true),
            (manifest(""), Some(Descriptor::INDEX), false),
            (index, Some(Descriptor::MANIFEST), false),
            (typed(Descriptor::INDEX), None, false),
            (typed(Descriptor::MANIFEST), Some(Descriptor::DOCKER_MANIFEST), false),
            (manifest(r#","manifests":[]"#), None, false),
            (r#"{"schemaVersion":1,"fsLayers":[]}"#.to_owned(), None, false),
            (r#"{"schemaVersion":2}"#.to_owned(), None, false),
            ("[]".to_owned(), None, false),
        ] {
            let read = Document::parse(text.as_bytes(), sent);
            assert_eq!(read.is_ok(), good, "{text} as {sent:?}: {read:?}");
        }
    }

    #[test]
    fn a_list_without_end_is_refused() {
        let one = CONFIG.trim_start_matches(r#""config":"#);
        let many = vec![one; LAYERS + 1].join(",");
        let text = format!(r#"{{"schemaVersion":2,{CONFIG},"layers":[{many}]}}"#);
        let error = Document::parse(text.as_bytes(), None).expect_err("too long");
        assert!(matches!(error, DocumentError::TooLong { found: 513, .. }), "{error}");
    }
}
