//! Images as one file: what is written comes back, and nothing hostile comes in.

use std::io::Read;
use std::path::Path;
use windlass_model::Digest;
use windlass_oci::archive::{export, load};
use windlass_oci::{
    ArchiveError, ArchiveLimits, Content, ImageConfig, ImageStore, LayerEntry, LayerWriter, Loaded,
    Manifest,
};

pub(super) struct Place {
    pub(super) dir: tempfile::TempDir,
    pub(super) store: ImageStore,
}

impl Place {
    pub(super) fn new() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let store = ImageStore::open(dir.path().join("images")).expect("a layout");
        Self { dir, store }
    }

    /// An image of two layers, the upper one with this text.
    pub(super) fn image(&self, text: &str) -> Digest {
        let layer = |path: &str, text: &str| {
            let out = self.store.blob_writer().expect("a writer");
            let entry = LayerEntry::file(path, 0o644, Content::Bytes(text.into()));
            let (out, info) = LayerWriter::new(out, 4).write(vec![entry]).expect("written");
            out.commit(&info.descriptor.digest).expect("stored");
            info
        };
        let layers = [layer("base", "the same below all"), layer("top", text)];
        let config: ImageConfig = serde_json::from_value(serde_json::json!({
            "architecture": "amd64", "os": "linux", "config": {"Cmd": ["sh"]},
            "rootfs": {"type": "layers", "diff_ids": layers.each_ref().map(|l| l.diff_id)},
        }))
        .expect("a config");
        let config = self.store.put_config(&config).expect("stored");
        let layers = layers.into_iter().map(|layer| layer.descriptor).collect();
        self.store.put_manifest(&Manifest::new(config, layers)).expect("stored").digest
    }

    pub(super) fn export(&self, image: &Digest, name: Option<&str>) -> Vec<u8> {
        let mut bytes = Vec::new();
        export(&self.store, image, name, &mut bytes).expect("exported");
        bytes
    }

    pub(super) fn load(&self, mut input: impl Read) -> Result<Vec<Loaded>, ArchiveError> {
        load(&self.store, &mut input, "amd64", ArchiveLimits::default())
    }

    pub(super) fn blobs(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.dir.path().join("images/blobs/sha256"));
        let mut names: Vec<_> = entries
            .expect("readable")
            .map(|e| e.expect("an entry").file_name().into_string().expect("text"))
            .collect();
        names.sort();
        names
    }
}

/// The entries of a tar, in order.
pub(super) fn entries(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut archive = tar::Archive::new(bytes);
    let read = |entry: std::io::Result<tar::Entry<'_, &[u8]>>| {
        let mut entry = entry.expect("an entry");
        let mut content = Vec::new();
        entry.read_to_end(&mut content).expect("whole");
        (entry.path().expect("a path").to_string_lossy().into_owned(), content)
    };
    archive.entries().expect("a tar").map(read).collect()
}

/// A tar of these files.
pub(super) fn tar_of(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, content) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        // The writer of tars refuses `..`: the bytes are put where they belong.
        let name = header.as_mut_bytes();
        name[..path.len()].copy_from_slice(path.as_bytes());
        header.set_cksum();
        builder.append(&header, content.as_slice()).expect("appended");
    }
    builder.into_inner().expect("ended")
}

#[test]
fn an_image_comes_back_as_it_went() {
    let (from, to) = (Place::new(), Place::new());
    let image = from.image("one");
    let bytes = from.export(&image, Some("shop"));
    assert_eq!(bytes, from.export(&image, Some("shop")), "the same bytes every time");
    let loaded = to.load(bytes.as_slice()).expect("loaded");
    let [one] = loaded.as_slice() else { panic!("{loaded:?}") };
    assert_eq!(
        (one.names.as_slice(), one.manifest, one.layers),
        (&["shop".to_owned()][..], image, 2)
    );
    assert_eq!(to.store.resolve("shop").expect("an index"), Some(image));
    assert_eq!(to.blobs(), from.blobs(), "nothing else is left in the store");
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut packed, &bytes).expect("in memory");
    let packed = packed.finish().expect("in memory");
    assert_eq!(Place::new().load(packed.as_slice()).expect("gzip too"), loaded);
    let loaded = Place::new().load(from.export(&image, None).as_slice()).expect("loaded");
    assert_eq!((loaded[0].names.len(), loaded[0].manifest), (0, image));
}

#[test]
fn dockers_own_form_is_taken_and_gives_one_image() {
    let from = Place::new();
    let image = from.image("two");
    let files: Vec<_> = entries(&from.export(&image, Some("shop:1.2")))
        .into_iter()
        .filter(|(path, _)| path != "index.json" && path != "oci-layout" && !path.ends_with('/'))
        .collect();
    let to = Place::new();
    let loaded = to.load(tar_of(&files).as_slice()).expect("loaded");
    assert_eq!((loaded[0].names.as_slice(), loaded[0].layers), (&["shop:1.2".to_owned()][..], 2));
    assert_eq!(loaded[0].manifest, image, "its layers are ours, and so is the manifest");
}

#[test]
fn what_is_damaged_or_missing_is_refused_and_leaves_nothing() {
    let from = Place::new();
    let image = from.image("three");
    let good = entries(&from.export(&image, Some("shop")));
    let good: Vec<_> = good.into_iter().filter(|(path, _)| !path.ends_with('/')).collect();
    let manifest = from.store.read_manifest(&image).expect("a manifest");
    let layer = format!("blobs/sha256/{}", manifest.layers[1].digest.hex());
    let config = format!("blobs/sha256/{}", manifest.config.digest.hex());
    let changed = |wanted: &str, change: &dyn Fn(&mut Vec<u8>)| {
        let mut files = good.clone();
        change(&mut files.iter_mut().find(|(path, _)| path == wanted).expect("there").1);
        files
    };
    let without = |wanted: &str| -> Vec<_> {
        good.iter().filter(|(path, _)| path != wanted).cloned().collect()
    };
    for (files, wanted) in [
        (changed(&layer, &|bytes| bytes[20] ^= 1), "damaged"),
        (changed(&config, &|bytes| bytes[20] ^= 1), "damaged"),
        (changed(&layer, &|bytes| bytes.push(0)), "announced"),
        (changed("index.json", &|bytes| bytes.truncate(20)), "cannot be understood"),
        (without(&layer), "lacks"),
        (without(&config), "lacks"),
        (vec![("notes".to_owned(), vec![1])], "no image"),
        ([good.clone(), vec![good[0].clone()]].concat(), "twice"),
    ] {
        let to = Place::new();
        let error = to.load(tar_of(&files).as_slice()).expect_err(wanted).to_string();
        assert!(error.contains(wanted), "{error}, not {wanted}");
        assert_eq!(to.store.tags().expect("an index").len(), 0, "{wanted}");
        assert_eq!(to.blobs(), [""; 0], "{wanted}");
    }
    let bytes = tar_of(&good);
    let error = Place::new().load(&bytes[..bytes.len() / 2]).expect_err("cut off");
    assert!(matches!(error, ArchiveError::Read { .. }), "{error}");
    assert!(Place::new().load(&b"no tar"[..]).is_err());
}

/// Every digest of the documents is right, and the layer is not what the config says: a layer of
/// another image under this one's name.
#[test]
fn a_layer_that_is_not_the_configs_is_refused() {
    let from = Place::new();
    let (one, other) = (from.image("mine"), from.image("other"));
    let config = from.store.read_manifest(&one).expect("a manifest").config;
    let layers = from.store.read_manifest(&other).expect("a manifest").layers;
    let mixed = from.store.put_manifest(&Manifest::new(config, layers)).expect("stored").digest;
    let bytes = from.export(&mixed, Some("shop"));
    let error = Place::new().load(bytes.as_slice()).expect_err("mixed").to_string();
    assert!(error.contains("damaged"), "{error}");
}

#[test]
fn hostile_archives_get_nowhere() {
    let from = Place::new();
    let good = entries(&from.export(&from.image("x"), Some("shop")));
    let file = |path: &str| vec![(path.to_owned(), b"x".to_vec())];
    for path in ["../outside", "/etc/outside", "a/../../outside", "blobs/sha256/.."] {
        let to = Place::new();
        let error = to.load(tar_of(&file(path)).as_slice()).expect_err(path);
        assert!(matches!(error, ArchiveError::Unsafe { .. }), "{path}: {error}");
        assert!(!to.dir.path().join("outside").exists() && !Path::new("/etc/outside").exists());
    }
    // A link in the place of a blob, to a file of this machine: it is not followed.
    let to = Place::new();
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_ustar();
    header.set_entry_type(tar::EntryType::Symlink);
    header.set_size(0);
    builder.append_link(&mut header, "index.json", "/etc/passwd").expect("appended");
    let linked = builder.into_inner().expect("ended");
    assert!(matches!(to.load(linked.as_slice()), Err(ArchiveError::NoImage)));
    // Names with tricks.
    for name in ["../shop", "a b", "\u{1b}[2Jshop"] {
        let index = |bytes: &[u8]| {
            let text = String::from_utf8(bytes.to_vec()).expect("text");
            let name = serde_json::to_string(name).expect("text");
            // The complete name that containerd reads first.
            let (before, rest) = text.split_once("containerd.image.name\":").expect("named");
            let (_, rest) = rest[1..].split_once('"').expect("a text");
            format!("{before}containerd.image.name\":{name}{rest}").into_bytes()
        };
        let files: Vec<_> = good
            .iter()
            .filter(|(path, _)| !path.ends_with('/'))
            .map(|(path, bytes)| {
                let bytes = if path == "index.json" { index(bytes) } else { bytes.clone() };
                (path.clone(), bytes)
            })
            .collect();
        let error = Place::new().load(tar_of(&files).as_slice()).expect_err(name);
        assert!(matches!(error, ArchiveError::Name { .. }), "{name:?}: {error}");
    }
}

#[test]
fn there_is_an_end_to_what_is_taken() {
    let from = Place::new();
    let bytes = from.export(&from.image(&"x".repeat(3_000_000)), Some("shop"));
    let limited = |bytes: &[u8], limit, files| {
        let limits = ArchiveLimits { bytes: limit, files };
        load(&Place::new().store, &mut { bytes }, "amd64", limits).map(|loaded| loaded.len())
    };
    assert!(matches!(limited(&bytes, 10_000_000, 100), Ok(1)));
    // The archive is small, and what its layers decompress to is not.
    for (limit, files) in [(1_000_000, 100), (100, 100), (10_000_000, 3)] {
        let error = limited(&bytes, limit, files).expect_err("too much");
        let too_much = matches!(error, ArchiveError::TooLarge { .. } | ArchiveError::Read { .. });
        assert!(too_much, "{limit}, {files}: {error}");
    }
    // A bomb: gigabytes of zeros in a gzip of a tar.
    let mut header = tar::Header::new_ustar();
    header.set_path("bomb").expect("short");
    header.set_size(4 << 30);
    header.set_cksum();
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut packed, header.as_bytes()).expect("in memory");
    let bomb = packed.finish().expect("in memory");
    let error = limited(&bomb, 1 << 20, 100).expect_err("a bomb");
    assert!(matches!(error, ArchiveError::TooLarge { .. }), "{error}");
}
