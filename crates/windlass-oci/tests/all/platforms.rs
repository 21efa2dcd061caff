//! Images for several platforms: listed as one, and the right one chosen.

use std::fs;
use windlass_model::Digest;
use windlass_oci::attachment::signature_name;
use windlass_oci::{
    ChoiceError, Descriptor, ImageConfig, ImageStore, Index, Manifest, Platform, StoreError,
};

/// An image of one layer; of `shared` bytes too where an image of another machine has them.
fn image(store: &ImageStore, architecture: &str, layers: &[&str]) -> Descriptor {
    let layers: Vec<Descriptor> = layers
        .iter()
        .map(|text| store.put_blob(Descriptor::LAYER_TAR, &mut text.as_bytes()).expect("stored"))
        .collect();
    let config: ImageConfig = serde_json::from_value(serde_json::json!({
        "architecture": architecture,
        "os": "linux",
        "config": {},
        "rootfs": {"type": "layers", "diff_ids": layers.iter().map(|l| l.digest).collect::<Vec<_>>()},
    }))
    .expect("a config");
    let config = store.put_config(&config).expect("stored");
    let stored = store.put_manifest(&Manifest::new(config, layers)).expect("stored");
    stored.for_platform(Platform::linux(architecture))
}

struct Many {
    _dir: tempfile::TempDir,
    store: ImageStore,
    images: Vec<Descriptor>,
    index: Digest,
}

fn many() -> Many {
    let dir = tempfile::tempdir().expect("a folder");
    let store = ImageStore::open(dir.path()).expect("a layout");
    let images = vec![
        image(&store, "amd64", &["shared", "one"]),
        image(&store, "arm64", &["shared", "other"]),
    ];
    let index = store.put_index(&Index::new(images.clone())).expect("stored").digest;
    store.tag("shop", &index).expect("tagged");
    Many { _dir: dir, store, images, index }
}

#[test]
fn an_index_is_listed_with_its_platforms_and_what_is_missing() {
    let Many { store, images, index, .. } = &many();
    // What is only about an image is no image.
    store.tag(&signature_name(index), &images[0].digest).expect("tagged");
    let listed = store.list(&[]).expect("an index");
    assert_eq!(listed.len(), 1, "{listed:#?}");
    let shop = &listed[0];
    assert_eq!((shop.digest, shop.layers), (*index, 3), "the shared layer counts once");
    assert_eq!(shop.platforms, ["linux/amd64", "linux/arm64"]);
    assert_eq!(shop.damage, None);
    let file = |digest: &Digest| fs::metadata(store.blob_path(digest)).expect("stored").len();
    let manifests = images.iter().map(|image| image.digest).chain([*index]);
    let configs = images.iter().map(|i| store.read_manifest(&i.digest).expect("stored").config);
    let documents: u64 = manifests.chain(configs.map(|c| c.digest)).map(|d| file(&d)).sum();
    assert_eq!(shop.bytes, documents + 6 + 3 + 5);

    fs::remove_file(store.blob_path(&images[1].digest)).expect("it was there");
    let damaged = &store.list(&[]).expect("an index")[0];
    assert_eq!(damaged.damage.as_deref(), Some("missing: linux/arm64"));
    assert_eq!(damaged.layers, 2);
}

#[test]
fn the_image_for_a_machine_is_chosen_among_those_that_are_here() {
    let Many { store, images, index, .. } = &many();
    let choose = |root: &Digest, wanted: &str| store.image_for(root, &wanted.parse().expect("one"));
    for (wanted, image) in [("linux/amd64", &images[0]), ("linux/arm64/v8", &images[1])] {
        assert_eq!(choose(index, wanted).expect(wanted), image.digest);
    }
    let itself = choose(&images[1].digest, "linux/amd64").expect("an image is what it is");
    assert_eq!(itself, images[1].digest);
    fs::remove_file(store.blob_path(&images[1].digest)).expect("it was there");
    match choose(index, "linux/arm64") {
        Err(ChoiceError::NoPlatform { available, .. }) => assert_eq!(available, ["linux/amd64"]),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_changed_byte_anywhere_is_found() {
    let Many { store, images, index, .. } = &many();
    store.check(index).expect("whole");
    let manifest = store.read_manifest(&images[1].digest).expect("a manifest");
    for part in [images[1].digest, manifest.config.digest, manifest.layers[1].digest] {
        let path = store.blob_path(&part);
        let before = fs::read(&path).expect("stored");
        let mut bytes = before.clone();
        bytes[0] ^= 1;
        fs::write(&path, &bytes).expect("ours");
        let found = store.check(index);
        assert!(matches!(found, Err(StoreError::Damaged { .. })), "{part}: {found:?}");
        fs::write(&path, before).expect("ours");
    }
    fs::remove_file(store.blob_path(&manifest.layers[0].digest)).expect("it was there");
    assert!(matches!(store.check(index), Err(StoreError::Disk { .. })));
}
