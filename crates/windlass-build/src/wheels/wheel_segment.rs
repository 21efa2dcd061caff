//! Placing a wheel into a segment: read once, checked, in the form in which images take it.

use super::archive::WheelArchive;
use super::place;
use super::placement::{Placement, PlannedContent, PlannedFile, scripts_of};
use super::record;
use super::segment::{Segment, SegmentDraft};
use super::wheel_error::WheelError;
use crate::scheme::Scheme;
use std::path::Path;
use windlass_model::Digest;
use windlass_oci::{FileHead, PieceSource, SegmentError};

/// Changes whenever the same wheel gives another segment.
const FORM: &str = "1";

/// A wheel in the form in which one image's Python takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct WheelForm {
    /// SHA-256 of the wheel.
    pub(super) digest: Digest,
    /// Where the image's Python looks.
    pub(super) scheme: Scheme,
    /// Whether it was built here. Then its compressed bytes depend on this machine's Python: they
    /// are compressed anew, and its tags and generator are replaced.
    pub(super) built: bool,
}

impl WheelForm {
    fn key(self) -> Digest {
        let built = if self.built { "built" } else { "published" };
        place::digest_of(["wheel", FORM, &self.digest.hex(), &self.scheme.packages(), built])
    }

    /// The segment, if it was made before and is whole.
    pub(super) fn known(self, cache: &Path) -> Option<Segment> {
        Segment::open(self.key(), cache)
    }

    /// The segment of the wheel at `wheel`, whose digest has been checked.
    pub(super) fn ensure(self, wheel: &Path, cache: &Path) -> Result<Segment, WheelError> {
        if let Some(known) = self.known(cache) {
            return Ok(known);
        }
        let mut archive = WheelArchive::open(wheel)?;
        let mut scripts = super::placement::Scripts::new();
        for number in scripts_of(&archive.listing) {
            let entry = archive.listing.entries[number].clone();
            scripts.insert(number, archive.content(&entry)?);
        }
        let placement = Placement { scheme: self.scheme };
        let planned = placement.place(&archive.listing, &scripts, self.built)?;
        let failed = |error: SegmentError| written("the segment", cache)(error);
        let mut draft = SegmentDraft::new(self.key(), cache)
            .map_err(|source| failed(SegmentError::Write { source }))?;
        for file in &planned.files {
            self.add(&mut draft, &mut archive, file, cache)?;
        }
        for number in planned.left_out {
            let entry = archive.listing.entries[number].clone();
            archive.pass(&entry, &mut |_| {})?;
        }
        draft.finish(&planned.dist_info).map_err(failed)
    }

    fn add(
        self,
        draft: &mut SegmentDraft,
        archive: &mut WheelArchive,
        file: &PlannedFile,
        cache: &Path,
    ) -> Result<(), WheelError> {
        let number = match &file.content {
            PlannedContent::Entry(number) => *number,
            PlannedContent::Text(text) => {
                return add_text(draft, file, text).map_err(written(&file.path, cache));
            }
        };
        let entry = archive.listing.entries[number].clone();
        let head = FileHead { path: &file.path, mode: file.mode, size: entry.size };
        let lent = archive.lend(&entry, !self.built, |content, mut check| {
            let added = draft.add(head, content, &mut |part| check.update(part));
            added.map(|()| check)
        })?;
        let check = lent.map_err(written(&entry.path, cache))?;
        draft.set_hash(check.finish(&entry)?);
        Ok(())
    }
}

/// Adds a file that was made here.
pub(super) fn add_text(
    draft: &mut SegmentDraft,
    file: &PlannedFile,
    text: &[u8],
) -> Result<(), SegmentError> {
    let head = FileHead { path: &file.path, mode: file.mode, size: text.len() as u64 };
    draft.add(head, PieceSource::Plain(&mut &*text), &mut |_| {})?;
    draft.set_hash(record::sha256_base64(text));
    Ok(())
}

/// A failure to write is the cache's, any other the entry's.
fn written<'a>(entry: &'a str, cache: &'a Path) -> impl Fn(SegmentError) -> WheelError + 'a {
    move |error| match error {
        SegmentError::Write { source } => WheelError::Io { path: cache.to_owned(), source },
        SegmentError::Read { path, source } => WheelError::Io { path, source },
        SegmentError::Path { path } => WheelError::UnsafePath { entry: path },
        SegmentError::Content { source } => WheelError::Entry { entry: entry.to_owned(), source },
        SegmentError::Deflate(_) | SegmentError::Length { .. } | SegmentError::Damaged { .. } => {
            let source = std::io::Error::new(std::io::ErrorKind::InvalidData, error);
            WheelError::Entry { entry: entry.to_owned(), source }
        }
    }
}
