//! Registries that say or send something else than they should.

use super::front::{Deed, Front, answer, status};
use super::{Small, client, pull, registry};
use std::sync::Arc;
use windlass_oci::registry::{How, Keychain, PushRequest, RegistryError};
use windlass_testkit::{RegistryAuth, RegistryService};

#[test]
fn what_is_not_what_was_asked_for_is_refused() {
    let registry = registry(&RegistryAuth::Open);
    let small = Small::new(1_000);
    let pushed = small.push(&client(Keychain::default()), &registry.name("good/one"), "1");
    pushed.expect("a registry behind its front");
    another_digest_is_refused(&registry, &small);
    other_bytes_are_refused(&registry, &small);
    what_is_no_manifest_is_refused(&registry);
    mounting_may_be_denied(&registry);
}

/// The answer with the digest in its header turned into another one.
fn other_digest(head: &str, body: Vec<u8>) -> Vec<u8> {
    let lines = head.split_inclusive("\r\n").map(|line| match line.split_once(": sha256:") {
        Some((name, _)) if name.eq_ignore_ascii_case("docker-content-digest") => {
            format!("{name}: sha256:{}\r\n", "0".repeat(64))
        }
        _ => line.to_owned(),
    });
    let mut bytes = lines.collect::<String>().into_bytes();
    bytes.extend(body);
    bytes
}

fn other_byte(head: &str, mut body: Vec<u8>) -> Vec<u8> {
    let middle = body.len() / 2;
    body[middle] ^= 1;
    [head.as_bytes(), &body].concat()
}

fn one_more_byte(head: &str, mut body: Vec<u8>) -> Vec<u8> {
    let head = head.replace(
        &format!("Content-Length: {}", body.len()),
        &format!("Content-Length: {}", body.len() + 1),
    );
    body.push(b' ');
    [head.as_bytes(), &body].concat()
}

fn edited(
    registry: &RegistryService,
    (method, part): (&'static str, &'static str),
    edit: fn(&str, Vec<u8>) -> Vec<u8>,
) -> Front {
    Front::start(Some(registry.address()), move |asked| {
        if asked.is(method, part) { Deed::Edit(edit) } else { Deed::Pass }
    })
}

fn another_digest_is_refused(registry: &RegistryService, small: &Small) {
    let client = client(Keychain::default());
    for (method, part) in
        [("PUT", "/manifests/"), ("PUT", "/uploads/"), ("HEAD", "/blobs/"), ("HEAD", "/manifests/")]
    {
        let front = edited(registry, (method, part), other_digest);
        let name = front.name(if method == "HEAD" { "good/one" } else { "wrong/digest" });
        let other = Small::new(1_000 + part.len() as u64);
        let image = if method == "HEAD" { small } else { &other };
        let ended = match (method, part) {
            // A blob is asked about only where the image is not there yet.
            ("HEAD", "/blobs/") => {
                let fresh = Small::new(1_000);
                let mut manifest = fresh.manifest();
                manifest.annotations.insert("a".to_owned(), "b".to_owned());
                let image = fresh.store.put_manifest(&manifest).expect("written").digest;
                super::push(&client, &fresh.store, &image, (&name, "2"))
            }
            _ => image.push(&client, &name, "2"),
        };
        let error = ended.expect_err(method);
        assert!(matches!(error, RegistryError::WrongDigest { .. }), "{method} {part}: {error}");
    }
    for part in ["/manifests/", "/blobs/"] {
        let front = edited(registry, ("GET", part), other_digest);
        let error = pull(&client, &front.name("good/one:1")).expect_err(part);
        assert!(matches!(error, RegistryError::WrongDigest { .. }), "{part}: {error}");
    }
}

fn other_bytes_are_refused(registry: &RegistryService, small: &Small) {
    let client = client(Keychain::default());
    let by_digest = format!("good/one@{}", small.image);
    let front = edited(registry, ("GET", "/blobs/"), other_byte);
    let error = pull(&client, &front.name("good/one:1")).expect_err("other bytes");
    assert!(matches!(error, RegistryError::WrongContent { .. }), "{error}");
    let front = edited(registry, ("GET", "/manifests/"), other_byte);
    let error = pull(&client, &front.name(&by_digest)).expect_err("other bytes");
    assert!(matches!(error, RegistryError::WrongContent { .. }), "{error}");
    let front = edited(registry, ("GET", "/blobs/"), one_more_byte);
    let error = pull(&client, &front.name("good/one:1")).expect_err("a longer blob");
    assert!(matches!(error, RegistryError::TooLarge { .. }), "{error}");
}

fn what_is_no_manifest_is_refused(registry: &RegistryService) {
    let client = client(Keychain::default());
    let send = |kind: &'static str, body: &'static str| {
        let front = Front::start(Some(registry.address()), move |_| {
            answer("200 OK", &format!("content-type: {kind}\r\n"), body.as_bytes())
        });
        pull(&client, &front.name("any/one:1")).expect_err(body)
    };
    let index = "application/vnd.oci.image.index.v1+json";
    for (kind, body) in [
        ("text/html", "<html>"),
        (index, r#"{"schemaVersion":2,"manifests":[],"layers":[],"config":{}}"#),
        ("application/vnd.oci.image.manifest.v1+json", r#"{"schemaVersion":2,"manifests":[]}"#),
        ("application/vnd.docker.distribution.manifest.v1+json", r#"{"schemaVersion":1}"#),
    ] {
        let error = send(kind, body);
        assert!(matches!(error, RegistryError::Document { .. }), "{body}: {error}");
    }
    let error = send(index, r#"{"schemaVersion":2,"manifests":[]}"#);
    assert!(matches!(error, RegistryError::NoPlatform { .. }), "{error}");
    let error = pull(&client, &registry.name("no/such:1")).expect_err("not there");
    assert!(matches!(error, RegistryError::NotFound { .. }), "{error}");
}

/// Questions and mounts are favours: who is denied them sends the blob.
fn mounting_may_be_denied(registry: &RegistryService) {
    let small = Small::new(2_000);
    let notes = tempfile::tempdir().expect("a folder");
    let client = client(Keychain::default());
    for (path, line) in
        [("deny/one", ""), ("deny/two", "403 Forbidden"), ("deny/three", "404 Not Found")]
    {
        let line = Arc::new(line.to_owned());
        let front = Front::start(Some(registry.address()), move |asked| {
            let favour = asked.method == "HEAD" || asked.path.contains("mount=");
            if favour && !line.is_empty() { status(&line, "") } else { Deed::Pass }
        });
        let tags = ["1".to_owned()];
        // The notes know the first place by the name of this front alone.
        let to = front.name(path).parse().expect("a reference");
        let mut request = PushRequest {
            store: &small.store,
            image: &small.image,
            to: &to,
            tags: &tags,
            notes: Some(notes.path()),
        };
        client.push(&request, &|_| ()).expect("the blobs themselves are taken");
        let to = front.name(&format!("{path}-again")).parse().expect("a reference");
        request.to = &to;
        let again = client.push(&request, &|_| ()).expect("the blobs themselves are taken");
        let mounted = again
            .blobs
            .iter()
            .all(|blob| matches!(&blob.how, How::Mounted { from } if from == path));
        assert_eq!(mounted, path == "deny/one", "{again:?}");
        assert_eq!(front.count("POST", "mount="), 3, "each was asked for");
    }
}
