//! Tasks of the project itself: `cargo xtask tidy` and `cargo xtask docs`.
//!
//! What clippy cannot see is checked here: the crates' direction, who may name what, sizes,
//! traits, words, hosts, invariants without a test. It reads the tree and changes nothing,
//! but for `tidy --write`, which lowers the ratchet in `tidy.toml` to the figures reached, and
//! `docs`, which writes what is generated from the source.

#![expect(clippy::print_stdout, reason = "a command-line tool prints its findings")]

mod tidy;

use anyhow::{Context as _, Result, bail};
use std::env;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

fn main() -> Result<ExitCode> {
    let words: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["tidy"] => tidy::run(&root()?, false),
        ["tidy", "--write"] => tidy::run(&root()?, true),
        ["docs"] => tidy::write_documents(&root()?),
        _ => bail!("usage: cargo xtask tidy [--write], or cargo xtask docs"),
    }
}

/// The workspace's root: the parent of the package that Cargo runs. Not as of compiling: checkouts
/// that share a target folder share the program too.
fn root() -> Result<PathBuf> {
    let package = env::var_os("CARGO_MANIFEST_DIR").context("run it as `cargo xtask`")?;
    let package = Path::new(&package);
    Ok(package.parent().unwrap_or(package).to_owned())
}
