//! Shared libraries of an image: which ones its files need, which of those are there, and which
//! Debian packages bring the rest.
//!
//! Pure, apart from reading the files of wheels: facts of ELF files in, names and reasons out.
//! [`crate::build`](fn@crate::build) fetches what is named here.

mod added;
mod explain;
mod known;
mod loader;
mod notes;
mod objects;

pub(crate) use added::{Addition, added, findings, is_extension, wishes};
pub(crate) use explain::{is_of_a_driver, left_out, of_a_base, warnings};
pub(crate) use known::{Known, needs_of};
pub(crate) use loader::{Unresolved, in_merged_usr, unresolved};
pub(crate) use notes::ObjectNotes;
pub(crate) use objects::{Objects, facts_at, is_library, programs};
