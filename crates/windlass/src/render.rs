//! Values as text: pure functions, each with the text it gives in its tests.
//!
//! What this module does not do: print. [`crate::output::Output`] does, and decides where to.

pub(crate) mod build;
pub(crate) mod diff;
pub(crate) mod ending;
pub(crate) mod image;
pub(crate) mod logs;
pub(crate) mod packages;
pub(crate) mod plan;
pub(crate) mod problem;
pub(crate) mod releases;
pub(crate) mod server;
pub(crate) mod status;
pub(crate) mod story;
pub(crate) mod style;
pub(crate) mod table;
pub(crate) mod time;
pub(crate) mod transfer;
pub(crate) mod trust;
