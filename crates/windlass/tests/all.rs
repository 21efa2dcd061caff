//! The binary as a user meets it.

#[path = "all/cli.rs"]
mod cli;
