//! One blob to the registry: not at all when it is there, mounted when another repository has it,
//! else streamed as one request, and gone on with after a cut where the registry kept a part.
//!
//! Invariant: how far a broken upload got is the registry's to say. One that does not know it any
//! more gets the blob from its beginning (distribution spec, "Pushing blobs").

use super::answer::Answer;
use super::host::with_query;
use super::remote::{Call, CallBody, Remote};
use super::transfer::{BlobReport, How};
use super::{Action, RegistryError};
use crate::{Descriptor, ImageStore, StoreError};
use std::cell::Cell;
use std::fs::File;
use std::io::{self, Read, Seek as _, SeekFrom};
use ureq::http::Method;

/// A blob that the registry is to have.
pub(super) struct Upload<'a> {
    pub(super) remote: &'a Remote<'a>,
    pub(super) store: &'a ImageStore,
    pub(super) blob: &'a Descriptor,
    /// Repositories of the same registry that may have it.
    pub(super) mounts: &'a [String],
    /// Hears bytes gained, or lost when they must be sent again.
    pub(super) count: &'a dyn Fn(i64),
}

/// Where an upload goes on.
struct Session {
    url: String,
    /// Nothing was sent to it yet.
    fresh: bool,
}

impl Upload<'_> {
    pub(super) fn run(&self) -> Result<BlobReport, RegistryError> {
        let report = |how| BlobReport { digest: self.blob.digest, size: self.blob.size, how };
        let there = |how| {
            (self.count)(self.blob.size as i64);
            Ok(report(how))
        };
        if self.is_there()? {
            return there(How::Existed);
        }
        let mut session = None;
        for from in self.mounts {
            match self.mount(from) {
                Ok(None) => return there(How::Mounted { from: from.clone() }),
                Ok(Some(url)) => {
                    session = Some(Session { url, fresh: true });
                    break;
                }
                // Mounting is a favour: whoever refuses it may still take the blob itself.
                Err(error) if is_answer(&error) => {}
                Err(error) => return Err(error),
            }
        }
        self.transfer(session).map(|resumed| report(How::Uploaded { resumed }))
    }

    /// Whether the repository has the blob. Some registries deny the question: then the upload
    /// itself will be told.
    fn is_there(&self) -> Result<bool, RegistryError> {
        let url = self.remote.url(&format!("/blobs/{}", self.blob.digest));
        let call = Call::new(Method::HEAD, url);
        self.remote.tried(&mut || {
            let mut answer = self.remote.send(&call)?;
            match answer.status() {
                200 => {
                    answer.check_digest(&self.blob.digest)?;
                    let size = answer.header("content-length").and_then(|n| n.parse::<u64>().ok());
                    Ok(size.is_none_or(|size| size == self.blob.size))
                }
                429 | 408 | 425 | 500.. => Err(answer.failure()),
                _ => Ok(false),
            }
        })
    }

    /// `None` when the blob was mounted; an upload's session when it was not.
    fn mount(&self, from: &str) -> Result<Option<String>, RegistryError> {
        let url = with_query(&self.sessions(), "mount", &self.blob.digest.to_string());
        let mut call = Call::new(Method::POST, with_query(&url, "from", from));
        call.from = Some(from);
        self.remote.tried(&mut || {
            let answer = self.remote.expect(self.remote.send(&call)?, &[201, 202])?;
            match answer.status() {
                201 => answer.check_digest(&self.blob.digest).map(|()| None),
                _ => answer.location().map(Some),
            }
        })
    }

    fn sessions(&self) -> String {
        self.remote.url("/blobs/uploads/")
    }

    fn begin(&self) -> Result<String, RegistryError> {
        let call = Call::new(Method::POST, self.sessions());
        self.remote.expect(self.remote.send(&call)?, &[202])?.location()
    }

    /// Sends the blob; gives how often that went on after a cut.
    fn transfer(&self, mut session: Option<Session>) -> Result<u32, RegistryError> {
        let (position, mut resumed, mut renewed) = (Cell::new(0), 0, false);
        self.remote.tried(&mut || {
            loop {
                let (url, offset) = match session.take() {
                    Some(Session { url, fresh: true }) => (url, 0),
                    Some(Session { url, fresh: false }) => match self.ask(&url)? {
                        Some(there) => there,
                        // The end of an upload may have arrived, and its answer not.
                        None if self.is_there()? => return Ok(()),
                        None => (self.begin()?, 0),
                    },
                    None => (self.begin()?, 0),
                };
                resumed += u32::from(offset > 0);
                session = Some(Session { url: url.clone(), fresh: false });
                match self.send_from(&url, offset, &position) {
                    // The session is gone, or its part was not what was thought: once more anew.
                    Err(error) if !renewed && lost(&error, offset) => {
                        renewed = true;
                        session = None;
                    }
                    ended => return ended,
                }
            }
        })?;
        Ok(resumed)
    }

    /// How far a session got, and where it goes on; `None` when the registry does not know.
    fn ask(&self, url: &str) -> Result<Option<(String, u64)>, RegistryError> {
        let mut answer = self.remote.send(&Call::new(Method::GET, url.to_owned()))?;
        match answer.status() {
            // "0-0" is said of nothing and of one byte alike.
            200 | 204 => Ok(range_end(&answer)
                .filter(|last| *last > 0 && *last < self.blob.size)
                .map(|last| (answer.location().unwrap_or_else(|_| url.to_owned()), last + 1))),
            429 | 408 | 425 | 500.. => Err(answer.failure()),
            _ => Ok(None),
        }
    }

    /// Sends everything from `offset` on, and ends the session.
    fn send_from(&self, url: &str, offset: u64, position: &Cell<u64>) -> Result<(), RegistryError> {
        let open = || self.open(offset, position);
        let stream = CallBody::Stream(self.blob.size - offset, &open);
        if offset == 0 {
            return self.put(url, stream);
        }
        if offset == self.blob.size {
            return self.put(url, CallBody::None);
        }
        let call = Call::new(Method::PATCH, url.to_owned())
            .header("content-type", "application/octet-stream")
            .header("content-range", format!("{offset}-{}", self.blob.size - 1))
            .body(stream);
        let answer = self.remote.expect(self.remote.send(&call)?, &[202])?;
        self.put(&answer.location()?, CallBody::None)
    }

    fn put(&self, url: &str, body: CallBody<'_>) -> Result<(), RegistryError> {
        let url = with_query(url, "digest", &self.blob.digest.to_string());
        let call = Call::new(Method::PUT, url)
            .header("content-type", "application/octet-stream")
            .body(body);
        let answer = self.remote.expect(self.remote.send(&call)?, &[201, 204])?;
        answer.check_digest(&self.blob.digest)
    }

    /// The blob from `offset` on; what was sent beyond it counts as lost.
    fn open<'r>(
        &'r self,
        offset: u64,
        position: &'r Cell<u64>,
    ) -> Result<Box<dyn Read + 'r>, RegistryError> {
        let path = self.store.blob_path(&self.blob.digest);
        let mut file = File::open(&path).map_err(StoreError::disk(&path))?;
        file.seek(SeekFrom::Start(offset)).map_err(StoreError::disk(&path))?;
        (self.count)(offset as i64 - position.get() as i64);
        position.set(offset);
        let inner = file.take(self.blob.size - offset);
        Ok(Box::new(Counted { inner, position, count: self.count }))
    }
}

/// Whether the registry has answered, and not the network failed.
fn is_answer(error: &RegistryError) -> bool {
    matches!(
        error,
        RegistryError::Status { .. }
            | RegistryError::Denied { action: Action::Push, .. }
            | RegistryError::Unauthorized { .. }
            | RegistryError::Protocol { .. }
    )
}

/// Whether a session is not what it was thought to be.
fn lost(error: &RegistryError, offset: u64) -> bool {
    match error.status() {
        Some(404 | 416) => true,
        Some(400..=499) => offset > 0 && !error.is_transient(),
        _ => false,
    }
}

/// The last byte's number of a `Range: 0-99`, which some write as `bytes=0-99`.
fn range_end(answer: &Answer) -> Option<u64> {
    let value = answer.header("range")?;
    let value = value.strip_prefix("bytes=").unwrap_or(value);
    let (first, last) = value.split_once('-')?;
    last.trim().parse().ok().filter(|_| first.trim() == "0")
}

/// A reader that tells what passes.
struct Counted<'a, R> {
    inner: R,
    position: &'a Cell<u64>,
    count: &'a dyn Fn(i64),
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.position.set(self.position.get() + n as u64);
        (self.count)(n as i64);
        Ok(n)
    }
}
