//! The way back to Docker: a Dockerfile that does what Windlass would do. Pure.
//!
//! Whoever leaves, or has a pipeline that only knows Docker, gets what a careful person would write:
//! two stages, the lock before the source, caches that outlive a build, an ordinary user, the
//! command in exec form, and no secret. It is made from the same conclusions as the image. What it
//! does not do: pin the base image's digest (only a registry knows it), or read the disk.

mod address;
mod dockerfile;
mod install;

use crate::image::default_rules;
use crate::wheels::lock::LockedFile;
use std::fmt::Write as _;
use windlass_model::{AppSpec, BuildSpec};

/// The line by which a file is known as written here.
pub const MARKER: &str = "# Written by `windlass export dockerfile`.";
/// The file with the pinned packages, beside the Dockerfile.
pub const REQUIREMENTS: &str = "requirements.windlass.txt";

/// What is exported.
#[derive(Clone, Copy)]
pub struct ExportRequest<'a> {
    /// How the app runs.
    pub app: &'a AppSpec,
    /// What its image is made of.
    pub build: &'a BuildSpec,
    /// The files that `windlass.lock` pins; none where the project has a lock of its own.
    pub locked: &'a [LockedFile],
    /// Gives a text file of the project, by its path: requirements name others.
    pub read: &'a dyn Fn(&str) -> Option<String>,
}

/// One file to write, relative to the project's root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportedFile {
    /// Its path.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// The files, the Dockerfile first.
pub fn export(request: &ExportRequest<'_>) -> Vec<ExportedFile> {
    let install = install::plan(request);
    let file = |path: &str, text: String| ExportedFile { path: path.to_owned(), text };
    let mut files = vec![
        file("Dockerfile", dockerfile::text(request, &install)),
        file(".dockerignore", dockerignore(request.build)),
    ];
    files.extend(install.requirements.map(|text| file(REQUIREMENTS, text)));
    files
}

/// What stays out of the build's context, in Docker's syntax: what Windlass keeps out too.
fn dockerignore(build: &BuildSpec) -> String {
    let mut text = format!(
        "{MARKER}\n# What no image should hold: history, environments and caches of this machine, secrets,\n\
         # and files that say how to build.\n"
    );
    for line in default_rules() {
        text += line;
        text.push('\n');
    }
    // Docker's own files are sent along all the same where a build needs them.
    if !build.exclude.is_empty() {
        text += "\n# `exclude` of [tool.windlass].\n";
        for line in &build.exclude {
            text += line;
            text.push('\n');
        }
    }
    if !build.persist.is_empty() {
        text += "\n# Data that outlives a release is never shipped with one.\n";
        for kept in &build.persist {
            let _ = writeln!(text, "/{}", kept.path.trim_matches('/'));
        }
    }
    text
}

#[cfg(test)]
mod tests;
