//! Old packages that import what a fresh environment lacks.
//!
//! Pure. `pkg_resources` is part of setuptools, which is no longer installed by default and drops
//! it in later versions. Packages that import it without saying so start nowhere else.

use super::resolution::Resolution;
use pep440_rs::Version;

/// The setuptools that still have `pkg_resources`.
pub(super) const SETUPTOOLS: &str = "setuptools<80";

/// The last gunicorn that imports `pkg_resources`.
const LAST_GUNICORN: [u64; 2] = [20, 1];

/// Whether something in it imports `pkg_resources` without being able to do without.
pub(super) fn needs_setuptools(found: &Resolution) -> bool {
    let version = found.package("gunicorn").and_then(|package| package.version.as_deref());
    let version: Option<Version> = version.and_then(|text| text.parse().ok());
    version.is_some_and(|version| {
        let release = version.release();
        let last = LAST_GUNICORN;
        release[..release.len().min(last.len())] <= last[..]
    })
}
