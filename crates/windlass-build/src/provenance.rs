//! Where an image came from: an in-toto statement (version 1) with SLSA provenance (version 1).
//!
//! Written by a build about what it made, and attached to the image. Invariant: the same inputs
//! give the same bytes, so it holds no time, no host and no path. What the build type means:
//! `externalParameters` are what the project asked for (the app, Python, the Debian suite, the
//! machine, the project's revision when it is known); `resolvedDependencies` are all files that
//! were taken from elsewhere, each with its SHA-256: Debian packages, wheels and source archives,
//! and the image that it stands on.
//! Where they were fetched from is left out: the digests say what they are, and addresses of
//! private indexes are nobody's business.

use crate::base::LockedBase;
use crate::debian::{PlannedPackage, RootSpec};
use crate::sbom::{Hashes, distribution_purl, python_purl};
use crate::wheels::Resolution;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use windlass_model::Digest;
use windlass_oci::{Attachment, Descriptor, ImageStore, Payload, StoreError};

/// The type of a statement, as text in it.
pub(crate) const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";
/// The type of the predicate.
pub(crate) const PREDICATE_TYPE: &str = "https://slsa.dev/provenance/v1";
/// The media type of a statement, which is also the artifact type that it is attached as.
pub const MEDIA_TYPE: &str = "application/vnd.in-toto+json";
/// What `externalParameters` and `resolvedDependencies` mean: the head of this module.
const BUILD_TYPE: &str = "urn:windlass:image-build:1";
const BUILDER: &str = "urn:windlass:builder";

/// The state of a project's source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    /// The commit, in hexadecimal digits.
    pub commit: String,
    /// Whether files differ from the commit's.
    pub dirty: bool,
}

/// What an image was made from.
pub(crate) struct Origin<'a> {
    pub(crate) app: &'a str,
    pub(crate) root: &'a RootSpec,
    /// The image that it stands on, where that is one from a registry.
    pub(crate) base: Option<&'a LockedBase>,
    pub(crate) revision: Option<&'a Revision>,
    pub(crate) debian: Vec<&'a PlannedPackage>,
    pub(crate) python: &'a Resolution,
}

/// A statement, as far as it is read back.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Statement {
    subject: Vec<Resource>,
    pub(crate) predicate_type: String,
    #[serde(default)]
    predicate: Value,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Resource {
    #[serde(default)]
    uri: Option<String>,
    #[serde(default)]
    digest: BTreeMap<String, String>,
}

impl Statement {
    /// Whether the manifest is a subject of the statement.
    pub(crate) fn is_about(&self, manifest: &Digest) -> bool {
        let hex = manifest.hex();
        self.subject.iter().any(|subject| subject.digest.get("sha256") == Some(&hex))
    }
}

/// Attaches the provenance of a manifest that was just built.
///
/// # Errors
/// What writing meets.
pub(crate) fn attach(
    store: &ImageStore,
    manifest: &Digest,
    origin: &Origin<'_>,
) -> Result<Descriptor, StoreError> {
    let statement = statement(manifest, origin).to_string().into_bytes();
    let attachment = Attachment {
        artifact_type: MEDIA_TYPE.to_owned(),
        payloads: vec![Payload::new(MEDIA_TYPE, statement)],
        annotations: BTreeMap::from([(
            "in-toto.io/predicate-type".to_owned(),
            PREDICATE_TYPE.to_owned(),
        )]),
    };
    store.attach(manifest, &attachment)
}

/// Digests of the files that the image's packages came from, as far as its provenance says them:
/// none for an image that was not built here.
///
/// # Errors
/// A document that is missing or damaged.
pub fn hashes(store: &ImageStore, manifest: &Digest) -> Result<Hashes, StoreError> {
    let mut hashes = Hashes::new();
    for document in store.attached(manifest, MEDIA_TYPE)? {
        let Ok(statement) = serde_json::from_slice::<Statement>(&document) else { continue };
        if !statement.is_about(manifest) {
            continue;
        }
        let files = &statement.predicate["buildDefinition"]["resolvedDependencies"];
        for file in files.as_array().into_iter().flatten() {
            let Ok(Resource { uri: Some(uri), digest }) = serde_json::from_value(file.clone())
            else {
                continue;
            };
            let sha256 = digest.get("sha256").and_then(|hex| Digest::from_hex(hex).ok());
            let key = uri.split('?').next().unwrap_or_default().to_owned();
            hashes.extend(sha256.map(|sha256| (key, sha256)));
        }
    }
    Ok(hashes)
}

fn statement(manifest: &Digest, origin: &Origin<'_>) -> Value {
    let asked: Vec<_> = origin.root.extra.iter().map(|wish| wish.names.join(" | ")).collect();
    let mut parameters = json!({
        "app": origin.app,
        "python": origin.root.python.to_string(),
        "suite": origin.root.suite,
        "platform": format!("linux/{}", origin.root.architecture),
        "debianPackages": asked,
    });
    if let Some(revision) = origin.revision {
        parameters["source"] = json!({"gitCommit": revision.commit, "dirty": revision.dirty});
    }
    json!({
        "_type": STATEMENT_TYPE,
        "subject": [{"name": origin.app, "digest": {"sha256": manifest.hex()}}],
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": parameters,
                "internalParameters": {},
                "resolvedDependencies": files(origin),
            },
            "runDetails": {
                "builder": {"id": BUILDER, "version": {"windlass": env!("CARGO_PKG_VERSION")}},
            },
        },
    })
}

/// The package URL of an image (purl specification, type `oci`), without its registry.
fn image_purl(base: &LockedBase) -> String {
    let name = base.name.split('@').next().unwrap_or_default();
    let last = name.rsplit('/').next().unwrap_or(name);
    let plain = last.split(':').next().unwrap_or(last).to_ascii_lowercase();
    format!("pkg:oci/{plain}@sha256%3A{}", base.digest.hex())
}

/// Every file that was taken from elsewhere, sorted.
fn files(origin: &Origin<'_>) -> Vec<Value> {
    let debian = origin.debian.iter().map(|package| {
        let purl = if package.standalone {
            format!("pkg:generic/python@{}", package.version)
        } else {
            distribution_purl("debian", &package.name, &package.version)
        };
        (purl, None, package.sha256)
    });
    let python = origin.python.packages.iter().filter_map(|package| {
        let file = package.artifact()?;
        let purl = python_purl(&package.name, package.version.as_deref()?);
        Some((purl, Some(file.file.as_str()), file.sha256))
    });
    let base = origin.base.map(|base| (image_purl(base), None, base.digest));
    let mut all: Vec<_> = debian.chain(python).chain(base).collect();
    all.sort();
    all.into_iter()
        .map(|(purl, file, sha256)| {
            let mut value = json!({"uri": purl, "digest": {"sha256": sha256.hex()}});
            if let Some(file) = file {
                value["name"] = file.into();
            }
            value
        })
        .collect()
}
