//! Images: the list, one of them, and what became of others.

use super::style::{Style, Tone, printable};
use super::table::{Table, cell, toned};
use super::time::ago;
use serde::Serialize;
use std::path::Path;
use windlass_model::Digest;
use windlass_model::quantity::format_bytes;
use windlass_oci::{ImageDetail, ImageSummary, Loaded};
use windlass_server::wire::{PruneReport, ReleaseEntry};

/// An image with those who use it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ListedImage {
    #[serde(flatten)]
    pub(crate) summary: ImageSummary,
    /// `shop 3 (current)`.
    pub(crate) used_by: Vec<String>,
}

/// How a release is named in a list of images.
pub(crate) fn user_of(entry: &ReleaseEntry) -> String {
    let current = if entry.current { " (current)" } else { "" };
    format!("{} {}{current}", entry.release.app, entry.release.number)
}

/// One a line; an image with several names has a line for each.
pub(crate) fn images(images: &[ListedImage], now_ms: u64, style: Style) -> Vec<String> {
    if images.is_empty() {
        return vec!["no images yet".to_owned()];
    }
    let heading = ["NAME", "DIGEST", "PLATFORM", "SIZE", "LAYERS", "STORED", "USED BY"];
    let mut table = Table::new(&heading);
    for ListedImage { summary, used_by } in images {
        let none = vec!["-".to_owned()];
        let names = if summary.names.is_empty() { &none } else { &summary.names };
        for name in names {
            let state = match &summary.damage {
                Some(damage) => toned(Tone::Bad, printable(damage)),
                None => cell(users(used_by)),
            };
            table.row(vec![
                toned(Tone::Strong, printable(name)),
                toned(Tone::Faint, summary.digest.short()),
                cell(platforms(&summary.platforms)),
                cell(format_bytes(summary.bytes)),
                cell(summary.layers.to_string()),
                cell(summary.stored_at_ms.map_or_else(|| "-".to_owned(), |at| ago(now_ms, at))),
                state,
            ]);
        }
    }
    table.lines(style, 0)
}

/// Which machines an image is for.
fn platforms(platforms: &[String]) -> String {
    if platforms.is_empty() { "-".to_owned() } else { printable(&platforms.join(", ")) }
}

/// The first few; releases are many where nothing changes.
fn users(used_by: &[String]) -> String {
    const MOST: usize = 3;
    match used_by {
        [] => "-".to_owned(),
        few if few.len() <= MOST => few.join(", "),
        many => format!("{} and {} more", many[..MOST].join(", "), many.len() - MOST),
    }
}

/// What an image holds and how it runs.
pub(crate) fn detail(
    image: &ImageDetail,
    listed: Option<&ListedImage>,
    style: Style,
) -> Vec<String> {
    let mut facts = Table::new(&["", ""]);
    let mut fact = |name: &str, value: String| {
        if !value.is_empty() {
            facts.row(vec![toned(Tone::Faint, name), cell(printable(&value))]);
        }
    };
    fact("digest", image.digest.to_string());
    fact("names", listed.map_or_else(String::new, |image| image.summary.names.join(", ")));
    fact("used by", listed.map_or_else(String::new, |image| image.used_by.join(", ")));
    fact("platform", image.platform.clone());
    fact("python", image.python.clone().unwrap_or_default());
    fact("size", format!("{} in {} layers", format_bytes(image.bytes), image.layers.len()));
    fact("command", shown(&image.config.cmd));
    fact("user", image.config.user.clone());
    fact("folder", image.config.working_dir.clone());
    let mut lines = facts.lines(style, 0);
    let section = |lines: &mut Vec<String>, title: &str, rows: Vec<String>| {
        if !rows.is_empty() {
            lines.extend([String::new(), style.paint(Tone::Strong, title)]);
            lines.extend(rows.iter().map(|row| format!("  {}", printable(row))));
        }
    };
    section(&mut lines, "settings", image.config.env.clone());
    let labels = image.config.labels.iter().map(|(name, value)| format!("{name}={value}"));
    section(&mut lines, "labels", labels.collect());
    lines.extend([String::new()]);
    let mut layers = Table::new(&["LAYER", "SIZE", "MADE BY"]);
    for layer in &image.layers {
        layers.row(vec![
            toned(Tone::Faint, layer.digest.short()),
            cell(format_bytes(layer.bytes)),
            cell(printable(&layer.made_by)),
        ]);
    }
    lines.extend(layers.lines(style, 0));
    lines
}

/// An index, and each of its images.
pub(crate) fn index(
    digest: &Digest,
    (images, listed): (&[ImageDetail], Option<&ListedImage>),
    style: Style,
) -> Vec<String> {
    let mut facts = Table::new(&["", ""]);
    facts.row(vec![toned(Tone::Faint, "index"), cell(digest.to_string())]);
    if let Some(listed) = listed.filter(|listed| !listed.summary.names.is_empty()) {
        let names = printable(&listed.summary.names.join(", "));
        facts.row(vec![toned(Tone::Faint, "names"), cell(names)]);
    }
    let mut lines = facts.lines(style, 0);
    for image in images {
        lines.push(String::new());
        lines.extend(detail(image, None, style));
    }
    lines
}

/// A command as one could type it: words with blanks or quotes are quoted.
fn shown(command: &[String]) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,+@%()".contains(c);
    let word = |word: &String| {
        if !word.is_empty() && word.chars().all(plain) {
            word.clone()
        } else {
            format!("'{}'", word.replace('\'', r"'\''"))
        }
    };
    command.iter().map(word).collect::<Vec<_>>().join(" ")
}

/// A file that was written.
pub(crate) fn exported(file: &Path, digest: &Digest, bytes: u64) -> String {
    format!("wrote {} to {} ({})", digest.short(), file.display(), format_bytes(bytes))
}

/// Images that were taken.
pub(crate) fn loaded(loaded: &[Loaded], style: Style) -> Vec<String> {
    let line = |image: &Loaded| {
        let digest = image.manifest.to_string();
        let names = if image.names.is_empty() { digest.clone() } else { image.names.join(", ") };
        let (name, size) = (style.paint(Tone::Strong, &names), format_bytes(image.bytes));
        format!("loaded {name} ({}, {size}, {} layers)", image.manifest.short(), image.layers)
    };
    loaded.iter().map(line).collect()
}

/// What was freed, by kind.
pub(crate) fn pruned(report: &PruneReport, style: Style) -> Vec<String> {
    let verb = if report.dry_run { "would free" } else { "freed" };
    let total: u64 = report.pruned.iter().map(|kind| kind.bytes).sum();
    let mut table = Table::new(&["KIND", "COUNT", "SIZE"]);
    for kind in report.pruned.iter().filter(|kind| kind.count > 0) {
        let count = cell(kind.count.to_string());
        table.row(vec![cell(printable(&kind.what)), count, cell(format_bytes(kind.bytes))]);
    }
    let mut lines = if total > 0 { table.lines(style, 0) } else { Vec::new() };
    lines.push(style.paint(Tone::Strong, &format!("{verb} {}", format_bytes(total))));
    lines.push(match report.cache_bytes {
        Some(bytes) => format!("the build cache holds {}", format_bytes(bytes)),
        None => "the build cache was left alone: a build uses it".to_owned(),
    });
    lines
}

#[cfg(test)]
mod tests;
