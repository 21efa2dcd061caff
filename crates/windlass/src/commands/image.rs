//! `windlass image`: the store of this installation, read and written where it is on the disk.
//!
//! What is shared is locked on the disk, so no server is needed; only what a running server alone
//! can decide, what may be removed, is asked of it.

mod archive;
mod bill;
mod keys;
mod names;
mod prune;
mod scan;
mod subject;

pub(crate) use scan::FOUND;

use super::{At, done, now_ms, wait};
use crate::args::ImageVerb;
use crate::error::CliError;
use crate::facts::Facts;
use crate::render;
use crate::render::image::ListedImage;
use std::process::ExitCode;
use windlass_model::Digest;
use windlass_oci::explain::{explain_no_image, explain_store};
use windlass_oci::{ImageStore, ImageSummary};
use windlass_server::images::{Offline, OfflineError};
use windlass_server::wire::ReleaseEntry;
use windlass_server::{ClientError, ServerError};

/// `windlass image ...`.
pub(super) fn image(at: &At, verb: &ImageVerb, facts: &Facts) -> Result<ExitCode, CliError> {
    match verb {
        ImageVerb::Ls => wait(list(at)),
        ImageVerb::Inspect(wanted) => wait(inspect(at, &wanted.image)),
        ImageVerb::Export(wanted) => wait(archive::export(at, &wanted.image, &wanted.file)),
        ImageVerb::Load(wanted) => archive::load(at, &wanted.file),
        ImageVerb::Rm(wanted) => wait(names::remove(at, &wanted.images)),
        ImageVerb::Prune(wanted) => wait(prune::prune(at, wanted)),
        ImageVerb::Sbom(wanted) => wait(bill::sbom(at, wanted)),
        ImageVerb::GenerateKey(wanted) => keys::generate(at, wanted, facts),
        ImageVerb::Sign(wanted) => wait(keys::sign(at, wanted, facts)),
        ImageVerb::Verify(wanted) => wait(keys::verify(at, wanted)),
        ImageVerb::Scan(wanted) => wait(scan::scan(at, wanted, facts)),
    }
}

async fn list(at: &At) -> Result<ExitCode, CliError> {
    let (_, images) = known(at).await?;
    done(if at.output.show().json {
        at.output.document(&images)
    } else {
        at.output.lines(&render::image::images(&images, now_ms(), at.output.style()))
    })
}

async fn inspect(at: &At, word: &str) -> Result<ExitCode, CliError> {
    let (store, images) = known(at).await?;
    let digest = find(&store, word, &images)?;
    let details = store.details(&digest).map_err(|error| explain_store(&error))?;
    let listed = images.into_iter().find(|image| image.summary.digest == digest);
    let (listed, style) = (listed.as_ref(), at.output.style());
    done(match details.as_slice() {
        [detail] if detail.digest == digest && at.output.show().json => at.output.document(detail),
        [detail] if detail.digest == digest => {
            at.output.lines(&render::image::detail(detail, listed, style))
        }
        images if at.output.show().json => {
            at.output.document(&serde_json::json!({ "digest": digest, "images": images }))
        }
        images => at.output.lines(&render::image::index(&digest, (images, listed), style)),
    })
}

/// The store, and every image that a name or a release holds in it.
async fn known(at: &At) -> Result<(ImageStore, Vec<ListedImage>), CliError> {
    let releases = releases(at).await?;
    let store = open(at)?;
    let mut used: Vec<Digest> = releases.iter().map(|entry| entry.release.image).collect();
    // Releases remember images that were swept long ago.
    used.retain(|digest| store.blob_path(digest).exists());
    let found = store.list(&used).map_err(|error| explain_store(&error))?;
    let listed = found.into_iter().map(|summary| {
        let users = releases.iter().filter(|entry| entry.release.image == summary.digest);
        ListedImage { used_by: users.map(render::image::user_of).collect(), summary }
    });
    Ok((store, listed.collect()))
}

fn open(at: &At) -> Result<ImageStore, CliError> {
    Ok(ImageStore::open(at.settings.layout.images()).map_err(|error| explain_store(&error))?)
}

fn find(store: &ImageStore, word: &str, images: &[ListedImage]) -> Result<Digest, CliError> {
    let known: Vec<ImageSummary> = images.iter().map(|image| image.summary.clone()).collect();
    Ok(store.find(word, &known).map_err(|error| explain_no_image(&error))?)
}

/// Every release of every app: from the server, or from its store while none runs.
async fn releases(at: &At) -> Result<Vec<ReleaseEntry>, CliError> {
    let client = at.client();
    let apps = match client.apps().await {
        Ok(apps) => apps,
        Err(ClientError::NotRunning { .. }) => {
            return match Offline::open(&at.settings.layout, now_ms) {
                Ok(offline) => Ok(offline.releases()?),
                // It is just starting or ending: the images are told without their users.
                Err(OfflineError::Lock(ServerError::AlreadyRunning { .. })) => Ok(Vec::new()),
                Err(error) => Err(error.into()),
            };
        }
        Err(error) => return Err(error.into()),
    };
    let mut found = Vec::new();
    for app in apps {
        found.extend(client.releases(&app.app).await?);
    }
    Ok(found)
}
