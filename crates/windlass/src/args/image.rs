//! The arguments of `windlass image` and `windlass export`.

use super::{ImageKey, ImageSbom, ImageScan, ImageSign, ImageVerify, Size};
use clap::{Args, Subcommand};
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(crate) struct Image {
    #[command(subcommand)]
    pub(crate) verb: ImageVerb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ImageVerb {
    /// List the images of this machine and what uses them
    Ls,
    /// Show what an image holds and how it runs
    Inspect(ImageInspect),
    /// Write an image to a file that docker, podman and skopeo read
    Export(ImageExport),
    /// Take the images of a file: an OCI archive, or one of docker or podman
    Load(ImageLoad),
    /// Take names from images: what no name and no release needs then, `image prune` removes
    Rm(ImageRm),
    /// Free the disk of images, layers and cached files that nothing needs
    Prune(ImagePrune),
    /// Write the bill of materials of an image: every package in it
    Sbom(ImageSbom),
    /// Make a pair of keys: one signs images, the other verifies them
    GenerateKey(ImageKey),
    /// Sign an image and what is attached to it, as cosign does with a key
    Sign(ImageSign),
    /// Check that a key signed an image, and every byte of the image
    Verify(ImageVerify),
    /// Find known vulnerabilities of the packages in an image
    Scan(ImageScan),
}

#[derive(Debug, Args)]
pub(crate) struct ImageInspect {
    /// A name, a digest, or the beginning of one
    #[arg(value_name = "IMAGE")]
    pub(crate) image: String,
}

#[derive(Debug, Args)]
pub(crate) struct ImageExport {
    /// A name, a digest, or the beginning of one
    #[arg(value_name = "IMAGE")]
    pub(crate) image: String,
    /// The file; `-` for standard output
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct ImageLoad {
    /// The file; `-` for standard input
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct ImageRm {
    /// A name, or a digest or the beginning of one for all names of that image
    #[arg(value_name = "IMAGE", required = true)]
    pub(crate) images: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ImagePrune {
    /// Say what would be removed and remove nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Keep the images of this many releases of each app that served, instead of 10
    #[arg(long, value_name = "N")]
    pub(crate) keep: Option<u32>,
    /// Let the build cache keep this much, instead of 10GB
    #[arg(long, value_name = "SIZE")]
    pub(crate) cache_size: Option<Size>,
}

#[derive(Debug, Args)]
pub(crate) struct Export {
    #[command(subcommand)]
    pub(crate) verb: ExportVerb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ExportVerb {
    /// Write a Dockerfile that does what Windlass would do, and a .dockerignore
    Dockerfile(ExportDockerfile),
}

#[derive(Debug, Args)]
pub(crate) struct ExportDockerfile {
    /// The project's folder
    #[arg(default_value = ".")]
    pub(crate) path: PathBuf,
    /// Where the files go, instead of the project; `-` prints the Dockerfile
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,
    /// Replace files that were written by hand
    #[arg(long)]
    pub(crate) force: bool,
    /// Say what would be written and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}
