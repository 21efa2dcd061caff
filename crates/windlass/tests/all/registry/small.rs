//! A small image, and its way to a registry and back.

use windlass_model::Digest;
use windlass_oci::registry::{Platforms, PushRequest, Pushed, Reference, Registry, RegistryError};
use windlass_oci::{Descriptor, ImageConfig, ImageStore, Manifest, Platform};

/// A store with one small image: two layers of a megabyte each, made from `seed`.
pub(crate) struct Small {
    _dir: tempfile::TempDir,
    pub(crate) store: ImageStore,
    pub(crate) image: Digest,
}

impl Small {
    pub(crate) fn new(seed: u64) -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let store = ImageStore::open(dir.path()).expect("a layout");
        let image = put(&store, seed, "amd64").digest;
        store.tag("small", &image).expect("tagged");
        Self { _dir: dir, store, image }
    }

    pub(crate) fn push(
        &self,
        client: &Registry,
        to: &str,
        tag: &str,
    ) -> Result<Pushed, RegistryError> {
        push(client, &self.store, &self.image, (to, tag))
    }

    pub(crate) fn manifest(&self) -> Manifest {
        self.store.read_manifest(&self.image).expect("it was put there")
    }
}

pub(crate) fn push(
    client: &Registry,
    store: &ImageStore,
    image: &Digest,
    (to, tag): (&str, &str),
) -> Result<Pushed, RegistryError> {
    let to: Reference = to.parse().expect("a reference");
    let tags = [tag.to_owned()];
    client.push(&PushRequest { store, image, to: &to, tags: &tags, notes: None }, &|_| ())
}

pub(crate) fn pull(
    client: &Registry,
    from: &str,
) -> Result<(ImageStore, Digest, tempfile::TempDir), RegistryError> {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let store = ImageStore::open(dir.path()).expect("a layout");
    let from: Reference = from.parse().expect("a reference");
    let platform = Platforms::One(Platform::linux("amd64"));
    let pulled = client.pull(&from, &platform, &store, &|_| ())?;
    Ok((store, pulled.digest, dir))
}

/// An image that no two seeds share a layer of. Registries do not look into layers.
pub(crate) fn put(store: &ImageStore, seed: u64, architecture: &str) -> Descriptor {
    let layer = |which: u64| {
        let mut state = seed.wrapping_mul(2).wrapping_add(which).wrapping_add(1);
        let bytes: Vec<u8> = std::iter::repeat_with(|| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) as u8
        })
        .take(1 << 20)
        .collect();
        store.put_blob(Descriptor::LAYER_GZIP, &mut bytes.as_slice()).expect("written")
    };
    let layers = vec![layer(0), layer(1)];
    let config: ImageConfig = serde_json::from_value(serde_json::json!({
        "architecture": architecture,
        "os": "linux",
        "config": {},
        "rootfs": {"type": "layers", "diff_ids": layers.iter().map(|l| l.digest).collect::<Vec<_>>()},
    }))
    .expect("a config");
    let config = store.put_config(&config).expect("written");
    let image = store.put_manifest(&Manifest::new(config, layers)).expect("written");
    image.for_platform(Platform::linux(architecture))
}
