//! `windlass pull`: an image of a registry into the store. Needs no server.

use super::At;
use crate::args::Pull;
use crate::error::CliError;
use crate::facts::Facts;
use crate::registry_settings::registry_settings;
use crate::render::transfer::Transfers;
use std::process::ExitCode;
use windlass_oci::registry::{Platforms, Registry};
use windlass_oci::{Document, ImageStore, Platform};

/// Pulls an image, and names it in the store by its reference.
pub(super) fn pull(at: &At, wanted: &Pull, facts: &Facts) -> Result<ExitCode, CliError> {
    let platforms = match wanted.platform.as_deref() {
        None => Platforms::One(Platform::of_this_machine()),
        Some("all") => Platforms::All,
        Some(text) => Platforms::One(text.parse()?),
    };
    let reference = &wanted.reference;
    let store = ImageStore::open(at.settings.layout.images())?;
    let _held = store.hold()?;
    let registry = Registry::new(registry_settings(facts, &[reference], wanted.plain_http));
    let transfers = Transfers::new(at.output, "pull");
    let ended = registry.pull(reference, &platforms, &store, &|transfer| transfers.show(transfer));
    transfers.end();
    let pulled = ended?;
    let mut attached = Vec::new();
    if wanted.attached {
        let mut images = vec![pulled.digest];
        if let Document::Index(index) = store.document(&pulled.digest)?.1 {
            images.extend(index.images().map(|listed| listed.digest));
        }
        for image in &images {
            attached.extend(registry.pull_attached(reference, image, &store)?);
        }
        at.output.note(&match attached.len() {
            0 => "nothing is attached to it".to_owned(),
            1 => "1 document is attached to it".to_owned(),
            count => format!("{count} documents are attached to it"),
        });
    }
    if at.output.show().json {
        at.output.document(&serde_json::json!({
            "repository": reference.name(),
            "name": reference,
            "source": pulled.source,
            "digest": pulled.digest,
            "reference": reference.at(pulled.digest),
            "blobs": pulled.blobs,
            "attached": attached,
        }))?;
    } else {
        at.output.line(&format!("{}@{}", reference.name(), pulled.digest))?;
    }
    Ok(ExitCode::SUCCESS)
}
