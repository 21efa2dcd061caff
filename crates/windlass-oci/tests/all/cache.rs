//! The cache of unpacked layers, under contention and after a crash.

use std::collections::BTreeMap;
use std::path::Path;
use windlass_model::Digest;
use windlass_oci::{ImageConfig, ImageStore, LayerCache, LayerEntry, LayerWriter, Manifest};

fn image(store: &ImageStore) -> Digest {
    let mut layers = Vec::new();
    let mut diff_ids = Vec::new();
    for name in ["low", "high"] {
        let out = store.blob_writer().expect("a writer");
        let entries =
            (0..300).map(|n| LayerEntry::text(format!("{name}/{n}"), "x".repeat(n))).collect();
        let (out, info) = LayerWriter::new(out, 6).write(entries).expect("written");
        out.commit(&info.descriptor.digest).expect("committed");
        layers.push(info.descriptor);
        diff_ids.push(info.diff_id);
    }
    let config = ImageConfig {
        architecture: "amd64".into(),
        user: String::new(),
        env: vec![],
        cmd: vec![],
        working_dir: String::new(),
        labels: BTreeMap::new(),
        healthcheck: None,
        diff_ids,
        history: vec![],
    };
    let config = store.put_config(&config).expect("stored");
    store.put_manifest(&Manifest::new(config, layers)).expect("stored").digest
}

fn count(dir: &Path) -> usize {
    std::fs::read_dir(dir).expect("a folder").count()
}

#[test]
fn many_at_once_give_one_whole_layer_each() {
    let dir = tempfile::tempdir().expect("a folder");
    let store = ImageStore::open(dir.path().join("images")).expect("a layout");
    let manifest = image(&store);
    let results: Vec<_> = std::thread::scope(|scope| {
        let ensure = || {
            let cache = LayerCache::open(dir.path().join("layers")).expect("a cache");
            cache.ensure(&store, &manifest).expect("unpacked")
        };
        let threads: Vec<_> = (0..6).map(|_| scope.spawn(ensure)).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    for paths in results {
        assert_eq!(paths.len(), 2);
        assert_eq!((count(&paths[0].join("low")), count(&paths[1].join("high"))), (300, 300));
    }
}

#[test]
fn what_a_crash_left_is_thrown_away() {
    let dir = tempfile::tempdir().expect("a folder");
    let store = ImageStore::open(dir.path().join("images")).expect("a layout");
    let manifest = image(&store);
    let document = store.read_manifest(&manifest).expect("a manifest");
    let low = store.read_config(&document).expect("a config").diff_ids[0];
    let left = dir.path().join("layers").join(format!("{}.unfinished", low.hex()));
    std::fs::create_dir_all(left.join("low")).expect("made");
    std::fs::write(left.join("low/stale"), "half").expect("written");
    let cache = LayerCache::open(dir.path().join("layers")).expect("a cache");
    let paths = cache.ensure(&store, &manifest).expect("unpacked");
    assert_eq!(count(&paths[0].join("low")), 300);
    assert!(!left.exists());
}
