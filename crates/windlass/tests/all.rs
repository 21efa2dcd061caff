//! The binary as a whole: real projects, real images, real containers, real requests.
//!
//! Every test has an installation of its own and leaves nothing behind. Downloads are made once
//! per machine and shared. What the kernel or the machine lacks fails the test, with its name.

#[path = "all/build.rs"]
mod build;
#[path = "all/cli.rs"]
mod cli;
#[path = "all/commands.rs"]
mod commands;
#[path = "all/confinement.rs"]
mod confinement;
#[path = "all/crashes.rs"]
mod crashes;
#[path = "all/edges.rs"]
mod edges;
#[path = "all/frameworks.rs"]
mod frameworks;
#[path = "all/images.rs"]
mod images;
#[path = "all/packages.rs"]
mod packages;
#[path = "all/platforms.rs"]
mod platforms;
#[path = "all/prune.rs"]
mod prune;
#[path = "all/registry.rs"]
mod registry;
#[path = "all/releases.rs"]
mod releases;
#[path = "all/shop.rs"]
mod shop;
#[path = "all/site.rs"]
mod site;
#[path = "all/sources.rs"]
mod sources;
#[path = "all/trust.rs"]
mod trust;
