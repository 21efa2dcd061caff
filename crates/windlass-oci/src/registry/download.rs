//! One blob into the store: streamed, hashed while it comes, and gone on with after a cut.

use super::RegistryError;
use super::answer::Answer;
use super::error::shown;
use super::remote::{Call, Remote};
use super::transfer::{BlobReport, How};
use crate::hashing::Hashing;
use crate::{BlobWriter, Descriptor, ImageStore, StoreError};
use std::io::{Read as _, Write as _};
use ureq::http::Method;

const CHUNK: usize = 64 * 1024;

/// Makes sure that the store has the blob.
pub(super) fn ensure(
    remote: &Remote<'_>,
    store: &ImageStore,
    blob: &Descriptor,
    count: &dyn Fn(i64),
) -> Result<BlobReport, RegistryError> {
    let report = |how| Ok(BlobReport { digest: blob.digest, size: blob.size, how });
    if store.holds(blob) {
        count(blob.size as i64);
        return report(How::Existed);
    }
    let mut part = Part::new(store)?;
    let mut resumed = 0;
    let url = remote.tried(&mut || {
        resumed += u32::from(part.length > 0);
        receive(remote, store, blob, (&mut part, count))
    })?;
    let received = part.length;
    let (writer, actual, _) = part.writer.finish();
    if actual != blob.digest {
        let expected = blob.digest;
        return Err(RegistryError::WrongContent { url, expected, actual, received });
    }
    writer.commit(&blob.digest)?;
    report(How::Downloaded { resumed })
}

/// What came so far.
struct Part {
    writer: Hashing<BlobWriter>,
    length: u64,
}

impl Part {
    fn new(store: &ImageStore) -> Result<Self, StoreError> {
        Ok(Self { writer: Hashing::new(store.blob_writer()?), length: 0 })
    }
}

/// One request: the rest of the blob. Gives where it came from.
fn receive(
    remote: &Remote<'_>,
    store: &ImageStore,
    blob: &Descriptor,
    (part, count): (&mut Part, &dyn Fn(i64)),
) -> Result<String, RegistryError> {
    let call = Call::new(Method::GET, remote.url(&format!("/blobs/{}", blob.digest)));
    let call = match part.length {
        0 => call,
        length => call.header("range", format!("bytes={length}-")),
    };
    let answer = remote.expect(remote.send(&call)?, &[200, 206, 416])?;
    let url = shown(&answer.url);
    let goes_on = answer.status() == 206 && range_start(&answer) == Some(part.length);
    if !goes_on && part.length > 0 {
        count(-(part.length as i64));
        *part = Part::new(store)?;
    }
    if answer.status() == 416 || (answer.status() == 206 && !goes_on) {
        // A server that sends another piece than was asked for: from the beginning, without one.
        return Err(RegistryError::CutOff { url, received: 0, source: None });
    }
    answer.check_digest(&blob.digest)?;
    read_body(answer, store, blob, (part, count))?;
    if part.length < blob.size {
        return Err(RegistryError::CutOff { url, received: part.length, source: None });
    }
    Ok(url)
}

fn read_body(
    mut answer: Answer,
    store: &ImageStore,
    blob: &Descriptor,
    (part, count): (&mut Part, &dyn Fn(i64)),
) -> Result<(), RegistryError> {
    let url = shown(&answer.url);
    let mut body = answer.response.body_mut().as_reader();
    let mut buffer = vec![0_u8; CHUNK];
    loop {
        let n = match body.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(n) => n,
            Err(source) => {
                let (received, source) = (part.length, Some(source));
                return Err(RegistryError::CutOff { url, received, source });
            }
        };
        if part.length + n as u64 > blob.size {
            return Err(RegistryError::TooLarge { url, limit: blob.size });
        }
        let written = part.writer.write_all(&buffer[..n]);
        written.map_err(StoreError::disk(&store.blob_path(&blob.digest)))?;
        part.length += n as u64;
        count(n as i64);
    }
}

/// The first byte's number of a `Content-Range: bytes 100-199/200`.
fn range_start(answer: &Answer) -> Option<u64> {
    let value = answer.header("content-range")?;
    value.strip_prefix("bytes ")?.split('-').next()?.trim().parse().ok()
}
