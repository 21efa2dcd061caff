//! SPDX 2.3 as JSON.

use super::component::{Component, ComponentKind};
use super::licence::Licence;
use super::{Subject, image_purl, is_url, uuid_of};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use windlass_oci::ImageConfig;

const NOTHING_KNOWN: &str = "NOASSERTION";
const IMAGE: &str = "SPDXRef-Image";

/// The document of an image.
pub(super) fn document(subject: Subject<'_>, components: &[Component]) -> Value {
    let ids: Vec<String> = components.iter().map(identifier).collect();
    let mut packages = vec![image(subject)];
    packages.extend(components.iter().zip(&ids).map(|(component, id)| package(component, id)));
    let relation = |from: &str, kind: &str, to: &str| {
        json!({
            "spdxElementId": from,
            "relationshipType": kind,
            "relatedSpdxElement": to,
        })
    };
    let mut relationships = vec![relation("SPDXRef-DOCUMENT", "DESCRIBES", IMAGE)];
    relationships.extend(ids.iter().map(|id| relation(IMAGE, "CONTAINS", id)));
    let mut document = json!({
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": format!("{}@{}", subject.name, subject.manifest),
        "creationInfo": {
            "created": ImageConfig::EPOCH,
            "creators": [concat!("Tool: windlass-", env!("CARGO_PKG_VERSION"))],
        },
        "packages": packages,
        "relationships": relationships,
    });
    let id = format!("urn:uuid:{}", uuid_of(&document));
    document["documentNamespace"] = id.into();
    document
}

fn image(subject: Subject<'_>) -> Value {
    json!({
        "SPDXID": IMAGE,
        "name": subject.name,
        "versionInfo": subject.manifest.to_string(),
        "primaryPackagePurpose": "CONTAINER",
        "downloadLocation": NOTHING_KNOWN,
        "filesAnalyzed": false,
        "licenseConcluded": NOTHING_KNOWN,
        "licenseDeclared": NOTHING_KNOWN,
        "copyrightText": NOTHING_KNOWN,
        "checksums": [{"algorithm": "SHA256", "checksumValue": subject.manifest.hex()}],
        "externalRefs": [reference(&image_purl(subject))],
    })
}

fn package(component: &Component, id: &str) -> Value {
    let mut package = json!({
        "SPDXID": id,
        "name": component.name,
        "primaryPackagePurpose": purpose(component.kind),
        "downloadLocation": NOTHING_KNOWN,
        "filesAnalyzed": false,
        "licenseConcluded": NOTHING_KNOWN,
        "licenseDeclared": NOTHING_KNOWN,
        "copyrightText": NOTHING_KNOWN,
        "externalRefs": [reference(&component.purl)],
    });
    if !component.version.is_empty() {
        package["versionInfo"] = component.version.as_str().into();
    }
    match &component.licence {
        Licence::Expression(expression) => package["licenseDeclared"] = expression.as_str().into(),
        Licence::Words(words) => package["licenseComments"] = words.as_str().into(),
        Licence::Unknown => {}
    }
    if let Some(page) = component.homepage.as_deref().filter(|page| is_url(page)) {
        package["homepage"] = page.into();
    }
    if let Some(sha256) = component.sha256 {
        package["checksums"] = json!([{"algorithm": "SHA256", "checksumValue": sha256.hex()}]);
    }
    if let Some(origin) = origin(component) {
        package["sourceInfo"] = origin.into();
    }
    package
}

/// Where it came from, in a sentence.
fn origin(component: &Component) -> Option<String> {
    match (&component.source, component.paths.as_slice()) {
        (Some((name, version)), _) => {
            Some(format!("built from the source package {name} {version}"))
        }
        (None, []) => None,
        (None, paths) => Some(format!("found at {}", paths.join(", "))),
    }
}

fn purpose(kind: ComponentKind) -> &'static str {
    match kind {
        ComponentKind::OperatingSystem => "OPERATING-SYSTEM",
        ComponentKind::Debian | ComponentKind::Python => "LIBRARY",
        ComponentKind::Interpreter => "APPLICATION",
    }
}

fn reference(purl: &str) -> Value {
    json!({
        "referenceCategory": "PACKAGE-MANAGER",
        "referenceType": "purl",
        "referenceLocator": purl,
    })
}

/// Letters, digits, dots and hyphens only; the hash keeps apart what looks the same then.
fn identifier(component: &Component) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' };
    let name: String = component.name.chars().map(plain).collect();
    let version: String = component.version.chars().map(plain).collect();
    let hash: [u8; 32] = Sha256::digest(&component.purl).into();
    let hash = windlass_model::Digest::from_bytes(hash).short();
    format!("SPDXRef-Package-{name}-{version}-{hash}")
}
