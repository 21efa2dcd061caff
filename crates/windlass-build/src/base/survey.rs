//! What there is to know about a base, read from its files once.

use super::BaseOrder;
use super::error::BaseError;
use super::linker::{self, Libc};
use super::present::{self, Present};
use super::pull::Pulled;
use super::python;
use super::tree::Tree;
use crate::libraries::Objects;
use crate::scheme::Scheme;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use windlass_oci::{Expected, LayerCache};

/// Where programs are looked for when an image does not say it.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Facts {
    pub(super) scheme: Scheme,
    pub(super) patch: u16,
    pub(super) glibc: (u16, u16),
    /// Whether `python` is its Python too.
    pub(super) has_short_name: bool,
    /// Its settings.
    pub(super) env: BTreeMap<String, String>,
    /// The texts of its `/etc/passwd` and `/etc/group`.
    pub(super) users: [String; 2],
    pub(super) present: Vec<Present>,
}

/// Unpacks the layers where that was not done before, and looks through their files.
pub(super) fn survey(
    order: &BaseOrder<'_>,
    name: &str,
    pulled: &Pulled,
) -> Result<(Facts, Objects), BaseError> {
    let wanted: Vec<Expected> = pulled
        .layers
        .iter()
        .map(|layer| Expected { digest: layer.info.descriptor.digest, diff_id: layer.info.diff_id })
        .collect();
    let folders = LayerCache::open(order.layers)?.ensure_layers(order.store, &wanted)?;
    let tree = Tree::read(name, &folders)?;
    let mut env: BTreeMap<String, String> = pulled
        .config
        .env
        .iter()
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let path = env.entry("PATH".to_owned()).or_insert_with(|| PATH.to_owned()).clone();
    let found = python::find(&tree, &path, &env)
        .map_err(|place| BaseError::Python { name: name.to_owned(), place })?;
    let refused = |musl| BaseError::Libc { name: name.to_owned(), musl };
    let glibc = match linker::libc(&tree, order.architecture) {
        Libc::Glibc(major, minor) => (major, minor),
        Libc::Musl => return Err(refused(true)),
        Libc::Nothing => return Err(refused(false)),
    };
    let text = |path: &str| tree.text(path).unwrap_or_default();
    let facts = Facts {
        scheme: found.scheme,
        patch: found.patch,
        glibc,
        has_short_name: found.has_short_name,
        users: [text("etc/passwd"), text("etc/group")],
        present: present::packages(&tree, found.scheme),
        env,
    };
    Ok((facts, linker::objects(&tree, order.architecture)))
}
