//! What is reached stays, and nothing else; the two are computed apart from each other.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use windlass_model::Digest;
use windlass_oci::{
    Descriptor, Freed, ImageStore, Index, Manifest, Reachable, sweep_blobs, sweep_layers,
};

fn blob(store: &ImageStore, text: &str) -> Descriptor {
    store.put_blob(Descriptor::LAYER_GZIP, &mut text.as_bytes()).expect("stored")
}

/// An image with these texts as layers; its diff-ids are the digests of the layers themselves.
fn image(store: &ImageStore, layers: &[&str]) -> Descriptor {
    let layers: Vec<_> = layers.iter().map(|text| blob(store, text)).collect();
    let diff_ids: Vec<_> = layers.iter().map(|layer| layer.digest).collect();
    let config = serde_json::json!({
        "architecture": "amd64", "os": "linux", "config": {},
        "rootfs": {"type": "layers", "diff_ids": diff_ids},
    });
    let config = serde_json::from_value(config).expect("a config");
    let config = store.put_config(&config).expect("stored");
    store.put_manifest(&Manifest::new(config, layers)).expect("stored")
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder).expect("readable");
    entries.map(|e| e.expect("an entry").file_name().into_string().expect("text")).collect()
}

/// Every digest that a document's text mentions, and those of the documents that it mentions.
fn mentioned(folder: &Path, hex: &str, found: &mut BTreeSet<String>) {
    let Ok(text) = std::fs::read(folder.join(hex)) else { return };
    found.insert(hex.to_owned());
    let text = String::from_utf8_lossy(&text).into_owned();
    for (at, marker) in text.match_indices("sha256:") {
        let next = &text[at + marker.len()..][..64];
        if !found.contains(next) {
            mentioned(folder, next, found);
        }
    }
}

#[test]
fn the_store_holds_what_is_reachable_and_no_more() {
    let dir = tempfile::tempdir().expect("a folder");
    let store = ImageStore::open(dir.path()).expect("a layout");
    let blobs = dir.path().join("blobs/sha256");
    let released = image(&store, &["base", "released"]);
    let named = image(&store, &["base", "named"]);
    for number in 0..20 {
        image(&store, &["base", &format!("old {number}")]);
    }
    store.tag("shop", &named.digest).expect("tagged");
    std::fs::write(blobs.join(".tmp-broken"), "half").expect("written");
    let mut kept = Reachable::default();
    kept.add(&store, &released.digest).expect("known");
    assert_eq!(kept.add_named(&store).expect("an index"), []);
    let counted = sweep_blobs(&store, &kept, true).expect("counted");
    let before = names(&blobs);
    let freed = sweep_blobs(&store, &kept, false).expect("swept");
    assert_eq!(counted, freed, "a dry run says what would be");
    let mut wanted = BTreeSet::new();
    for root in [&released, &named] {
        mentioned(&blobs, &root.digest.hex(), &mut wanted);
    }
    assert_eq!(names(&blobs), wanted);
    assert_eq!(freed.count as usize, before.len() - wanted.len());
    assert_eq!(sweep_blobs(&store, &kept, false).expect("again"), Freed::default());
}

#[test]
fn names_of_what_is_gone_and_notes_about_it_are_given_back() {
    let dir = tempfile::tempdir().expect("a folder");
    let store = ImageStore::open(dir.path()).expect("a layout");
    let (here, gone) = (image(&store, &["here"]), image(&store, &["gone"]));
    store.tag("here", &here.digest).expect("tagged");
    store.tag("gone", &gone.digest).expect("tagged");
    std::fs::remove_file(store.blob_path(&gone.digest)).expect("removed");
    // An index for two platforms, of which one was never fetched.
    let missing = Descriptor::new(Descriptor::MANIFEST, Digest::from_bytes([7; 32]), 9);
    let index = Index { manifests: vec![here, missing], ..Index::default() };
    let index = serde_json::to_vec(&index).expect("an index");
    let index = store.put_blob(Descriptor::INDEX, &mut index.as_slice()).expect("stored");
    let mut kept = Reachable::default();
    kept.add(&store, &index.digest).expect("what is there of it");
    assert_eq!(kept.blobs.len(), 4, "the index, the image, its config and its layer");
    // Signatures by name: of an image that is there, and of one that is not any more.
    let signature = image(&store, &["signature"]);
    let name_of = |digest: &Digest| format!("sha256-{}.sig", digest.hex());
    let (signed, stale) = (name_of(&index.digest), name_of(&gone.digest));
    store.tag(&signed, &signature.digest).expect("tagged");
    store.tag(&stale, &signature.digest).expect("tagged");
    let left = kept.add_named(&store).expect("an index");
    let names: Vec<_> = left.iter().filter_map(Descriptor::ref_name).collect();
    assert_eq!(names, ["gone", stale.as_str()]);
    assert!(kept.blobs.contains(&signature.digest));
    store.forget(&left).expect("forgotten");
    assert_eq!(store.tags().expect("an index").keys().collect::<Vec<_>>(), ["here", &signed]);
}

#[test]
fn a_damaged_document_keeps_everything() {
    let dir = tempfile::tempdir().expect("a folder");
    let store = ImageStore::open(dir.path()).expect("a layout");
    let damaged = image(&store, &["x"]);
    let config = store.read_manifest(&damaged.digest).expect("a manifest").config;
    std::fs::write(store.blob_path(&config.digest), "{}").expect("written");
    let mut kept = Reachable::default();
    assert!(kept.add(&store, &damaged.digest).is_err(), "what it needs is not known");
}

#[test]
fn unpacked_layers_go_by_their_names_and_only_those() {
    let dir = tempfile::tempdir().expect("a folder");
    let hex = |byte: &str| byte.repeat(32);
    for folder in [hex("aa"), hex("bb"), format!("{}.unfinished", hex("cc"))] {
        std::fs::create_dir_all(dir.path().join(folder).join("x")).expect("made");
    }
    for file in ["notes".to_owned(), format!("{}.lock", hex("aa")), format!("{}.lock", hex("bb"))] {
        std::fs::write(dir.path().join(file), "").expect("written");
    }
    let kept = BTreeSet::from([Digest::from_hex(&hex("aa")).expect("hex")]);
    let remove = |path: &Path| std::fs::remove_dir_all(path);
    let freed = sweep_layers(dir.path(), &kept, (true, &remove)).expect("counted");
    assert_eq!(freed.count, 2);
    assert_eq!(sweep_layers(dir.path(), &kept, (false, &remove)).expect("swept"), freed);
    let wanted = [hex("aa"), format!("{}.lock", hex("aa")), "notes".to_owned()];
    assert_eq!(names(dir.path()), wanted.into_iter().collect());
}

#[test]
fn whoever_holds_the_store_keeps_it_from_being_swept() {
    let dir = tempfile::tempdir().expect("a folder");
    let store = ImageStore::open(dir.path()).expect("a layout");
    let (one, two) = (store.hold().expect("held"), store.hold().expect("held twice"));
    drop(one);
    assert!(store.hold_alone().expect("asked").is_none());
    drop(two);
    assert!(store.hold_alone().expect("asked").is_some());
    let named = image(&store, &["x"]);
    store.tag("shop", &named.digest).expect("tagged");
    store.untag(&["shop"]).expect("untagged");
    store.untag(&["shop"]).expect("away already");
    assert_eq!(store.tags().expect("an index"), BTreeMap::new());
}
