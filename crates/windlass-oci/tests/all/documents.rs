//! Indexes, what is about an image, and what an image reaches.

use std::collections::BTreeSet;
use windlass_oci::{
    Attachment, Descriptor, ImageStore, Index, Manifest, Payload, Platform, StoreError,
};

fn image(store: &ImageStore, text: &str) -> Descriptor {
    let config = store.put_blob(Descriptor::CONFIG, &mut b"{}".as_slice()).expect("stored");
    let layer = store.put_blob(Descriptor::LAYER_TAR, &mut text.as_bytes()).expect("stored");
    store.put_manifest(&Manifest::new(config, vec![layer])).expect("stored")
}

#[test]
fn an_index_is_kept_named_and_reaches_its_images_and_what_is_about_them() {
    let dir = tempfile::tempdir().expect("a folder");
    let store = ImageStore::open(dir.path()).expect("a layout");
    let images = ["amd64", "arm64"]
        .map(|processor| image(&store, processor).for_platform(Platform::linux(processor)));
    let index = Index::new(images.to_vec());
    let root = store.put_index(&index).expect("stored");
    store.tag("many", &root.digest).expect("tagged");
    assert_eq!(store.resolve("many").expect("an index"), Some(root.digest));
    assert_eq!(store.read_index(&root.digest).expect("an index"), index);
    let text = std::fs::read_to_string(dir.path().join("index.json")).expect("written");
    assert!(text.contains(Descriptor::INDEX) && !text.contains("\"subject\""), "{text}");

    let attachment = Attachment {
        artifact_type: "application/vnd.example.note".to_owned(),
        payloads: vec![Payload::new("text/plain", b"a note".to_vec())],
        annotations: std::collections::BTreeMap::new(),
    };
    let note = store.attach(&images[1].digest, &attachment).expect("attached").digest;
    // Index, two images, the note, three layers, one config.
    let reached = store.reached(&root.digest).expect("whole");
    assert_eq!(reached.len(), 8, "{reached:?}");
    assert!(reached.is_superset(&BTreeSet::from([root.digest, images[0].digest, note])));
    std::fs::remove_file(store.blob_path(&note)).expect("ours");
    assert_eq!(store.reached(&root.digest).expect("whole").len(), 6, "the note is gone");
    std::fs::remove_file(store.blob_path(&images[0].digest)).expect("ours");
    assert!(matches!(store.reached(&root.digest), Err(StoreError::Disk { .. })));
}

#[test]
fn what_is_no_manifest_gets_no_name() {
    let dir = tempfile::tempdir().expect("a folder");
    let store = ImageStore::open(dir.path()).expect("a layout");
    let text = br#"{"schemaVersion":2,"manifests":[],"layers":[],"config":null}"#;
    let blob = store.put_blob(Descriptor::INDEX, &mut text.as_slice()).expect("stored");
    assert!(matches!(store.tag("x", &blob.digest), Err(StoreError::Ambiguous { .. })));
    assert_eq!(store.resolve("x").expect("an index"), None);
}
