//! The parts of an image, each made once for its inputs: the system's layers, the project's layer,
//! the config. [`crate::build`](fn@crate::build) puts them together.

mod bytecode;
mod config;
mod ignore;
mod interpreter;
mod project;
mod secrets;
mod shelf;
mod system;

pub use bytecode::CompileError;
pub(crate) use config::{NamedLayer, environment, image_config, made_by, working_dir};
#[cfg(test)]
pub(crate) use ignore::excludes;
pub(crate) use ignore::{default_rules, matches_pattern};
pub use interpreter::Interpreter;
pub(crate) use project::{Changes, ProjectFiles};
pub use project::{ProjectError, SecretFile};
pub use secrets::SecretKind;
pub(crate) use secrets::Token;
pub use shelf::ShelfError;
pub(crate) use shelf::{Shelf, key_of};
pub use system::{InterpreterError, SystemError};
pub(crate) use system::{System, SystemRequest, read_json, unpack_entries, write_json};
