//! Images to files and back.

use super::super::{At, done};
use crate::error::CliError;
use crate::render;
use std::fs::{self, File};
use std::io::{self, BufWriter, IsTerminal as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::ExitCode;
use windlass_model::{Digest, Problem};
use windlass_oci::explain::explain_archive;
use windlass_oci::{ArchiveError, ArchiveLimits, ImageStore, archive};

/// Large writes: layers pass through.
const BUFFER: usize = 256 * 1024;

pub(super) async fn export(at: &At, word: &str, file: &Path) -> Result<ExitCode, CliError> {
    let (store, images) = super::known(at).await?;
    let digest = super::find(&store, word, &images)?;
    // Whoever asks by digest wants no name that the image may have by chance.
    let named = images.iter().any(|image| image.summary.names.iter().any(|name| name == word));
    let name = named.then_some(word);
    if file == Path::new("-") {
        let out = io::stdout().lock();
        if out.is_terminal() {
            return Err(Problem::new(
                windlass_model::Kind::Usage,
                "output-is-terminal",
                "an image is nothing for a terminal",
            )
            .hint("redirect it, or name a file: windlass image export shop shop.tar")
            .into());
        }
        let mut out = BufWriter::with_capacity(BUFFER, out);
        let written = archive::export(&store, &digest, name, &mut out);
        return match written {
            Ok(()) => Ok(ExitCode::SUCCESS),
            Err(error) => Err(closed(&error)),
        };
    }
    let place = at.settings.folder.join(file);
    to_file(&store, (&digest, name), &place)?;
    let bytes = fs::metadata(&place).map_or(0, |found| found.len());
    done(if at.output.show().json {
        let document = serde_json::json!({ "file": place, "digest": digest, "bytes": bytes });
        at.output.document(&document)
    } else {
        at.output.line(&render::image::exported(&place, &digest, bytes))
    })
}

/// The file is whole or not there.
fn to_file(
    store: &ImageStore,
    (digest, name): (&Digest, Option<&str>),
    place: &Path,
) -> Result<(), CliError> {
    let disk = |source| CliError::ImageFile { path: place.to_owned(), source };
    let folder = place.parent().unwrap_or(Path::new("/"));
    let scratch =
        tempfile::Builder::new().prefix(".windlass-").tempfile_in(folder).map_err(disk)?;
    let mut out = BufWriter::with_capacity(BUFFER, scratch);
    archive::export(store, digest, name, &mut out).map_err(|error| explain_archive(&error))?;
    let scratch = out.into_inner().map_err(|error| disk(error.into_error()))?;
    let readable = fs::Permissions::from_mode(0o644);
    let kept =
        scratch.as_file().set_permissions(readable).and_then(|()| scratch.as_file().sync_all());
    kept.map_err(disk)?;
    scratch.persist(place).map(drop).map_err(|error| disk(error.error))
}

pub(super) fn load(at: &At, file: &Path) -> Result<ExitCode, CliError> {
    let store = super::open(at)?;
    let limits = ArchiveLimits::default();
    let architecture = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    let loaded = if file == Path::new("-") {
        archive::load(&store, &mut io::stdin().lock(), architecture, limits)
    } else {
        let place = at.settings.folder.join(file);
        let disk = |source| CliError::ImageFile { path: place.clone(), source };
        archive::load(&store, &mut File::open(&place).map_err(disk)?, architecture, limits)
    };
    let loaded = loaded.map_err(|error| explain_archive(&error))?;
    done(if at.output.show().json {
        at.output.document(&loaded)
    } else {
        at.output.lines(&render::image::loaded(&loaded, at.output.style()))
    })
}

/// A reader that has enough is no problem of ours.
fn closed(error: &ArchiveError) -> CliError {
    match error {
        ArchiveError::Write { source } if source.kind() == io::ErrorKind::BrokenPipe => {
            CliError::ReaderGone
        }
        _ => CliError::from(explain_archive(error)),
    }
}
