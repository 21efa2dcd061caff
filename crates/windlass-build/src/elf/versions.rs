//! Versions of symbols: `GLIBC_2.38` of libc, `GLIBCXX_3.4.32` of libstdc++ (Linux Standard Base
//! Core Specification, "Symbol Versioning").
//!
//! Both tables are chains of records that say how far the next one is. A chain only goes forward,
//! and the number of steps is bounded.

use super::image::{Image, u16_in, u32_in};
use std::collections::BTreeMap;

/// Most records that are followed in one file; libc has some two thousand symbols in 45 versions.
const MAX_STEPS: usize = 8192;
/// The file itself, not a version of it.
const VER_FLG_BASE: u16 = 1;
/// A version that may be absent.
const VER_FLG_WEAK: u16 = 2;

type Text<'a> = &'a dyn Fn(u64) -> Option<String>;

/// Versions that a file cannot do without, by library. `table` is an address and a number of
/// records.
pub(super) fn needed(
    image: &Image<'_>,
    (mut at, count): (u64, u64),
    text: Text<'_>,
) -> Option<BTreeMap<String, Vec<String>>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut steps = 0;
    for _ in 0..count {
        let record = image.bytes(at, 16)?;
        let (versions, file) = (u16_in(&record, 2)?, text(u32_in(&record, 4)?.into())?);
        let mut inner = at.checked_add(u32_in(&record, 8)?.into())?;
        let mut names = Vec::new();
        for _ in 0..versions {
            steps += 1;
            if steps > MAX_STEPS {
                return None;
            }
            let version = image.bytes(inner, 16)?;
            if u16_in(&version, 4)? & VER_FLG_WEAK == 0 {
                names.push(text(u32_in(&version, 8)?.into())?);
            }
            match u32_in(&version, 12)? {
                0 => break,
                next => inner = inner.checked_add(next.into())?,
            }
        }
        names.sort_unstable();
        found.entry(file).or_default().extend(names);
        steps += 1;
        match u32_in(&record, 12)? {
            _ if steps > MAX_STEPS => return None,
            0 => break,
            next => at = at.checked_add(next.into())?,
        }
    }
    found.retain(|_, names| !names.is_empty());
    Some(found)
}

/// Versions that a file offers, sorted.
pub(super) fn offered(
    image: &Image<'_>,
    (mut at, count): (u64, u64),
    text: Text<'_>,
) -> Option<Vec<String>> {
    let mut found = Vec::new();
    for step in 0..count {
        if step > MAX_STEPS as u64 {
            return None;
        }
        let record = image.bytes(at, 20)?;
        // The first name is the version's own; those that follow are what it builds upon.
        let name = image.bytes(at.checked_add(u32_in(&record, 12)?.into())?, 8)?;
        if u16_in(&record, 2)? & VER_FLG_BASE == 0 {
            found.push(text(u32_in(&name, 0)?.into())?);
        }
        match u32_in(&record, 16)? {
            0 => break,
            next => at = at.checked_add(next.into())?,
        }
    }
    found.sort_unstable();
    Some(found)
}
