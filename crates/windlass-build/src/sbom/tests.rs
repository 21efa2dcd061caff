//! Both forms over one inventory.

use super::*;
use crate::inventory::{DebianPackage, OsRelease, PythonPackage};

fn inventory() -> Inventory {
    let python = |name: &str, version: &str, path: &str| PythonPackage {
        name: name.to_owned(),
        version: version.to_owned(),
        licence_expression: Some("MIT".to_owned()),
        licence_text: None,
        licence_classifiers: vec![],
        homepage: Some("https://flask.example.org/".to_owned()),
        paths: vec![path.to_owned()],
    };
    Inventory {
        architecture: "amd64".to_owned(),
        distribution: Some(OsRelease {
            id: "debian".to_owned(),
            version_id: Some("13".to_owned()),
            ..OsRelease::default()
        }),
        debian: vec![DebianPackage {
            name: "zlib1g".to_owned(),
            version: "1:1.3-1+b1".to_owned(),
            architecture: "amd64".to_owned(),
            source: "zlib".to_owned(),
            source_version: "1:1.3-1".to_owned(),
            homepage: Some("javascript:alert".to_owned()),
        }],
        python: vec![python("Flask_x", "3.1", "a"), python("flask-x", "3.1", "b")],
        interpreters: vec!["3.12.7".to_owned()],
        unread: vec![],
    }
}

fn rendered(format: Format, manifest: u8) -> Value {
    let subject = Subject { name: "shop", manifest: Digest::from_bytes([manifest; 32]) };
    let hashes = Hashes::from([("pkg:pypi/flask-x@3.1".to_owned(), Digest::from_bytes([7; 32]))]);
    let bytes = render(format, subject, &inventory(), &hashes);
    assert_eq!(bytes, render(format, subject, &inventory(), &hashes));
    serde_json::from_slice(&bytes).expect("JSON")
}

#[test]
fn spdx_names_each_package_once_and_relates_it_to_the_image() {
    let document = rendered(Format::Spdx, 1);
    let packages = document["packages"].as_array().expect("packages");
    assert_eq!(packages.len(), 5, "{packages:#?}");
    let ids: std::collections::BTreeSet<_> =
        packages.iter().map(|package| package["SPDXID"].as_str().expect("an id")).collect();
    assert_eq!(ids.len(), 5);
    for relation in document["relationships"].as_array().expect("relations") {
        assert!(ids.contains(relation["relatedSpdxElement"].as_str().expect("an id")));
    }
    let flask = &packages[4];
    assert_eq!(flask["licenseDeclared"], "MIT");
    assert_eq!(flask["sourceInfo"], "found at a, b");
    assert_eq!(flask["checksums"][0]["checksumValue"], "07".repeat(32));
    let zlib = &packages[2];
    assert_eq!(zlib["sourceInfo"], "built from the source package zlib 1:1.3-1");
    assert_eq!(zlib.get("homepage"), None, "what is no address is not passed on");
}

#[test]
fn cyclonedx_depends_on_what_it_lists() {
    let document = rendered(Format::CycloneDx, 1);
    let components = document["components"].as_array().expect("components");
    let refs: Vec<_> = components.iter().map(|component| &component["bom-ref"]).collect();
    let wanted: Vec<_> =
        document["dependencies"][0]["dependsOn"].as_array().expect("a list").iter().collect();
    assert_eq!(refs, wanted);
    assert_eq!(components[1]["properties"][0]["value"], "zlib");
}

#[test]
fn a_document_is_named_after_its_content() {
    for (format, key) in [(Format::Spdx, "documentNamespace"), (Format::CycloneDx, "serialNumber")]
    {
        let name = |manifest| rendered(format, manifest)[key].as_str().expect("a name").to_owned();
        assert_ne!(name(1), name(2));
        assert!(name(1).starts_with("urn:uuid:"));
        assert_eq!(name(1).len(), 9 + 36);
    }
}
