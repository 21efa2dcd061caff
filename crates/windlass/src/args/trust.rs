//! The arguments of what is said about images: contents, signatures, vulnerabilities.

use clap::{Args, ValueEnum};
use std::path::PathBuf;
use windlass_model::Severity;
use windlass_oci::Platform;

#[derive(Debug, Args)]
pub(crate) struct ImageSbom {
    /// A name, a digest, or the beginning of one
    #[arg(value_name = "IMAGE")]
    pub(crate) image: String,
    #[command(flatten)]
    pub(crate) which: Which,
    /// The form: SPDX 2.3 or CycloneDX 1.6, both JSON
    #[arg(long, value_enum, default_value_t = BillFormat::Spdx)]
    pub(crate) format: BillFormat,
    /// Write it to this file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Attach it to the image too, so that a push takes it along and `sign` signs it
    #[arg(long)]
    pub(crate) attach: bool,
}

/// Which image of an index.
#[derive(Debug, Args)]
pub(crate) struct Which {
    /// Of an image for several platforms, the one for this; otherwise this machine's
    #[arg(long, value_name = "PLATFORM")]
    pub(crate) platform: Option<Platform>,
}

/// The forms of a bill of materials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum BillFormat {
    /// SPDX 2.3
    Spdx,
    /// CycloneDX 1.6
    Cyclonedx,
}

#[derive(Debug, Args)]
pub(crate) struct Password {
    /// The file with the key's password; `-` for standard input [env: WINDLASS_KEY_PASSWORD]
    #[arg(long, value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct ImageKey {
    /// The files' name before `.key` and `.pub`
    #[arg(default_value = "windlass", value_name = "NAME")]
    pub(crate) name: PathBuf,
    #[command(flatten)]
    pub(crate) password: Password,
}

#[derive(Debug, Args)]
pub(crate) struct ImageSign {
    /// A name, a digest, or the beginning of one
    #[arg(value_name = "IMAGE")]
    pub(crate) image: String,
    /// The private key: P-256 as PEM, plain or encrypted as cosign does it
    #[arg(long, value_name = "FILE")]
    pub(crate) key: PathBuf,
    /// The name to sign it under, such as registry.example.org/shop; otherwise the image's own
    #[arg(long, value_name = "NAME")]
    pub(crate) reference: Option<String>,
    #[command(flatten)]
    pub(crate) password: Password,
}

#[derive(Debug, Args)]
pub(crate) struct ImageVerify {
    /// A name, a digest, or the beginning of one
    #[arg(value_name = "IMAGE")]
    pub(crate) image: String,
    /// The public key, PEM
    #[arg(long, value_name = "FILE")]
    pub(crate) key: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct ImageScan {
    /// A name, a digest, or the beginning of one
    #[arg(value_name = "IMAGE")]
    pub(crate) image: String,
    #[command(flatten)]
    pub(crate) which: Which,
    /// Where advisories are: a file, a folder or a URL, OSV or Debian's tracker; instead of
    /// `[tool.windlass.scan]`; may be given more than once
    #[arg(long, value_name = "SOURCE")]
    pub(crate) advisories: Vec<String>,
    /// What counts, from this severity on: negligible, low, medium, high, critical; with anything
    /// that counts the exit code is 4
    #[arg(long, value_name = "SEVERITY")]
    pub(crate) severity: Option<Severity>,
}
