//! The layout on disk: blobs, tags, damage.

use windlass_oci::{Descriptor, ImageStore, Manifest, StoreError, export_folder, export_tar};

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

#[test]
fn what_is_being_built_is_not_swept() {
    let dir = tempfile::tempdir().expect("a folder");
    let store = ImageStore::open(dir.path()).expect("a layout");
    let (one, two) = (store.hold().expect("held"), store.hold().expect("held twice"));
    drop(one);
    assert!(store.hold_alone().expect("a lock").is_none());
    drop(two);
    assert!(store.hold_alone().expect("a lock").is_some());
}

#[test]
fn a_name_is_taken_away_and_others_stay() {
    let dir = tempfile::tempdir().expect("a folder");
    let store = ImageStore::open(dir.path()).expect("a layout");
    let config = store.put_blob(Descriptor::CONFIG, &mut b"{}".as_slice()).expect("stored");
    let image = store.put_manifest(&Manifest::new(config, vec![])).expect("stored").digest;
    for name in ["shop", "blog"] {
        store.tag(name, &image).expect("tagged");
    }
    store.untag(&["shop"]).expect("untagged");
    store.untag(&["shop"]).expect("nothing to do");
    assert_eq!(store.tags().expect("an index"), [("blog".to_owned(), image)].into());
}

#[test]
fn an_exported_image_is_a_layout_of_its_own() {
    let dir = tempfile::tempdir().expect("a folder");
    let store = ImageStore::open(dir.path().join("store")).expect("a layout");
    let config = store.put_blob(Descriptor::CONFIG, &mut b"{}".as_slice()).expect("stored");
    let layer = store.put_blob(Descriptor::LAYER_TAR, &mut [0; 1024].as_slice()).expect("stored");
    store.put_blob(Descriptor::LAYER_TAR, &mut b"another's".as_slice()).expect("stored");
    let image = store.put_manifest(&Manifest::new(config, vec![layer])).expect("stored").digest;
    let names = ["shop:1".to_owned(), "shop:latest".to_owned()];

    let folder = dir.path().join("folder");
    for _ in 0..2 {
        export_folder(&store, (&image, &names), &folder).expect("exported");
    }
    let copy = ImageStore::open(&folder).expect("a layout");
    assert_eq!(copy.tags().expect("an index").len(), 2);
    assert_eq!(copy.read_manifest(&image).expect("a manifest").layers.len(), 1);
    let blobs = std::fs::read_dir(folder.join("blobs/sha256")).expect("a folder").count();
    assert_eq!(blobs, 3, "nothing else of the store");

    let (one, two) = (dir.path().join("one.tar"), dir.path().join("two.tar"));
    export_tar(&store, (&image, &names), &one).expect("exported");
    export_tar(&store, (&image, &names), &two).expect("exported");
    let tar = std::fs::read(&one).expect("a file");
    assert_eq!(tar, std::fs::read(&two).expect("a file"));
    let unpacked = dir.path().join("unpacked");
    tar::Archive::new(tar.as_slice()).unpack(&unpacked).expect("a tar");
    let read = ImageStore::open(&unpacked).expect("a layout");
    assert_eq!(read.resolve("shop:1").expect("an index"), Some(image));
    assert_eq!(read.read_manifest(&image).expect("a manifest").layers.len(), 1);
}
