//! From a Python project's folder to an image.
//!
//! [`inspect`] reads the project and decides (pure); the rest does it: the Debian root, Python,
//! the dependencies' wheels, the project's own files, each a layer that is made once for its
//! inputs. Nothing here prints, exits, or reads the environment; settings arrive as arguments.

#![forbid(unsafe_code)]

pub mod advisories;
pub mod base;
pub mod build;
pub mod cache;
pub mod debian;
mod declare;
pub mod download;
mod elf;
pub mod explain;
pub mod export;
#[cfg(fuzzing)]
pub mod fuzzing;
mod git;
pub mod image;
pub mod inspect;
pub mod inventory;
mod libraries;
mod meter;
pub mod packages;
pub mod provenance;
mod revision;
pub mod sbom;
pub mod scheme;
pub mod signature;
mod standalone;
pub mod step;
pub mod toolchain;
pub mod wheels;

pub use build::{
    BuildDirs, BuildError, BuildRequest, BuildSettings, BuiltImage, BuiltPlatform, build,
    is_standalone, pythons,
};
pub use step::{RunStep, StepError, StepMount, StepSpec};
