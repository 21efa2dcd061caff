//! `windlass image sbom`: what an image holds, in a form that others read.

use super::super::{At, done};
use super::subject::Subject;
use crate::args::{BillFormat, ImageSbom};
use crate::error::CliError;
use std::path::Path;
use std::process::ExitCode;
use windlass_build::sbom::{self, Format, Subject as About};
use windlass_build::{explain, inventory, provenance};
use windlass_oci::explain::explain_store;

pub(super) async fn sbom(at: &At, wanted: &ImageSbom) -> Result<ExitCode, CliError> {
    let subject = Subject::find(at, &wanted.image).await?;
    let (store, name) = (&subject.store, &subject.name);
    let manifest = subject.image(wanted.which.platform.as_ref())?;
    let cache = facts_folder(at);
    let inventory =
        inventory::read(store, &manifest, &cache).map_err(|error| explain::inventory(&error))?;
    let hashes = provenance::hashes(store, &manifest).map_err(|error| explain_store(&error))?;
    let format = match wanted.format {
        BillFormat::Spdx => Format::Spdx,
        BillFormat::Cyclonedx => Format::CycloneDx,
    };
    let bill = sbom::render(format, About { name, manifest }, &inventory, &hashes);
    for path in &inventory.unread {
        at.output.note(&format!("not listed is what {path} records: that database is not read"));
    }
    if wanted.attach {
        let attached = sbom::attach(store, &manifest, format, bill.clone());
        let attached = attached.map_err(|error| explain_store(&error))?;
        at.output.note(&format!("attached to {name} as {}", attached.digest));
    }
    match &wanted.output {
        Some(file) => {
            let place = at.settings.folder.join(file);
            write(&place, &bill)?;
            at.output.note(&format!("wrote {}", place.display()));
        }
        None => at.output.line(String::from_utf8_lossy(&bill).trim_end())?,
    }
    done(Ok(()))
}

/// Where what layers say is kept.
pub(super) fn facts_folder(at: &At) -> std::path::PathBuf {
    at.settings.layout.cache.join("inventory")
}

/// Writes a file as a whole.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), CliError> {
    use std::io::Write as _;
    use std::os::unix::fs::PermissionsExt as _;
    let save = || {
        let folder = path.parent().unwrap_or(Path::new("/"));
        let mut file = tempfile::Builder::new().prefix(".windlass-").tempfile_in(folder)?;
        file.write_all(bytes)?;
        file.as_file().set_permissions(std::fs::Permissions::from_mode(0o644))?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    };
    save().map_err(|source| CliError::ImageFile { path: path.to_owned(), source })
}
