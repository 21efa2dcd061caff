//! The Debian root of an image, from signed packages, without running any of their scripts.
//!
//! What scripts would have done is done here by code: users, certificates, the loader's cache,
//! links. The rest of the crate sees names of packages go in and layer entries come out.

mod alternatives;
mod archive;
mod catalogue;
mod contents;
mod deb;
mod deb822;
mod furnish;
mod index;
mod ld_cache;
mod package;
mod plan;
mod relation;
mod release;
mod resolve;
mod root;
mod sources;
mod tidy;
mod trust;
mod version;
mod wish;

pub use archive::{ArchiveSettings, pythons};
pub(crate) use archive::{NEWEST_SUITE, suite_of};
pub(crate) use catalogue::Catalogue;
pub use catalogue::{ArchiveAccess, CatalogueError};
pub(crate) use contents::LibraryIndex;
pub use deb::DebError;
pub(crate) use deb::tar_entries;
pub(crate) use deb822::stanzas;
pub(crate) use furnish::{start_hook, triplet};
pub(crate) use index::PackageIndex;
pub(crate) use plan::{FORM, PlannedPackage, RootPlan, RootSpec, StandalonePackage};
pub use resolve::ResolveError;
pub use root::UnpackPackagesError;
pub(crate) use root::{RootEntries, entries};
pub use trust::TrustError;
pub(crate) use version::compare as compare_versions;
pub(crate) use wish::Wish;

/// What reads bytes from outside, for the fuzzer.
#[cfg(fuzzing)]
pub(crate) mod fuzzed {
    pub(crate) use super::contents::LibraryIndex;
    pub(crate) use super::deb::Deb;
    pub(crate) use super::index::PackageIndex;
    pub(crate) use super::relation::parse as parse_relations;
    pub(crate) use super::release::Release;
    pub(crate) use super::version::compare;
}
