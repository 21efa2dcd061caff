//! What tests and measurements of Windlass need and the product does not.
//!
//! A [`World`] is an installation of its own in a temporary folder, run through the real binary
//! and taken down with everything that it started. [`Load`] asks an address without pause and
//! counts what fails. [`Project`] writes small Python projects. Test code only: it may panic
//! with the reason where a test cannot go on.

mod cgroups;
pub mod fake_back_end;
pub mod load;
pub mod page;
pub mod processes;
pub mod project;
pub mod registry;
pub mod run;
pub mod tools;
pub mod world;

pub use fake_back_end::{FakeBackEnd, FakeWorld, Script};
pub use load::{Load, LoadReport, LoadSpec};
pub use page::Page;
pub use project::{Fault, Project};
pub use registry::{RegistryAuth, RegistryService, TokenAuth};
pub use run::{Run, Running};
pub use world::World;
