//! What is a reference and what is none.

use super::*;

#[test]
fn references_are_read_as_docker_reads_them() {
    let digest = format!("sha256:{}", "ab".repeat(32));
    for (text, wanted) in [
        ("python", "docker.io/library/python"),
        ("python:3.12-slim", "docker.io/library/python:3.12-slim"),
        ("team/shop", "docker.io/team/shop"),
        ("index.docker.io/team/shop", "docker.io/team/shop"),
        ("docker.io/python", "docker.io/library/python"),
        ("registry.example.org/shop", "registry.example.org/shop"),
        ("registry.example.org:5000/a/b__c-d/e.f:v1", "registry.example.org:5000/a/b__c-d/e.f:v1"),
        ("Registry.Example.Org/shop", "registry.example.org/shop"),
        ("localhost/shop", "localhost/shop"),
        ("localhost:5000/shop:A_b.c-1", "localhost:5000/shop:A_b.c-1"),
        ("[::1]:5000/shop", "[::1]:5000/shop"),
        ("127.0.0.1:5000/shop", "127.0.0.1:5000/shop"),
    ] {
        let read: Reference = text.parse().unwrap_or_else(|e| panic!("{text}: {e}"));
        assert_eq!(read.to_string(), wanted, "{text}");
    }
    let both: Reference = format!("a/b:1@{digest}").parse().expect("valid");
    assert_eq!(both.to_string(), format!("docker.io/a/b:1@{digest}"));
    assert_eq!(both.wanted(), digest, "the digest wins");
    assert_eq!("a/b".parse::<Reference>().expect("valid").wanted(), "latest");
    assert_eq!("a/b".parse::<Reference>().expect("valid").server(), "registry-1.docker.io");
}

#[test]
fn what_is_no_reference_is_refused() {
    let long_tag = format!("a/b:{}", "x".repeat(129));
    let long_path = format!("a/{}", "x".repeat(255));
    for bad in [
        "",
        "/",
        "a//b",
        "a/",
        "example.org/",
        "example.org/Shop",
        "Host/shop",
        "a/b:",
        "a/b:-x",
        "a/b:x/y:",
        "a/b@sha256:12",
        "a/b@sha512:12",
        "a.b:x/y",
        "a.b:0/y",
        "-a.b/y",
        "a..b/y",
        "example.org/a___b",
        "example.org/a..b",
        "example.org/-a",
        "example.org/a b",
        "example.org/ä",
        "[::g]/a",
        &long_tag,
        &long_path,
    ] {
        assert!(bad.parse::<Reference>().is_err(), "{bad}");
    }
}
