//! The arguments of what goes to registries and comes from them.

use clap::{Args, ValueEnum};
use windlass_oci::registry::Reference;

#[derive(Debug, Args)]
pub(crate) struct Push {
    /// Where to, such as `registry.example.org/team/shop:1.4`; several are possible. What: the app
    /// of this folder, unless an app's name or an image's digest comes first
    #[arg(required = true, value_name = "REFERENCE")]
    pub(crate) words: Vec<String>,
    /// A tag, for references without one; without any the tags come from git
    #[arg(short, long, value_name = "TAG")]
    pub(crate) tag: Vec<String>,
    /// Take tags from git and the pipeline even where tags are given: branch, `pr-7`, `1.4.2`,
    /// `1.4`, `1`, `latest`, `sha-0123456`
    #[arg(long, value_name = "SOURCE")]
    pub(crate) tags: Option<TagSource>,
    /// Speak HTTP without TLS to a registry that is not this machine
    #[arg(long)]
    pub(crate) plain_http: bool,
}

/// Where tags come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TagSource {
    /// The checkout and the pipeline
    Git,
}

#[derive(Debug, Args)]
pub(crate) struct Pull {
    /// An image, such as `registry.example.org/team/shop:1.4`
    pub(crate) reference: Reference,
    /// Fetch what is attached to the image as well: signatures, provenance, bills of materials
    #[arg(long)]
    pub(crate) attached: bool,
    /// The platform to pull, such as `linux/arm64`, or `all`; otherwise this machine's
    #[arg(long, value_name = "PLATFORM")]
    pub(crate) platform: Option<String>,
    /// Speak HTTP without TLS to a registry that is not this machine
    #[arg(long)]
    pub(crate) plain_http: bool,
}
