//! Platforms: which machines an image is for (image-spec, `image-index.md`, "platform").
//!
//! Words are Go's: `linux/amd64`, `linux/arm64/v8`. Nothing here looks at this machine beyond the
//! processor that the program was compiled for.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// An operating system and a processor.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Platform {
    /// Processor architecture: `amd64`, `arm64`.
    pub architecture: String,
    /// Operating system: `linux`.
    pub os: String,
    /// Least version of the operating system, where that matters.
    #[serde(default, rename = "os.version", skip_serializing_if = "Option::is_none")]
    pub os_version: Option<String>,
    /// Variant of the processor: `v8`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
}

/// Why a text is no platform.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a platform: expected an operating system and a processor")]
pub struct ParsePlatformError {
    /// The text as given.
    pub text: String,
}

impl Platform {
    /// Linux on a processor, in Go's word for it.
    pub fn linux(architecture: &str) -> Self {
        Self {
            architecture: architecture.to_owned(),
            os: "linux".to_owned(),
            os_version: None,
            variant: None,
        }
    }

    /// Linux on the processor that this program was compiled for.
    pub fn of_this_machine() -> Self {
        Self::linux(match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            other => other,
        })
    }

    /// The same as images and indexes write it: 64-bit ARM is `v8` (image-spec, "Platform Variants").
    #[must_use]
    pub fn with_variant(self) -> Self {
        let variant = (self.architecture == "arm64").then(|| "v8".to_owned());
        Self { variant: variant.or(self.variant), ..self }
    }

    /// Whether an image for `self` is what somebody who wants `wanted` can run. `arm64` and
    /// `arm64/v8` are one (image-spec, "Platform Variants").
    pub fn serves(&self, wanted: &Self) -> bool {
        self.os == wanted.os
            && self.architecture == wanted.architecture
            && (wanted.variant.is_none() || self.plain_variant() == wanted.plain_variant())
    }

    fn plain_variant(&self) -> Option<&str> {
        let variant = self.variant.as_deref();
        variant.filter(|variant| !(self.architecture == "arm64" && *variant == "v8"))
    }
}

impl FromStr for Platform {
    type Err = ParsePlatformError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let word = |part: &str| {
            !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        };
        let parts: Vec<&str> = text.split('/').collect();
        match parts[..] {
            [os, architecture] if word(os) && word(architecture) => {
                Ok(Self { os: os.to_owned(), ..Self::linux(architecture) })
            }
            [os, architecture, variant] if parts.iter().all(|part| word(part)) => Ok(Self {
                os: os.to_owned(),
                variant: Some(variant.to_owned()),
                ..Self::linux(architecture)
            }),
            _ => Err(ParsePlatformError { text: text.to_owned() }),
        }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        self.variant.as_ref().map_or(Ok(()), |variant| write!(f, "/{variant}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_become_platforms_and_back() {
        for text in ["linux/amd64", "linux/arm64/v8", "windows/amd64"] {
            assert_eq!(text.parse::<Platform>().expect(text).to_string(), text);
        }
        for bad in ["", "linux", "linux/", "a/b/c/d", "linux/am d64", "linux/amd64/"] {
            assert!(bad.parse::<Platform>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_variant_matters_when_it_is_asked_for() {
        for (has, wanted, serves) in [
            ("linux/arm64/v8", "linux/arm64", true),
            ("linux/arm64", "linux/arm64/v8", true),
            ("linux/arm/v6", "linux/arm/v7", false),
            ("linux/arm/v7", "linux/arm", true),
            ("linux/arm64", "linux/amd64", false),
            ("windows/amd64", "linux/amd64", false),
        ] {
            let platform = |text: &str| text.parse::<Platform>().expect(text);
            assert_eq!(platform(has).serves(&platform(wanted)), serves, "{has} for {wanted}");
        }
    }
}
