//! One repository of a registry: requests with their authorization, and redirects.
//!
//! Invariant: an `Authorization` is sent to the registry's own origin and nowhere else, whatever
//! an answer says. What requests mean, and whether they are tried again, is up to the callers.

use super::answer::Answer;
use super::challenge::Challenge;
use super::credentials::{Credentials, Secret};
use super::error::shown;
use super::host::{Origin, resolve};
use super::retry::Patience;
use super::tokens::{Scope, Tokens};
use super::{Action, Keychain, Reference, RegistryError};
use crate::http::Agents;
use std::io::Read;
use std::time::Duration;
use ureq::SendBody;
use ureq::http::{Method, Request};

/// How many times a reader is sent on.
const REDIRECTS: usize = 5;
/// How many times longer than usual a server may think about a whole blob that it was sent.
const DIGESTION: u32 = 10;

/// A repository, and how it is reached.
pub(super) struct Remote<'a> {
    pub(super) http: &'a Agents,
    pub(super) keychain: &'a Keychain,
    pub(super) tokens: &'a Tokens,
    pub(super) origin: Origin,
    pub(super) reference: Reference,
    pub(super) action: Action,
}

/// A request.
pub(super) struct Call<'a> {
    pub(super) method: Method,
    pub(super) url: String,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: CallBody<'a>,
    /// Where a blob is mounted from, which a token must allow as well.
    pub(super) from: Option<&'a str>,
}

/// What a request carries.
pub(super) enum CallBody<'a> {
    None,
    Bytes(&'a [u8]),
    /// This many bytes of a reader that is opened anew for each attempt.
    Stream(u64, &'a dyn Fn() -> Result<Box<dyn Read + 'a>, RegistryError>),
}

impl<'a> Call<'a> {
    pub(super) fn new(method: Method, url: String) -> Self {
        Self { method, url, headers: Vec::new(), body: CallBody::None, from: None }
    }

    pub(super) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(super) fn body(self, body: CallBody<'a>) -> Self {
        Self { body, ..self }
    }

    fn reads(&self) -> bool {
        self.method == Method::GET || self.method == Method::HEAD
    }
}

impl Remote<'_> {
    /// A URL below the repository: `/blobs/...`.
    pub(super) fn url(&self, path: &str) -> String {
        self.origin.url(&format!("/v2/{}{path}", self.reference.repository))
    }

    pub(super) fn patience(&self) -> Patience {
        let settings = self.http.settings();
        Patience {
            attempts: settings.attempts.max(1),
            backoff: Duration::from_millis(settings.backoff_ms),
        }
    }

    /// Runs `attempt` as often as is worth it. Too many requests in the end are said as such.
    pub(super) fn tried<T>(
        &self,
        attempt: &mut dyn FnMut() -> Result<T, RegistryError>,
    ) -> Result<T, RegistryError> {
        self.patience().retry(attempt).map_err(|failure| self.limited(failure))
    }

    fn limited(&self, failure: RegistryError) -> RegistryError {
        match failure {
            RegistryError::GaveUp { source, .. } if source.status() == Some(429) => {
                self.limited(*source)
            }
            RegistryError::Status { status: 429, said, retry_after_ms, .. } => {
                let registry = self.reference.registry.clone();
                RegistryError::RateLimited { registry, retry_after_ms, said }
            }
            other => other,
        }
    }

    /// Sends a request, with a token or credentials once the registry asks for them.
    pub(super) fn send(&self, call: &Call<'_>) -> Result<Answer, RegistryError> {
        let from = call.from.map(str::to_owned);
        let repository = self.reference.repository.clone();
        let scope = Scope { action: self.action, repository, from };
        let header = self.tokens.known(&self.origin, &scope);
        let mut answer = self.exchange(call, header.as_ref())?;
        if answer.status() == 401 && self.origin.holds(&answer.url) {
            self.tokens.forget(&self.origin, &scope);
            let header = self.tokens.get(self, &scope, &answer.challenges())?;
            answer = self.exchange(call, Some(&header))?;
        }
        if answer.status() == 401 && self.origin.holds(&answer.url) {
            self.tokens.forget(&self.origin, &scope);
            return Err(self.refused(&mut answer)?);
        }
        Ok(answer)
    }

    /// A second 401: a token that is not enough, or credentials that are wrong.
    fn refused(&self, answer: &mut Answer) -> Result<RegistryError, RegistryError> {
        let insufficient = answer.challenges().iter().any(|challenge| {
            matches!(challenge, Challenge::Bearer { error: Some(error), .. } if error == "insufficient_scope")
        });
        let said = answer.said();
        if insufficient {
            return Ok(self.denied(said));
        }
        Ok(self.unauthorized(self.credentials()?.as_ref(), said))
    }

    pub(super) fn credentials(&self) -> Result<Option<Credentials>, RegistryError> {
        Ok(self.keychain.find(&self.reference.registry, &self.reference.repository)?)
    }

    pub(super) fn unauthorized(
        &self,
        credentials: Option<&Credentials>,
        said: Option<String>,
    ) -> RegistryError {
        RegistryError::Unauthorized {
            registry: self.reference.registry.clone(),
            repository: self.reference.repository.clone(),
            user: credentials.map(|credentials| match credentials {
                Credentials::Basic { user, .. } => user.clone(),
                Credentials::Identity { .. } | Credentials::Bearer { .. } => "a token".to_owned(),
            }),
            said,
        }
    }

    pub(super) fn denied(&self, said: Option<String>) -> RegistryError {
        RegistryError::Denied {
            action: self.action,
            registry: self.reference.registry.clone(),
            repository: self.reference.repository.clone(),
            said,
        }
    }

    /// One request, and those that it is sent on to.
    fn exchange(&self, call: &Call<'_>, header: Option<&Secret>) -> Result<Answer, RegistryError> {
        let mut url = call.url.clone();
        for _ in 0..=REDIRECTS {
            let own = self.origin.holds(&url);
            let answer = self.once(call, &url, header.filter(|_| own))?;
            let Some(location) = answer.redirect().filter(|_| call.reads()) else {
                return Ok(answer);
            };
            let to = resolve(&url, location);
            if url.starts_with("https://") && !to.starts_with("https://") {
                return Err(RegistryError::Redirect { url: shown(&url), to: shown(&to) });
            }
            url = to;
        }
        Err(RegistryError::Redirect { url: shown(&call.url), to: shown(&url) })
    }

    fn once(
        &self,
        call: &Call<'_>,
        url: &str,
        authorization: Option<&Secret>,
    ) -> Result<Answer, RegistryError> {
        let agent = self.http.for_url(url)?;
        let failed = |source| RegistryError::transport(url, source);
        let mut request = Request::builder()
            .method(call.method.clone())
            .uri(url)
            .header("accept-encoding", "identity");
        for (name, value) in &call.headers {
            request = request.header(*name, value);
        }
        if let Some(value) = authorization {
            request = request.header("authorization", value.expose());
        }
        let bad = |error: ureq::http::Error| failed(error.into());
        let response = match &call.body {
            CallBody::None if call.reads() => agent.run(request.body(()).map_err(bad)?),
            CallBody::None => agent.run(request.body(&[][..]).map_err(bad)?),
            CallBody::Bytes(bytes) => agent.run(request.body(*bytes).map_err(bad)?),
            CallBody::Stream(length, open) => {
                let mut reader = open()?;
                let request = request.header("content-length", length.to_string());
                let body = SendBody::from_reader(&mut reader);
                let idle = Duration::from_millis(self.http.settings().idle_timeout_ms);
                let request = agent
                    .configure_request(request.body(body).map_err(bad)?)
                    .timeout_recv_response(Some(idle * DIGESTION))
                    .build();
                agent.run(request)
            }
        };
        Ok(Answer::new(response.map_err(failed)?, url))
    }
}
