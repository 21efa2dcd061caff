//! Readers and writers that hash and count what passes through them.

use sha2::{Digest as _, Sha256};
use std::io::{Read, Result, Write};
use windlass_model::Digest;

/// Passes bytes on to or from `inner`, hashed and counted.
pub(crate) struct Hashing<T> {
    inner: T,
    hash: Sha256,
    length: u64,
}

impl<T> Hashing<T> {
    pub(crate) fn new(inner: T) -> Self {
        Self { inner, hash: Sha256::new(), length: 0 }
    }

    /// What is below, the digest, and the number of bytes.
    pub(crate) fn finish(self) -> (T, Digest, u64) {
        (self.inner, Digest::from_bytes(self.hash.finalize().into()), self.length)
    }
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let n = self.inner.read(buffer)?;
        self.hash.update(&buffer[..n]);
        self.length += n as u64;
        Ok(n)
    }
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        let n = self.inner.write(bytes)?;
        self.hash.update(&bytes[..n]);
        self.length += n as u64;
        Ok(n)
    }

    fn flush(&mut self) -> Result<()> {
        self.inner.flush()
    }
}
