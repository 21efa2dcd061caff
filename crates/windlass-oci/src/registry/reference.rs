//! Names of images in registries, as people type them: `[host[:port]/]path[:tag][@digest]`.
//!
//! The grammar is the distribution specification's ("Pulling manifests") with Docker's rule for
//! what the first part is: a host has a dot, a port or the name `localhost`; anything else is a
//! path in Docker's own registry. Pure.

#[cfg(test)]
mod tests;

use serde::Serialize;
use std::fmt;
use std::str::FromStr;
use windlass_model::Digest;

/// The registry of names without a host, as people know it.
const HUB: &str = "docker.io";
/// Where that registry answers.
const HUB_SERVER: &str = "registry-1.docker.io";
/// Longest name of a repository, in bytes.
const NAME: usize = 255;
/// Longest tag, in bytes.
const TAG: usize = 128;

/// An image in a registry.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Reference {
    /// Host, with its port when one was given.
    pub registry: String,
    /// Path of the repository.
    pub repository: String,
    /// The tag, when one was given.
    pub tag: Option<String>,
    /// The digest, when one was given: it wins over the tag.
    pub digest: Option<Digest>,
}

/// Why a text names no image.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseReferenceError {
    /// The host is no host name.
    #[error("`{host}` is not the name of a registry")]
    Host {
        /// The host as given.
        host: String,
    },
    /// The path is empty, too long, or has characters that it may not have.
    #[error("`{path}` is not the path of a repository")]
    Path {
        /// The path as given.
        path: String,
    },
    /// The tag is empty, too long, or has characters that it may not have.
    #[error("`{tag}` is not a tag")]
    Tag {
        /// The tag as given.
        tag: String,
    },
    /// The digest is none of SHA-256.
    #[error("`{digest}` is not a SHA-256 digest")]
    Digest {
        /// The digest as given.
        digest: String,
    },
}

impl Reference {
    /// What is asked for when neither a tag nor a digest was given.
    pub const LATEST: &'static str = "latest";

    /// The same repository at another tag.
    ///
    /// # Errors
    /// A text that is no tag.
    pub fn with_tag(&self, tag: &str) -> Result<Self, ParseReferenceError> {
        if !is_tag(tag) {
            return Err(ParseReferenceError::Tag { tag: tag.to_owned() });
        }
        Ok(Self { tag: Some(tag.to_owned()), digest: None, ..self.clone() })
    }

    /// The same repository at a digest.
    #[must_use]
    pub fn at(&self, digest: Digest) -> Self {
        Self { tag: None, digest: Some(digest), ..self.clone() }
    }

    /// Host, port and path, without tag and digest.
    pub fn name(&self) -> String {
        format!("{}/{}", self.registry, self.repository)
    }

    /// What a manifest is asked for by: the digest, the tag, or `latest`.
    pub(super) fn wanted(&self) -> String {
        match (&self.digest, &self.tag) {
            (Some(digest), _) => digest.to_string(),
            (None, Some(tag)) => tag.clone(),
            (None, None) => Self::LATEST.to_owned(),
        }
    }

    /// Host and port of the server that answers for the registry.
    pub(super) fn server(&self) -> &str {
        if self.registry == HUB { HUB_SERVER } else { &self.registry }
    }
}

impl FromStr for Reference {
    type Err = ParseReferenceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (rest, digest) = match text.split_once('@') {
            None => (text, None),
            Some((rest, digest)) => {
                let bad = |_| ParseReferenceError::Digest { digest: digest.to_owned() };
                (rest, Some(digest.parse().map_err(bad)?))
            }
        };
        let last = rest.rfind('/').map_or(0, |slash| slash + 1);
        // A colon before the last slash is a port's.
        let (name, tag) = match rest[last..].find(':') {
            Some(colon) => (&rest[..last + colon], Some(&rest[last + colon + 1..])),
            None => (rest, None),
        };
        if let Some(tag) = tag.filter(|tag| !is_tag(tag)) {
            return Err(ParseReferenceError::Tag { tag: tag.to_owned() });
        }
        let (registry, repository) = split_name(name)?;
        if repository.len() > NAME || !repository.split('/').all(is_path_part) {
            return Err(ParseReferenceError::Path { path: repository });
        }
        Ok(Self { registry, repository, tag: tag.map(str::to_owned), digest })
    }
}

/// Host and path; a name without a host is Docker's, in `library` when it has one part only.
fn split_name(name: &str) -> Result<(String, String), ParseReferenceError> {
    let first = name.split_once('/').filter(|(first, _)| {
        first.contains(['.', ':', '[']) || first.eq_ignore_ascii_case("localhost")
    });
    let (host, path) = first.unwrap_or((HUB, name));
    if !is_host(host) {
        return Err(ParseReferenceError::Host { host: host.to_owned() });
    }
    let host = host.to_ascii_lowercase();
    let host = if host == format!("index.{HUB}") { HUB.to_owned() } else { host };
    let single = host == HUB && !path.contains('/') && !path.is_empty();
    let path = if single { format!("library/{path}") } else { path.to_owned() };
    Ok((host, path))
}

fn is_host(host: &str) -> bool {
    let (name, port) = match host.rfind(':') {
        Some(colon) if !host.ends_with(']') => (&host[..colon], Some(&host[colon + 1..])),
        _ => (host, None),
    };
    let in_brackets = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
    let named = name.split('.').all(|label| {
        let hyphen = label.starts_with('-') || label.ends_with('-');
        !label.is_empty()
            && !hyphen
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    });
    let known = in_brackets.map_or(named, |v6| v6.parse::<std::net::Ipv6Addr>().is_ok());
    known && port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0))
}

/// Lower-case letters and digits, in runs that `.`, `_`, `__` or hyphens stand between.
fn is_path_part(part: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let ends = part.bytes().next().is_some_and(plain) && part.bytes().last().is_some_and(plain);
    let separators = part.split(|c: char| plain(c as u8) && c.is_ascii());
    ends && separators
        .filter(|run| !run.is_empty())
        .all(|run| matches!(run, "." | "_" | "__") || run.bytes().all(|b| b == b'-'))
}

fn is_tag(tag: &str) -> bool {
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    tag.len() <= TAG
        && tag.bytes().next().is_some_and(word)
        && tag.bytes().all(|b| word(b) || matches!(b, b'.' | b'-'))
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        self.digest.map_or(Ok(()), |digest| write!(f, "@{digest}"))
    }
}

impl Serialize for Reference {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
