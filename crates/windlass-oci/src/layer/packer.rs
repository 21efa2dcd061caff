//! The compressor around a layer's tar.

use crate::Descriptor;
use flate2::{GzBuilder, write::GzEncoder};
use std::io::{self, Write};

/// Compresses what is written to it.
pub(super) enum Packer<W: Write> {
    Gzip(Box<GzEncoder<W>>),
    Zstd(Box<zstd::Encoder<'static, W>>),
}

/// Level 3 is faster than gzip's 4 and smaller than its 6.
const ZSTD_LEVEL: i32 = 3;

impl<W: Write> Packer<W> {
    /// One gzip member without name and time.
    pub(super) fn gzip(out: W, level: u32) -> Self {
        let builder = GzBuilder::new().mtime(0).operating_system(255);
        Self::Gzip(Box::new(builder.write(out, flate2::Compression::new(level))))
    }

    /// One Zstandard frame (RFC 8878).
    pub(super) fn zstd(out: W) -> io::Result<Self> {
        Ok(Self::Zstd(Box::new(zstd::Encoder::new(out, ZSTD_LEVEL)?)))
    }

    /// What the layer is called (image-spec, `media-types.md`).
    pub(super) fn media_type(&self) -> &'static str {
        match self {
            Self::Gzip(_) => Descriptor::LAYER_GZIP,
            Self::Zstd(_) => Descriptor::LAYER_ZSTD,
        }
    }

    /// Ends the stream.
    pub(super) fn finish(self) -> io::Result<W> {
        match self {
            Self::Gzip(encoder) => encoder.finish(),
            Self::Zstd(encoder) => encoder.finish(),
        }
    }
}

impl<W: Write> Write for Packer<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Gzip(encoder) => encoder.write(bytes),
            Self::Zstd(encoder) => encoder.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Gzip(encoder) => encoder.flush(),
            Self::Zstd(encoder) => encoder.flush(),
        }
    }
}
