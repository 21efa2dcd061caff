//! What building a source archive needs of the system besides Python: by a table of packages that
//! are known for it, and from the output of a build that failed for want of it.
//!
//! Pure, apart from [`Lookup`], which asks the archive which package ships a file.

mod known;
mod lookup;
mod missing;

pub use known::packages_for;
pub use lookup::Lookup;
pub use missing::{Missing, missing};
