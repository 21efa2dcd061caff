//! What is said about images: contents, bills of materials, signatures; over real layers.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;
use windlass_build::inventory::{self, Inventory, InventoryError};
use windlass_build::sbom::{self, Format, Hashes, Subject};
use windlass_build::signature::{self, PrivateKey, SignError};
use windlass_model::Digest;
use windlass_oci::{
    Descriptor, ImageConfig, ImageStore, LayerEntry, LayerWriter, Manifest, StoreError, attachment,
};

struct Image {
    folder: TempDir,
    store: ImageStore,
    manifest: Digest,
}

/// An image of layers, each a list of paths and contents, lowest first.
fn image(layers: &[&[(&str, &str)]]) -> Image {
    let folder = tempfile::tempdir().expect("a folder");
    let store = ImageStore::open(folder.path().join("images")).expect("a store");
    let mut descriptors = Vec::new();
    let mut diff_ids = Vec::new();
    for files in layers {
        let entries = files.iter().map(|(path, text)| match text.strip_prefix("-> ") {
            Some(target) => LayerEntry::symlink(*path, target),
            None => LayerEntry::text(*path, *text),
        });
        let (bytes, info) =
            LayerWriter::new(Vec::new(), 1).write(entries.collect()).expect("a layer");
        store.put_blob(Descriptor::LAYER_GZIP, &mut bytes.as_slice()).expect("written");
        descriptors.push(info.descriptor);
        diff_ids.push(info.diff_id);
    }
    let config = store.put_config(&config(diff_ids)).expect("written");
    let manifest = store.put_manifest(&Manifest::new(config, descriptors)).expect("written");
    store.tag("shop", &manifest.digest).expect("tagged");
    Image { folder, store, manifest: manifest.digest }
}

fn config(diff_ids: Vec<Digest>) -> ImageConfig {
    ImageConfig {
        architecture: "arm64".to_owned(),
        user: String::new(),
        env: vec![],
        cmd: vec![],
        working_dir: String::new(),
        labels: BTreeMap::new(),
        healthcheck: None,
        diff_ids,
        history: vec![],
    }
}

impl Image {
    fn read(&self) -> Result<Inventory, InventoryError> {
        inventory::read(&self.store, &self.manifest, &self.folder.path().join("facts"))
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }
}

const LOW: &[(&str, &str)] = &[
    ("etc/os-release", "-> ../usr/lib/os-release"),
    ("usr/lib/os-release", "ID=debian\nVERSION_ID=\"13\"\nVERSION_CODENAME=trixie\n"),
    (
        "var/lib/dpkg/status.d/zlib1g",
        "Package: zlib1g\nSource: zlib (1:1.3-1)\nVersion: 1:1.3-1+b1\n",
    ),
    ("var/lib/dpkg/status.d/zlib1g.md5sums", "x  usr/lib/libz.so\n"),
    ("usr/local/include/python3.12/patchlevel.h", "#define PY_VERSION      \t \"3.12.7\"\n"),
    ("venv/old-1.dist-info/METADATA", "Name: old\nVersion: 1\n"),
    ("venv/kept-1.dist-info/METADATA", "Name: kept\nVersion: 1\nLicense: MIT\n"),
    ("opt/env/lost-1.dist-info/METADATA", "Name: lost\nVersion: 1\n"),
];
const HIGH: &[(&str, &str)] = &[
    ("venv/.wh.old-1.dist-info", ""),
    ("venv/new-2.dist-info/METADATA", "Name: New_One\nVersion: 2+cpu\n\nName: not this\n"),
    ("opt/env", "-> /venv"),
    ("app/x.egg-info", "Name: flat\nVersion: 0.1\n"),
];

#[test]
fn layers_are_laid_on_each_other_and_read_once() {
    let image = image(&[LOW, HIGH]);
    let first = image.read().expect("an inventory");
    let names: Vec<_> = first.python.iter().map(|p| format!("{} {}", p.name, p.version)).collect();
    assert_eq!(names, ["flat 0.1", "kept 1", "New_One 2+cpu"]);
    assert_eq!(first.debian[0].source, "zlib");
    assert_eq!(first.interpreters, ["3.12.7"]);
    assert_eq!(first.architecture, "arm64");
    let release = first.distribution.as_ref().expect("the lower layer says it");
    assert_eq!(release.codename.as_deref(), Some("trixie"));

    // Without its layers it can only come from what is known of them.
    for layer in image.store.read_manifest(&image.manifest).expect("a manifest").layers {
        fs::remove_file(image.store.blob_path(&layer.digest)).expect("it was there");
    }
    assert_eq!(image.read().expect("an inventory"), first);
}

#[test]
fn a_layer_of_zstandard_is_read_too() {
    let image = image(&[]);
    let entries = LOW.iter().filter(|(_, text)| !text.starts_with("-> "));
    let entries = entries.map(|(path, text)| LayerEntry::text(*path, *text)).collect();
    let (bytes, info) =
        LayerWriter::zstd(Vec::new()).expect("a packer").write(entries).expect("a layer");
    assert!(bytes.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]));
    image.store.put_blob(Descriptor::LAYER_ZSTD, &mut bytes.as_slice()).expect("written");
    let config = image.store.put_config(&config(vec![info.diff_id])).expect("written");
    let manifest = Manifest::new(config, vec![info.descriptor.clone()]);
    let manifest = image.store.put_manifest(&manifest).expect("written").digest;
    let read = || inventory::read(&image.store, &manifest, &image.path("facts"));
    let found = read().expect("an inventory");
    assert_eq!((found.debian[0].source.as_str(), found.python.len()), ("zlib", 3));

    let path = image.store.blob_path(&info.descriptor.digest);
    let mut cut = bytes;
    cut.truncate(cut.len() - 1);
    fs::write(path, cut).expect("ours");
    fs::remove_dir_all(image.path("facts")).expect("ours");
    assert!(matches!(read(), Err(InventoryError::Layer(_))), "cut off");
}

#[test]
fn a_damaged_layer_says_nothing() {
    let image = image(&[LOW]);
    let layer = image.store.read_manifest(&image.manifest).expect("a manifest").layers[0].clone();
    let path = image.store.blob_path(&layer.digest);
    let mut bytes = fs::read(&path).expect("a layer");
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(&path, bytes).expect("ours");
    for _ in 0..2 {
        assert!(matches!(image.read(), Err(InventoryError::Layer(_))), "nothing was kept of it");
    }
}

#[test]
fn bills_are_attached_and_replaced() {
    let image = image(&[LOW, HIGH]);
    let inventory = image.read().expect("an inventory");
    let subject = Subject { name: "shop", manifest: image.manifest };
    for format in Format::ALL {
        let bill = sbom::render(format, subject, &inventory, &Hashes::new());
        let first = sbom::attach(&image.store, &image.manifest, format, bill.clone());
        let again = sbom::attach(&image.store, &image.manifest, format, bill.clone());
        assert_eq!(first.expect("attached"), again.expect("attached"));
        sbom::attach(&image.store, &image.manifest, format, b"{}".to_vec()).expect("attached");
        sbom::attach(&image.store, &image.manifest, format, bill.clone()).expect("attached");
        let attached = image.store.attached(&image.manifest, format.media_type());
        assert_eq!(attached.expect("readable"), [bill]);
    }
    let all = image.store.attachments(&image.manifest).expect("an index");
    assert_eq!(all.len(), 2, "{all:?}");
    for entry in all {
        let manifest = image.store.read_manifest(&entry.digest).expect("a manifest");
        assert_eq!(manifest.subject.expect("a subject").digest, image.manifest);
        assert_eq!(manifest.artifact_type, entry.artifact_type);
    }
    assert_eq!(image.store.resolve("shop").expect("an index"), Some(image.manifest));
}

fn openssl(arguments: &[&str], folder: &Path) {
    let out = Command::new("openssl").args(arguments).current_dir(folder).output();
    let out = out.expect("openssl is needed: install the package `openssl`");
    assert!(out.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&out.stderr));
}

#[test]
fn openssl_verifies_what_a_key_of_openssl_signed() {
    let image = image(&[LOW]);
    let folder = image.folder.path();
    openssl(&["ecparam", "-name", "prime256v1", "-genkey", "-out", "old.pem"], folder);
    openssl(&["pkcs8", "-topk8", "-nocrypt", "-in", "old.pem", "-out", "key.pem"], folder);
    openssl(&["ec", "-in", "key.pem", "-pubout", "-out", "pub.pem"], folder);
    let text = |name: &str| fs::read_to_string(image.path(name)).expect("openssl wrote it");
    let key = PrivateKey::from_pem(&text("key.pem"), None).expect("PKCS #8");
    let old = PrivateKey::from_pem(&text("old.pem"), None).expect("SEC 1, after its parameters");
    assert_eq!(old.public(), key.public());
    assert_eq!(key.public().to_pem(), text("pub.pem"));

    let bill = sbom::render(
        Format::Spdx,
        Subject { name: "shop", manifest: image.manifest },
        &image.read().expect("an inventory"),
        &Hashes::new(),
    );
    sbom::attach(&image.store, &image.manifest, Format::Spdx, bill).expect("attached");
    let signed = signature::sign(&image.store, &image.manifest, "shop", &key).expect("signed");
    assert_eq!(signed.attested.len(), 1);

    let there = image.store.resolve(&attachment::signature_name(&image.manifest));
    let there = there.expect("an index").expect("signed");
    let layer = &image.store.read_manifest(&there).expect("a manifest").layers[0];
    let payload = image.store.read_document(&layer.digest).expect("a payload");
    let claim: serde_json::Value = serde_json::from_slice(&payload).expect("JSON");
    let digest = image.manifest.to_string();
    assert_eq!(claim["critical"]["image"]["docker-manifest-digest"], digest.as_str());
    fs::write(image.path("payload"), &payload).expect("ours");
    let signature = &layer.annotations["dev.cosignproject.cosign/signature"];
    fs::write(image.path("signature.b64"), signature).expect("ours");
    openssl(&["base64", "-d", "-A", "-in", "signature.b64", "-out", "signature"], folder);
    let verify = ["dgst", "-sha256", "-verify", "pub.pem", "-signature", "signature", "payload"];
    openssl(&verify, folder);

    // All of it travels with the image: the bill, its signature, the image's.
    assert_eq!(image.store.attachments(&image.manifest).expect("an index").len(), 3);
    let verify = || signature::verify(&image.store, &image.manifest, &key.public());
    assert_eq!(verify().expect("good").attested.len(), 1);
    let layer = image.store.read_manifest(&image.manifest).expect("a manifest").layers[0].clone();
    let path = image.store.blob_path(&layer.digest);
    let mut bytes = fs::read(&path).expect("a layer");
    bytes[20] ^= 1;
    fs::write(&path, bytes).expect("ours");
    let damaged = verify();
    assert!(matches!(damaged, Err(SignError::Store(StoreError::Damaged { .. }))), "{damaged:?}");
}
