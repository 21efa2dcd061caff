//! Signatures that travel with their image, and what is no signature of it.

use super::{blob, document, entries};
use crate::registry::{client, registry};
use crate::site::world;
use serde_json::Value;
use std::fs;
use windlass_model::Digest;
use windlass_oci::registry::Keychain;
use windlass_oci::{ImageStore, Manifest};
use windlass_testkit::{Page, RegistryAuth, RegistryService, Run, World};

const NAME: &str = "org.opencontainers.image.ref.name";

/// Signed and pushed by one, pulled and verified by another.
#[test]
fn a_signature_travels_with_its_image_and_nothing_else_passes_for_one() {
    let registry = registry(&RegistryAuth::Open);
    let maker = registry.world();
    fs::write(maker.home().join("secret"), "open sesame\n").expect("ours");
    let run = |words: &[&str]| maker.run(words).expect_code(0);
    run(&["image", "generate-key", "maker", "--password-file", "secret"]);
    let key = fs::read_to_string(maker.home().join("maker.key")).expect("written");
    assert!(key.contains("ENCRYPTED SIGSTORE PRIVATE KEY"));
    let twice = maker.run(&["image", "generate-key", "maker"]).expect_code(3);
    assert!(twice.stderr.contains("another name"), "{twice}");
    assert_eq!(fs::read_to_string(maker.home().join("maker.key")).expect("kept"), key);

    for format in ["spdx", "cyclonedx"] {
        run(&["image", "sbom", "registry", "--format", format, "--attach", "-o", "bill.json"]);
    }
    let name = registry.name("team/signed");
    let sign = ["image", "sign", "registry", "--key", "maker.key", "--reference", &name];
    let locked = maker.run(&sign).expect_code(1);
    assert!(locked.stderr.contains("--password-file"), "{locked}");
    let signed = run(&[&sign[..], &["--password-file", "secret", "--json"]].concat()).json();
    assert_eq!(signed["signed"][0]["attested"].as_array().map(Vec::len), Some(3), "{signed}");
    let pushed = run(&["push", "registry", &name, "-t", "1", "--json"]).json();
    let digest = pushed["image"].as_str().expect("a digest").to_owned();
    is_listed_at_a_tag(&registry, &digest);

    let taker = world();
    fs::copy(maker.home().join("maker.pub"), taker.home().join("maker.pub")).expect("copied");
    let from = format!("{name}:1");
    let unsigned = world();
    unsigned.run(&["pull", &from]).expect_code(0);
    fs::copy(maker.home().join("maker.pub"), unsigned.home().join("maker.pub")).expect("copied");
    let refused = verify(&unsigned, &from, "maker.pub").expect_code(1);
    assert!(refused.stderr.contains("has no signature"), "{refused}");

    taker.run(&["pull", &from, "--attached"]).expect_code(0);
    let verified = verify(&taker, &from, "maker.pub").expect_code(0);
    assert!(verified.stdout.contains(&format!("as {name}\n")), "{verified}");
    assert_eq!(verified.stdout.matches("signed along: ").count(), 3, "{verified}");
    let listed = taker.run(&["image", "ls", "--json"]).expect_code(0).json();
    assert_eq!(listed.as_array().map(Vec::len), Some(1), "{listed}");

    taker.run(&["image", "generate-key", "other"]).expect_code(0);
    let refused = verify(&taker, &from, "other.pub").expect_code(1);
    assert!(refused.stderr.contains("is of this key"), "{refused}");
    signatures_of_others_stay(&registry, &taker, &from);
    another_image_is_not_signed(&taker, &from);
    what_is_cut_off_is_no_signature(&taker, &from, &digest);
    a_changed_image_is_refused(&taker, &from, &digest);
}

/// Two sign the same image and push it, and neither had the other's signature.
fn signatures_of_others_stay(registry: &RegistryService, taker: &World, from: &str) {
    let name = registry.name("team/signed");
    let sign = ["image", "sign", from, "--key", "other.key", "--reference", &name];
    let second = world();
    second.run(&["pull", from]).expect_code(0);
    for file in ["other.key", "other.pub"] {
        fs::copy(taker.home().join(file), second.home().join(file)).expect("copied");
    }
    second.run(&sign).expect_code(0);
    let image = second.run(&["image", "inspect", from, "--json"]).expect_code(0).json();
    let image = image["digest"].as_str().expect("a digest").to_owned();
    second.run(&["push", &image, &name, "-t", "1"]).expect_code(0);
    registry.world().run(&["push", "registry", &name, "-t", "1"]).expect_code(0);
    let third = world();
    third.run(&["pull", from, "--attached"]).expect_code(0);
    for key in ["maker.pub", "other.pub"] {
        let key = taker.home().join(key);
        verify(&third, from, &key.to_string_lossy()).expect_code(0);
    }
}

fn verify(world: &World, image: &str, key: &str) -> Run {
    world.run(&["image", "verify", image, "--key", key])
}

/// This registry keeps no list of referrers itself, so the push keeps one at a tag.
fn is_listed_at_a_tag(registry: &RegistryService, digest: &str) {
    let (address, host) = (registry.address(), registry.address().to_string());
    let get = |path: &str| Page::get(address, &host, &format!("/v2/team/signed/{path}"));
    assert_eq!(get(&format!("referrers/{digest}")).status, 404, "it has the list itself");
    let name: windlass_oci::registry::Reference =
        registry.name("team/signed").parse().expect("a name");
    let subject: Digest = digest.parse().expect("a digest");
    let listed = client(Keychain::default()).referrers(&name, &subject).expect("listed");
    let mut kinds: Vec<&str> = listed.iter().filter_map(|it| it.artifact_type.as_deref()).collect();
    kinds.sort_unstable();
    let wanted =
        ["application/spdx+json", "application/vnd.cyclonedx+json", "application/vnd.in-toto+json"];
    assert_eq!(kinds, wanted);
}

/// The same name for another image: the old signature says nothing about it.
fn another_image_is_not_signed(world: &World, name: &str) {
    let store = ImageStore::open(world.layout().images()).expect("a layout");
    let signed = store.resolve(name).expect("an index").expect("pulled");
    let mut manifest = store.read_manifest(&signed).expect("a manifest");
    manifest.annotations.insert("changed".to_owned(), "yes".to_owned());
    let changed = store.put_manifest(&manifest).expect("stored").digest;
    store.tag(name, &changed).expect("tagged");
    let refused = verify(world, name, "maker.pub").expect_code(1);
    assert!(refused.stderr.contains("has no signature"), "{refused}");
    // Its signature under the other's name is a true signature of something else.
    let hex = |digest: &Digest| format!("sha256-{}.sig", digest.hex());
    let there = store.resolve(&hex(&signed)).expect("an index").expect("signed");
    store.tag(&hex(&changed), &there).expect("tagged");
    let refused = verify(world, name, "maker.pub").expect_code(1);
    assert!(refused.stderr.contains("is of this key"), "{refused}");
    store.untag(&[&hex(&changed)]).expect("untagged");
    store.tag(name, &signed).expect("tagged");
    verify(world, name, "maker.pub").expect_code(0);
}

fn what_is_cut_off_is_no_signature(world: &World, name: &str, digest: &str) {
    let store = ImageStore::open(world.layout().images()).expect("a layout");
    let tag = format!("sha256-{}.sig", digest.trim_start_matches("sha256:"));
    let entry = entries(world).into_iter().find(|entry| entry["annotations"][NAME] == tag.as_str());
    let entry = entry.expect("it is signed");
    let whole: Digest = entry["digest"].as_str().expect("a digest").parse().expect("a digest");
    let mut manifest: Value = document(world, &entry["digest"]);
    let text = &mut manifest["layers"][0]["annotations"]["dev.cosignproject.cosign/signature"];
    let signature = text.as_str().expect("a signature").to_owned();
    for cut in ["", &signature[..4], &signature[..signature.len() - 4]] {
        let text = &mut manifest["layers"][0]["annotations"]["dev.cosignproject.cosign/signature"];
        *text = cut.into();
        let manifest: Manifest = serde_json::from_value(manifest.clone()).expect("a manifest");
        store.tag(&tag, &store.put_manifest(&manifest).expect("stored").digest).expect("tagged");
        let refused = verify(world, name, "maker.pub").expect_code(1);
        assert!(refused.stderr.contains("is of this key"), "{refused}");
    }
    store.tag(&tag, &whole).expect("tagged");
    // The document itself, cut off on the disk.
    let path = store.blob_path(&whole);
    let bytes = blob(world, &entry["digest"]);
    fs::write(&path, &bytes[..bytes.len() / 2]).expect("ours");
    verify(world, name, "maker.pub").expect_code(3);
    fs::write(&path, bytes).expect("ours");
    verify(world, name, "maker.pub").expect_code(0);
}

fn a_changed_image_is_refused(world: &World, name: &str, digest: &str) {
    let manifest = document(world, &digest.into());
    let layers = manifest["layers"].as_array().expect("layers");
    let hex = layers.last().expect("one")["digest"].as_str().expect("a digest");
    let path = world.layout().images().join("blobs/sha256").join(hex.trim_start_matches("sha256:"));
    let mut bytes = fs::read(&path).expect("a layer");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&path, bytes).expect("ours");
    let refused = verify(world, name, "maker.pub").expect_code(3);
    assert!(refused.stderr.contains("damaged"), "{refused}");
}
