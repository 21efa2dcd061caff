//! What came of a build: a document for programs, lines for people. Pure.

use super::time::span;
use serde::Serialize;
use std::path::PathBuf;
use windlass_build::BuiltPlatform;
use windlass_model::quantity::format_bytes;
use windlass_model::{AppName, Digest};
use windlass_server::building::BuiltProject;

/// The result of `windlass build --json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct BuildReport {
    /// The app.
    pub(crate) app: AppName,
    /// The digest of the image's manifest, or of its index where it is for several platforms.
    pub(crate) image: Digest,
    /// What it is for, each with its own image.
    pub(crate) platforms: Vec<PlatformReport>,
    /// The image's names in the store, the app's first.
    pub(crate) tags: Vec<String>,
    /// How many layers it has.
    pub(crate) layers: usize,
    /// Size of all layers, compressed, in bytes.
    pub(crate) bytes: u64,
    /// Whether `windlass.lock` was written.
    pub(crate) lock_written: bool,
    /// The commit of the project's source.
    pub(crate) commit: Option<String>,
    /// Where the image was written to, beside the store.
    pub(crate) output: Option<PathBuf>,
    /// How long it took, in milliseconds.
    pub(crate) elapsed_ms: u64,
}

/// The image for one platform.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct PlatformReport {
    /// Such as `linux/arm64`.
    pub(crate) platform: String,
    /// The digest of its manifest.
    pub(crate) image: Digest,
    /// How many layers it has.
    pub(crate) layers: usize,
    /// Size of all its layers, compressed, in bytes.
    pub(crate) bytes: u64,
}

impl BuildReport {
    pub(crate) fn new(
        built: &BuiltProject,
        tags: Vec<String>,
        (output, elapsed_ms): (Option<PathBuf>, u64),
    ) -> Self {
        Self {
            app: built.spec.name.clone(),
            image: built.image,
            platforms: built.platforms.iter().map(platform).collect(),
            tags,
            layers: built.layers,
            bytes: built.bytes,
            lock_written: built.lock_written,
            commit: built.commit.clone(),
            output,
            elapsed_ms,
        }
    }
}

fn platform(built: &BuiltPlatform) -> PlatformReport {
    PlatformReport {
        platform: built.machine.to_string(),
        image: built.manifest,
        layers: built.layers,
        bytes: built.bytes,
    }
}

/// The same for people, but for the digest, which is the verb's result.
pub(crate) fn lines(report: &BuildReport) -> Vec<String> {
    let size = format_bytes(report.bytes);
    let mut lines = vec![format!(
        "image of {}: {} layers, {size}, {}",
        report.app,
        report.layers,
        span(report.elapsed_ms)
    )];
    if let [_, _, ..] = report.platforms.as_slice() {
        lines.extend(report.platforms.iter().map(|one| {
            let size = format_bytes(one.bytes);
            format!("{}: {}, {} layers, {size}", one.platform, one.image.short(), one.layers)
        }));
    }
    if report.lock_written {
        lines.push("windlass.lock was written: put it under version control".to_owned());
    }
    lines.push(format!("named {}", report.tags.join(", ")));
    if let Some(path) = &report.output {
        lines.push(format!("written to {}", path.display()));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_done_is_not_said() {
        let mut report = BuildReport {
            app: AppName::from_loose("shop"),
            image: Digest::from_bytes([1; 32]),
            platforms: Vec::new(),
            tags: vec!["shop".to_owned()],
            layers: 4,
            bytes: 20 << 20,
            lock_written: false,
            commit: None,
            output: None,
            elapsed_ms: 1_200,
        };
        assert_eq!(lines(&report).len(), 2, "{:?}", lines(&report));
        report.lock_written = true;
        report.output = Some("/shop.tar".into());
        let text = lines(&report).join("\n");
        let one = |platform: &str| PlatformReport {
            platform: platform.to_owned(),
            image: Digest::from_bytes([2; 32]),
            layers: 2,
            bytes: 10 << 20,
        };
        report.platforms = vec![one("linux/amd64")];
        assert!(!lines(&report).join("\n").contains("amd64"), "it is the only one");
        report.platforms.push(one("linux/arm64"));
        let both = lines(&report).join("\n");
        assert!(both.contains("linux/amd64: ") && both.contains("linux/arm64: "), "{both}");
        for part in ["4 layers", "windlass.lock", "written to /shop.tar"] {
            assert!(text.contains(part), "{text}");
        }
    }
}
