//! What the loader would read of a program or shared library: an ELF file's name, what it needs,
//! where it looks for that, and which versions of symbols it asks for or offers. Pure.
//!
//! Reads 64-bit little-endian files, which is what amd64 and arm64 have (System V ABI, chapters 4
//! and 5; the GNU extensions for symbol versions as in the Linux Standard Base). Only the program
//! headers, the dynamic section and single names are read, each at its place and within limits, so
//! that a library of gigabytes costs no more than a small one, and a hostile file gives `None`.
//! What this does not do: look at symbols, relocations or sections.

mod image;
#[cfg(test)]
pub(crate) mod samples;
#[cfg(test)]
mod tests;
mod versions;

use image::{Image, ReadAt};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What the loader reads of an ELF file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ElfFacts {
    /// Number of the processor (`e_machine`).
    pub(crate) machine: u16,
    /// The name by which others ask for it (`DT_SONAME`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) soname: Option<String>,
    /// The libraries that it asks for (`DT_NEEDED`), in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) needed: Vec<String>,
    /// Folders of `DT_RPATH`; empty where there is a `DT_RUNPATH`, which replaces it (ld.so(8)).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) rpath: Vec<String>,
    /// Folders of `DT_RUNPATH`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) runpath: Vec<String>,
    /// Versions that it cannot do without, by the library that must offer them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) versions_needed: BTreeMap<String, Vec<String>>,
    /// Versions that it offers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) versions_offered: Vec<String>,
}

/// A whole dynamic section is not larger than this, in entries; real ones have some dozens.
const MAX_DYNAMIC: u64 = 4096;

const DT_NULL: u64 = 0;
const DT_NEEDED: u64 = 1;
const DT_STRTAB: u64 = 5;
const DT_SONAME: u64 = 14;
const DT_RPATH: u64 = 15;
const DT_RUNPATH: u64 = 29;
const DT_VERDEF: u64 = 0x6fff_fffc;
const DT_VERDEFNUM: u64 = 0x6fff_fffd;
const DT_VERNEED: u64 = 0x6fff_fffe;
const DT_VERNEEDNUM: u64 = 0x6fff_ffff;

impl ElfFacts {
    /// The facts of a file that is in memory; `None` for what the loader would not load: other
    /// formats, other sizes of word, files that are cut off.
    pub(crate) fn of(file: &[u8]) -> Option<Self> {
        Self::read(&|offset, length| {
            let start = usize::try_from(offset).ok()?;
            Some(file.get(start..start.checked_add(length)?)?.to_vec())
        })
    }

    /// The facts of a file whose bytes `read_at` gives: `length` bytes at `offset`, or `None` where
    /// there are not so many.
    pub(crate) fn read(read_at: ReadAt<'_>) -> Option<Self> {
        let image = Image::open(read_at)?;
        let mut dynamic = Dynamic::default();
        if let Some((offset, size)) = image.dynamic {
            let entries = (size / 16).min(MAX_DYNAMIC);
            let table = read_at(offset, usize::try_from(entries * 16).ok()?)?;
            for entry in table.chunks_exact(16) {
                let (tag, value) = (image::u64_in(entry, 0)?, image::u64_in(entry, 8)?);
                if tag == DT_NULL {
                    break;
                }
                dynamic.add(tag, value);
            }
        }
        dynamic.facts(&image)
    }

    /// Whether the loader of this processor would load it.
    pub(crate) fn is_for(&self, architecture: &str) -> bool {
        self.machine == machine_of(architecture)
    }
}

/// The number that ELF files for a processor carry, by Debian's name of it.
fn machine_of(architecture: &str) -> u16 {
    match architecture {
        "arm64" => 183,
        _ => 62,
    }
}

/// The entries of the dynamic section that matter here, not yet followed.
#[derive(Default)]
struct Dynamic {
    strings: Option<u64>,
    soname: Option<u64>,
    needed: Vec<u64>,
    rpath: Option<u64>,
    runpath: Option<u64>,
    /// Address and number of entries.
    needs: (Option<u64>, u64),
    offers: (Option<u64>, u64),
}

impl Dynamic {
    fn add(&mut self, tag: u64, value: u64) {
        match tag {
            DT_STRTAB => self.strings = Some(value),
            DT_SONAME => self.soname = Some(value),
            DT_NEEDED => self.needed.push(value),
            DT_RPATH => self.rpath = Some(value),
            DT_RUNPATH => self.runpath = Some(value),
            DT_VERNEED => self.needs.0 = Some(value),
            DT_VERNEEDNUM => self.needs.1 = value,
            DT_VERDEF => self.offers.0 = Some(value),
            DT_VERDEFNUM => self.offers.1 = value,
            _ => {}
        }
    }

    fn facts(self, image: &Image<'_>) -> Option<ElfFacts> {
        let mut facts = ElfFacts { machine: image.machine, ..ElfFacts::default() };
        let Some(strings) = self.strings else { return Some(facts) };
        let text = |offset: u64| image.text(strings.checked_add(offset)?);
        let folders = |offset: Option<u64>| -> Option<Vec<String>> {
            let Some(offset) = offset else { return Some(Vec::new()) };
            Some(text(offset)?.split(':').filter(|f| !f.is_empty()).map(str::to_owned).collect())
        };
        facts.soname = match self.soname {
            Some(offset) => Some(text(offset)?).filter(|name| !name.is_empty()),
            None => None,
        };
        facts.needed = self.needed.iter().map(|offset| text(*offset)).collect::<Option<_>>()?;
        facts.runpath = folders(self.runpath)?;
        if self.runpath.is_none() {
            facts.rpath = folders(self.rpath)?;
        }
        if let (Some(address), count) = self.needs {
            facts.versions_needed = versions::needed(image, (address, count), &text)?;
        }
        if let (Some(address), count) = self.offers {
            facts.versions_offered = versions::offered(image, (address, count), &text)?;
        }
        Some(facts)
    }
}
