//! Images for several machines as one file.

use super::archive::{Place, entries, tar_of};
use windlass_model::Digest;
use windlass_oci::{ArchiveError, ImageStore, Index, Platform, export_folder, export_tar};

impl Place {
    /// An index of two images, each for another machine.
    fn index(&self) -> Digest {
        let amd64 = self.image("one");
        let mut manifest = self.store.read_manifest(&amd64).expect("a manifest");
        let mut config = self.store.read_config(&manifest).expect("a config");
        "arm64".clone_into(&mut config.architecture);
        manifest.config = self.store.put_config(&config).expect("stored");
        let arm64 = self.store.put_manifest(&manifest).expect("stored").digest;
        let images = [(amd64, "amd64"), (arm64, "arm64")].map(|(image, architecture)| {
            let image = self.store.descriptor_of(&image).expect("stored");
            image.for_platform(Platform::linux(architecture).with_variant())
        });
        self.store.put_index(&Index::new(images.to_vec())).expect("stored").digest
    }
}

#[test]
fn an_index_comes_back_with_all_its_images_or_with_one() {
    let (from, to) = (Place::new(), Place::new());
    let index = from.index();
    let bytes = from.export(&index, Some("shop"));
    let loaded = to.load(bytes.as_slice()).expect("loaded");
    let [one] = loaded.as_slice() else { panic!("{loaded:?}") };
    assert_eq!((one.manifest, one.layers), (index, 4));
    assert_eq!(to.store.resolve("shop").expect("an index"), Some(index));
    assert_eq!(to.blobs(), from.blobs());
    let details = to.store.details(&index).expect("whole");
    let platforms: Vec<_> = details.iter().map(|image| image.platform.as_str()).collect();
    assert_eq!(platforms, ["linux/amd64", "linux/arm64"]);

    // An archive that lacks an image of its index gives the one for the machine.
    let images = from.store.images_of(&index).expect("an index");
    let without = |image: &Digest| {
        let files = entries(&bytes).into_iter();
        let files = files.filter(|(path, _)| !path.ends_with('/') && !path.ends_with(&image.hex()));
        tar_of(&files.collect::<Vec<_>>())
    };
    let to = Place::new();
    let loaded = to.load(without(&images[1]).as_slice()).expect("loaded");
    assert_eq!((loaded[0].manifest, loaded[0].layers), (images[0], 2));
    assert_eq!(to.store.resolve("shop").expect("an index"), Some(images[0]));
    let error = Place::new().load(without(&images[0]).as_slice()).expect_err("for others");
    assert!(matches!(error, ArchiveError::Missing { .. }), "{error}");

    // As a folder, and as a tar without Docker's words.
    let folder = to.dir.path().join("layout");
    export_folder(&from.store, (&index, &["shop".to_owned()]), &folder).expect("exported");
    let exported = ImageStore::open(&folder).expect("a layout");
    let reached = exported.reached(&index).expect("whole");
    assert!(reached.iter().all(|digest| exported.blob_path(digest).is_file()));
    let file = to.dir.path().join("shop.tar");
    export_tar(&from.store, (&index, &["shop".to_owned()]), &file).expect("exported");
    let loaded = Place::new().load(std::fs::File::open(&file).expect("a tar")).expect("loaded");
    assert_eq!(loaded[0].manifest, index);
}
