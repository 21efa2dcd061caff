//! A package that somebody asks for, by one of several names, and whether an image can do without.

use super::index::PackageIndex;
use super::resolve::ResolveError;
use serde::Serialize;

/// A package asked for. Where it was asked for is no part of what it stands for in keys.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct Wish {
    /// Its names, the first that the archive has counts: releases call a library differently.
    pub(crate) names: Vec<String>,
    /// Whether nothing is built when the archive has none of them.
    pub(crate) required: bool,
    /// Where it was asked for, for messages.
    #[serde(skip)]
    pub(crate) place: String,
}

impl Wish {
    /// A wish as it is written: alternatives are parted by `|`, as in Debian's own relations.
    pub(crate) fn new(written: &str, required: bool, place: impl Into<String>) -> Self {
        let names = written.split('|').map(|name| name.trim().to_owned()).collect();
        Self { names, required, place: place.into() }
    }
}

/// The names that the archive has, in the wishes' order, and the wishes that it cannot grant.
///
/// # Errors
/// A wish that is required and cannot be granted.
pub(super) fn granted(
    index: &PackageIndex,
    wishes: &[Wish],
) -> Result<(Vec<String>, Vec<String>), ResolveError> {
    let (mut names, mut lacking) = (Vec::new(), Vec::new());
    for wish in wishes {
        match wish.names.iter().find(|name| index.knows(name)) {
            Some(name) => names.push(name.clone()),
            None if !wish.required => lacking.push(wish.names.join(" | ")),
            None => {
                let name = wish.names.first().cloned().unwrap_or_default();
                let similar = index.similar(&name);
                return Err(ResolveError::Unknown { name, similar, place: wish.place.clone() });
            }
        }
    }
    Ok((names, lacking))
}
