//! What one layer says, read once for its digest.
//!
//! Invariant: what is in the cache was read from a layer whose digest and diff-id were right.

use super::interest::{self, Interest};
use super::{DebianPackage, InventoryError, OsRelease, PythonPackage, dpkg, metadata};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read, Write as _};
use std::path::Path;
use windlass_oci::{Expected, ImageStore, Item, UnpackError, walk_layer};

/// Part of the cached files' names: raised when the same layer gives other facts.
const FORM: u32 = 1;
/// How much of a metadata file is read, in bytes; its headers come first.
const METADATA_BYTES: u64 = 1 << 20;
/// How much of a status file is read, in bytes: ten times a full desktop's.
const STATUS_BYTES: u64 = 64 << 20;
/// Facts, links and whiteouts that a layer may have.
const COUNT: usize = 500_000;
/// Largest cached file that is read, in bytes.
const CACHED_BYTES: u64 = 512 << 20;

/// One layer's facts and what it does to those of the layers below it, by path.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct LayerFacts {
    /// What its files say.
    pub(super) facts: BTreeMap<String, Fact>,
    /// What it takes away from lower layers, with all below.
    pub(super) whiteouts: BTreeSet<String>,
    /// Folders that it begins anew.
    pub(super) opaque: BTreeSet<String>,
    /// Links, and files that may stand where a lower layer has a folder.
    pub(super) stands: BTreeSet<String>,
}

/// What a file says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Fact {
    /// The distribution.
    OsRelease(OsRelease),
    /// Installed Debian packages.
    Debian(Vec<DebianPackage>),
    /// A Python distribution.
    Python(PythonPackage),
    /// A Python of that version.
    Interpreter(String),
    /// A package database of a kind that is not understood.
    Foreign,
    /// A file that was looked at and says nothing: a lower layer's is still gone.
    Nothing,
}

/// The layer's facts, from the cache if they are there.
pub(super) fn cached(
    store: &ImageStore,
    layer: Expected,
    cache: &Path,
) -> Result<LayerFacts, InventoryError> {
    let place = cache.join(format!("{}-{FORM}.json", layer.diff_id.hex()));
    if let Some(known) = load(&place) {
        return Ok(known);
    }
    let facts = read(store, layer)?;
    save(&facts, cache, &place).map_err(|source| InventoryError::Cache { path: place, source })?;
    Ok(facts)
}

/// A cached file that cannot be read is as good as none: it is written anew.
fn load(place: &Path) -> Option<LayerFacts> {
    let file = std::fs::File::open(place).ok()?;
    let reader = io::BufReader::new(file.take(CACHED_BYTES));
    serde_json::from_reader(reader).ok()
}

fn save(facts: &LayerFacts, cache: &Path, place: &Path) -> io::Result<()> {
    std::fs::create_dir_all(cache)?;
    let mut file = tempfile::NamedTempFile::new_in(cache)?;
    file.write_all(&serde_json::to_vec(facts)?)?;
    file.as_file().sync_all()?;
    file.persist(place).map_err(|error| error.error)?;
    Ok(())
}

/// Reads the layer, every byte of it.
fn read(store: &ImageStore, layer: Expected) -> Result<LayerFacts, InventoryError> {
    let mut facts = LayerFacts::default();
    let mut links = Vec::new();
    let mut too_many = false;
    let walked = walk_layer(&store.blob_path(&layer.digest), layer, &mut |path, item| {
        facts.entry(path, item, &mut links)?;
        too_many = facts.len() + links.len() > COUNT;
        if too_many { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(()) }
    });
    match walked {
        Err(UnpackError::Read { .. }) if too_many => {
            let what = "packages, links and whiteouts";
            return Err(InventoryError::TooMuch { layer: layer.digest, what, limit: COUNT });
        }
        other => other?,
    }
    for (path, target) in links {
        facts.hard_link(path, &target);
    }
    Ok(facts)
}

impl LayerFacts {
    fn len(&self) -> usize {
        self.facts.len() + self.whiteouts.len() + self.opaque.len() + self.stands.len()
    }

    fn entry(
        &mut self,
        path: &str,
        item: Item<'_>,
        links: &mut Vec<(String, String)>,
    ) -> io::Result<()> {
        let interest = interest::of(path);
        match item {
            Item::File(content) => {
                if let Some(interest) = interest {
                    let fact = read_fact(interest, content, path)?;
                    self.facts.insert(path.to_owned(), fact);
                }
                if path.ends_with("-info") {
                    self.stands.insert(path.to_owned());
                }
            }
            Item::HardLink(target) if interest.is_some() => links.push((path.to_owned(), target)),
            Item::Symlink => {
                self.stands.insert(path.to_owned());
            }
            Item::Whiteout => {
                self.whiteouts.insert(path.to_owned());
            }
            Item::Opaque => {
                self.opaque.insert(path.to_owned());
            }
            Item::HardLink(_) | Item::Dir | Item::Node => {}
        }
        Ok(())
    }

    /// A second name says what the first one does. Targets come before links in a layer, but a
    /// target whose own path says nothing was not read.
    fn hard_link(&mut self, path: String, target: &str) {
        let fact = match self.facts.get(target) {
            Some(Fact::Python(package)) => {
                Fact::Python(PythonPackage { paths: vec![path.clone()], ..package.clone() })
            }
            Some(other) => other.clone(),
            None => Fact::Nothing,
        };
        self.facts.insert(path, fact);
    }
}

fn read_fact(interest: Interest, content: &mut dyn Read, path: &str) -> io::Result<Fact> {
    let limit = if interest == Interest::Dpkg { STATUS_BYTES } else { METADATA_BYTES };
    let mut bytes = Vec::new();
    if interest != Interest::Foreign {
        content.take(limit).read_to_end(&mut bytes)?;
    }
    let text = String::from_utf8_lossy(&bytes);
    let fact = match interest {
        Interest::OsRelease => OsRelease::parse(&text).map(Fact::OsRelease),
        Interest::Dpkg => Some(Fact::Debian(dpkg::installed(&text))),
        Interest::Metadata => metadata::parse(&text, path).map(Fact::Python),
        Interest::Interpreter => interpreter(&text).map(Fact::Interpreter),
        Interest::Foreign => Some(Fact::Foreign),
    };
    Ok(fact.unwrap_or(Fact::Nothing))
}

/// `#define PY_VERSION "3.12.7"`.
fn interpreter(header: &str) -> Option<String> {
    let rest = header.lines().find_map(|line| line.strip_prefix("#define PY_VERSION"))?;
    let version = rest.trim().trim_matches('"');
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '+';
    (!version.is_empty() && version.len() < 40 && version.chars().all(plain))
        .then(|| version.to_owned())
}
