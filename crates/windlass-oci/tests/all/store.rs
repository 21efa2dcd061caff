//! The layout on disk: blobs, tags, damage.

use windlass_oci::{Descriptor, ImageStore, Manifest, StoreError};

#[test]
fn a_tag_moves_and_other_tags_stay() {
    let dir = tempfile::tempdir().expect("a folder");
    let store = ImageStore::open(dir.path()).expect("a layout");
    let config = store.put_blob(Descriptor::CONFIG, &mut b"{}".as_slice()).expect("stored");
    let one = store.put_manifest(&Manifest::new(config.clone(), vec![])).expect("stored");
    let mut other = Manifest::new(config, vec![]);
    other.annotations.insert("a".into(), "b".into());
    let two = store.put_manifest(&other).expect("stored");
    store.tag("shop", &one.digest).expect("tagged");
    store.tag("blog", &one.digest).expect("tagged");
    store.tag("shop", &two.digest).expect("tagged");
    assert_eq!(store.resolve("shop").expect("an index"), Some(two.digest));
    let again = ImageStore::open(dir.path()).expect("the same layout");
    assert_eq!(again.resolve("blog").expect("an index"), Some(one.digest));
    assert_eq!(again.resolve("none").expect("an index"), None);
    assert_eq!(again.read_manifest(&two.digest).expect("a manifest"), other);
}

#[test]
fn a_damaged_document_is_never_used() {
    let dir = tempfile::tempdir().expect("a folder");
    let store = ImageStore::open(dir.path()).expect("a layout");
    let config = store.put_blob(Descriptor::CONFIG, &mut b"{}".as_slice()).expect("stored");
    let manifest = store.put_manifest(&Manifest::new(config, vec![])).expect("stored");
    let path = store.blob_path(&manifest.digest);
    let mut bytes = std::fs::read(&path).expect("a blob");
    bytes.push(b' ');
    std::fs::write(&path, bytes).expect("writable");
    assert!(matches!(store.read_manifest(&manifest.digest), Err(StoreError::Damaged { .. })));
    assert!(!store.holds(&manifest));
}

#[test]
fn nothing_is_left_of_a_blob_that_is_not_committed() {
    let dir = tempfile::tempdir().expect("a folder");
    let store = ImageStore::open(dir.path()).expect("a layout");
    drop(store.blob_writer().expect("a writer"));
    let left = std::fs::read_dir(dir.path().join("blobs/sha256")).expect("a folder").count();
    assert_eq!(left, 0);
}
