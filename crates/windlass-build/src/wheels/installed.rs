//! Packages as they will be in an image: their segments, and how layers share them.

use super::gather::Gathered;
use super::merge::Overlap;
use super::segment::{Segment, SegmentFile};
use std::collections::BTreeSet;
use windlass_model::{Digest, PythonVersion};
use windlass_oci::{SplicedFile, SplicedLayer};

/// A package whose files are in a segment; its bytecode is not made yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacedPackage {
    /// Its normalised name.
    pub name: String,
    /// Its name and version.
    pub label: String,
    /// SHA-256 of its wheel.
    pub wheel: Digest,
    /// Whether it was built from a folder of the project.
    pub is_local: bool,
    /// Its files.
    pub segment: Segment,
    /// The Python that it was built with, when it was built from sources.
    pub built_with: Option<PythonVersion>,
}

/// The installed packages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// The packages, in the resolution's order.
    pub packages: Vec<InstalledPackage>,
    /// How they are laid into layers, the lowest first.
    pub layers: Vec<PackageLayer>,
    /// Harmless files that two packages bring; the first package's was kept.
    pub overlaps: Vec<Overlap>,
    /// Packages that were built from sources, now or earlier.
    pub built: Vec<BuiltPackage>,
}

/// One installed package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstalledPackage {
    /// Its normalised name.
    pub name: String,
    /// Its name and version.
    pub label: String,
    /// Whether it was built from a folder of the project.
    pub is_local: bool,
    /// The wheel's files; then RECORD and the bytecode.
    pub segments: [Segment; 2],
    /// Files that another package's stand for, by their segment and their number in it.
    pub dropped: BTreeSet<(usize, usize)>,
}

/// A layer of packages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageLayer {
    /// What it is, for a person.
    pub title: String,
    /// Numbers of its packages.
    pub packages: Vec<usize>,
}

/// A package that was built from sources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuiltPackage {
    /// Its name and version.
    pub package: String,
    /// The Python that the build ran on: the nearest to the image's that this machine has.
    pub python: PythonVersion,
}

impl PlacedPackage {
    pub(super) fn new(gathered: Gathered, segment: Segment) -> Self {
        Self {
            name: gathered.name,
            label: gathered.label,
            wheel: gathered.form.digest,
            is_local: gathered.is_local,
            segment,
            built_with: gathered.built_with,
        }
    }
}

impl BuiltPackage {
    pub(super) fn of(placed: &PlacedPackage) -> Option<Self> {
        let python = placed.built_with?;
        Some(Self { package: placed.label.clone(), python })
    }
}

impl InstalledPackage {
    /// All files with their segment's number and their own, dropped ones too.
    pub(super) fn numbered(&self) -> impl Iterator<Item = ((usize, usize), &SegmentFile)> {
        self.segments.iter().enumerate().flat_map(|(segment, there)| {
            let files = there.index.files.iter().enumerate();
            files.map(move |(number, file)| ((segment, number), file))
        })
    }

    /// What the package adds to the image, with the segment that holds it.
    pub fn files(&self) -> impl Iterator<Item = (&Segment, &SegmentFile)> {
        let kept = self.numbered().filter(|(place, _)| !self.dropped.contains(place));
        kept.map(|((segment, _), file)| (&self.segments[segment], file))
    }
}

impl Installed {
    /// What a layer is joined from.
    pub fn spliced(&self, layer: &PackageLayer) -> SplicedLayer<'_> {
        let mut spliced = SplicedLayer::default();
        let packages = layer.packages.iter().map(|number| &self.packages[*number]);
        for (segment, file) in packages.flat_map(InstalledPackage::files) {
            let path = file.path.as_str();
            let above = path.rmatch_indices('/').map(|(at, _)| &path[..at]);
            for folder in above {
                if !spliced.folders.insert(folder) {
                    break;
                }
            }
            spliced.files.push(SplicedFile { path, segment: &segment.files, slice: &file.slice });
        }
        spliced
    }
}
