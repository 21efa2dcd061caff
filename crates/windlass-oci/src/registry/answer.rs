//! What a registry answers: its headers, its body within limits, and failures in its own words.

use super::RegistryError;
use super::challenge::{self, Challenge};
use super::error::shown;
use super::host::resolve;
use super::retry::retry_after_ms;
use serde::Deserialize;
use std::io::Read as _;
use ureq::Body;
use ureq::http::Response;
use windlass_model::Digest;

/// How much of a failure's text is read, in bytes.
const FAILURE: u64 = 64 << 10;

/// An answer, and where it came from in the end.
pub(super) struct Answer {
    pub(super) response: Response<Body>,
    pub(super) url: String,
}

#[derive(Deserialize)]
struct Failures {
    errors: Vec<Failure>,
}

#[derive(Deserialize)]
struct Failure {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
}

impl Answer {
    pub(super) fn new(response: Response<Body>, url: &str) -> Self {
        Self { response, url: url.to_owned() }
    }

    pub(super) fn status(&self) -> u16 {
        self.response.status().as_u16()
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.response.headers().get(name)?.to_str().ok()
    }

    /// Where an upload goes on, or what was made is.
    pub(super) fn location(&self) -> Result<String, RegistryError> {
        let location = self.header("location").map(|location| resolve(&self.url, location));
        location.ok_or_else(|| self.protocol("it names no location"))
    }

    pub(super) fn protocol(&self, what: &'static str) -> RegistryError {
        RegistryError::Protocol { url: shown(&self.url), what }
    }

    /// The digest that the server says the thing has must be the expected one.
    pub(super) fn check_digest(&self, expected: &Digest) -> Result<(), RegistryError> {
        match self.header("docker-content-digest") {
            Some(said) if said.starts_with("sha256:") && said != expected.to_string() => {
                let said = said.chars().take(100).collect();
                Err(RegistryError::WrongDigest { url: shown(&self.url), expected: *expected, said })
            }
            _ => Ok(()),
        }
    }

    /// The whole body, if it is no longer than `limit`.
    pub(super) fn bytes(&mut self, limit: u64) -> Result<Vec<u8>, RegistryError> {
        let url = shown(&self.url);
        let mut bytes = Vec::new();
        let body = self.response.body_mut().as_reader();
        body.take(limit + 1).read_to_end(&mut bytes).map_err(|source| RegistryError::CutOff {
            url: url.clone(),
            received: 0,
            source: Some(source),
        })?;
        if bytes.len() as u64 > limit {
            return Err(RegistryError::TooLarge { url, limit });
        }
        Ok(bytes)
    }

    /// What the server said about a failure, made fit to be shown.
    pub(super) fn said(&mut self) -> Option<String> {
        let bytes = self.bytes(FAILURE).ok()?;
        let failures: Failures = serde_json::from_slice(&bytes).ok()?;
        let first = failures.errors.into_iter().next()?;
        let text = match (first.code.as_str(), first.message.as_str()) {
            ("", "") => return None,
            ("", text) | (text, "") => text.to_owned(),
            (code, message) => format!("{message} ({code})"),
        };
        Some(text.chars().filter(|letter| !letter.is_control()).take(200).collect())
    }

    /// The answer as a failure.
    pub(super) fn failure(&mut self) -> RegistryError {
        let wish = self.header("retry-after");
        let retry_after_ms = wish.and_then(|wish| retry_after_ms(wish, self.header("date")));
        RegistryError::Status {
            url: shown(&self.url),
            status: self.status(),
            said: self.said(),
            retry_after_ms,
        }
    }

    /// Where a reader is sent on to.
    pub(super) fn redirect(&self) -> Option<&str> {
        let sent_on = matches!(self.status(), 301 | 302 | 303 | 307 | 308);
        self.header("location").filter(|_| sent_on)
    }

    /// What it asks for who is not known.
    pub(super) fn challenges(&self) -> Vec<Challenge> {
        let values = self.response.headers().get_all("www-authenticate");
        challenge::parse(values.iter().filter_map(|value| value.to_str().ok()))
    }
}
