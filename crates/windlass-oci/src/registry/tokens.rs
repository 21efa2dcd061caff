//! What a registry wants to see before it answers: an `Authorization` for each scope.
//!
//! Invariants: a token is kept until nine tenths of its life are over; credentials go to the
//! registry and to the place that it names for tokens, over TLS wherever the registry has it, and
//! follow no redirect.

use super::answer::Answer;
use super::challenge::Challenge;
use super::credentials::{Credentials, Secret};
use super::error::shown;
use super::host::{Origin, encoded, with_query};
use super::remote::Remote;
use super::{Action, RegistryError};
use serde::Deserialize;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Largest answer with a token that is read, in bytes.
const ANSWER: u64 = 256 << 10;
/// How long a token lives whose giver does not say (distribution spec, "token authentication").
const LIFE_S: u64 = 60;

/// What a token must allow.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Scope {
    pub(super) action: Action,
    pub(super) repository: String,
    /// A repository to read from as well: where a blob is mounted from.
    pub(super) from: Option<String>,
}

impl Scope {
    fn texts(&self) -> Vec<String> {
        let actions = match self.action {
            Action::Pull => "pull",
            Action::Push => "pull,push",
        };
        let own = format!("repository:{}:{actions}", self.repository);
        let from = self.from.as_ref().map(|from| format!("repository:{from}:pull"));
        std::iter::once(own).chain(from).collect()
    }
}

/// The `Authorization` of each scope, as long as it is good.
#[derive(Default)]
pub(super) struct Tokens {
    known: Mutex<HashMap<(Origin, Scope), Header>>,
}

/// The header, and until when it is good.
type Header = (Secret, Option<Instant>);

#[derive(Deserialize)]
struct TokenAnswer {
    token: Option<String>,
    access_token: Option<String>,
    expires_in: Option<u64>,
}

impl Tokens {
    /// The header that worked the last time.
    pub(super) fn known(&self, origin: &Origin, scope: &Scope) -> Option<Secret> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let (header, until) = known.get(&(origin.clone(), scope.clone()))?;
        until.is_none_or(|until| Instant::now() < until).then(|| header.clone())
    }

    /// A new header, as the challenges of a 401 ask for it.
    pub(super) fn get(
        &self,
        remote: &Remote<'_>,
        scope: &Scope,
        challenges: &[Challenge],
    ) -> Result<Secret, RegistryError> {
        let credentials = remote.credentials()?;
        let mut refused = remote.unauthorized(credentials.as_ref(), None);
        for challenge in challenges {
            let found = match (challenge, &credentials) {
                (Challenge::Bearer { .. }, Some(Credentials::Bearer { token })) => {
                    Some((Secret::new(format!("Bearer {}", token.expose())), None))
                }
                (Challenge::Bearer { realm, service, .. }, credentials) => {
                    let request =
                        TokenRequest { remote, scope, realm, service: service.as_deref() };
                    match request.send(credentials.as_ref()) {
                        Err(failure @ RegistryError::Unauthorized { .. }) => {
                            refused = failure;
                            None
                        }
                        ended => Some(ended?),
                    }
                }
                (Challenge::Basic, Some(credentials)) => {
                    credentials.basic_header().map(|header| (header, None))
                }
                (Challenge::Basic, None) => None,
            };
            if let Some((header, until)) = found {
                let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
                known.insert((remote.origin.clone(), scope.clone()), (header.clone(), until));
                return Ok(header);
            }
        }
        Err(refused)
    }

    /// Forgets a header that does not work any more.
    pub(super) fn forget(&self, origin: &Origin, scope: &Scope) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.remove(&(origin.clone(), scope.clone()));
    }
}

/// A token to be asked for.
struct TokenRequest<'a> {
    remote: &'a Remote<'a>,
    scope: &'a Scope,
    realm: &'a str,
    service: Option<&'a str>,
}

impl TokenRequest<'_> {
    fn send(&self, credentials: Option<&Credentials>) -> Result<Header, RegistryError> {
        // Whoever speaks to a registry of the network without TLS has asked for it.
        let asked_for = self.remote.origin.is_plain() && !self.remote.origin.is_loopback();
        let exposed = |realm: Origin| realm.is_plain() && !realm.is_loopback() && !asked_for;
        if Origin::of_url(self.realm).is_none_or(exposed) {
            let url = shown(&self.remote.origin.url("/v2/"));
            return Err(RegistryError::Redirect { url, to: shown(self.realm) });
        }
        let ended = self.remote.patience().retry(&mut || self.attempt(credentials));
        ended.map_err(|failure| match failure {
            RegistryError::Unauthorized { .. } => failure,
            other => RegistryError::Token { realm: shown(self.realm), source: Box::new(other) },
        })
    }

    fn attempt(&self, credentials: Option<&Credentials>) -> Result<Header, RegistryError> {
        let agent = self.remote.http.for_url(self.realm)?;
        let asked = Instant::now();
        let sent = match credentials {
            Some(Credentials::Identity { token }) => agent
                .post(self.realm)
                .header("content-type", "application/x-www-form-urlencoded")
                .send(self.form(token).as_bytes()),
            other => {
                let mut request = agent.get(self.query());
                if let Some(header) = other.and_then(Credentials::basic_header) {
                    request = request.header("authorization", header.expose());
                }
                request.call()
            }
        };
        let response = sent.map_err(|source| RegistryError::transport(self.realm, source))?;
        let mut answer = Answer::new(response, self.realm);
        match answer.status() {
            200 => self.read(&mut answer, asked),
            400 | 401 | 403 => {
                let said = answer.said();
                Err(self.remote.unauthorized(credentials, said))
            }
            _ => Err(answer.failure()),
        }
    }

    fn query(&self) -> String {
        let url = self.realm.to_owned();
        let url = self.service.map_or(url.clone(), |service| with_query(&url, "service", service));
        self.scope.texts().iter().fold(url, |url, scope| with_query(&url, "scope", scope))
    }

    /// OAuth 2.0, section 6 (RFC 6749), as the distribution spec uses it.
    fn form(&self, token: &Secret) -> String {
        let scope = self.scope.texts().join(" ");
        [
            ("grant_type", "refresh_token"),
            ("service", self.service.unwrap_or_default()),
            ("client_id", "windlass"),
            ("scope", &scope),
            ("refresh_token", token.expose()),
        ]
        .map(|(name, value)| format!("{name}={}", encoded(value)))
        .join("&")
    }

    fn read(&self, answer: &mut Answer, asked: Instant) -> Result<Header, RegistryError> {
        let bytes = answer.bytes(ANSWER)?;
        let none = || RegistryError::Protocol {
            url: shown(self.realm),
            what: "its answer holds no token",
        };
        let answer: TokenAnswer = serde_json::from_slice(&bytes).map_err(|_| none())?;
        let token = answer.token.or(answer.access_token).filter(|token| is_token(token));
        let life = answer.expires_in.unwrap_or(LIFE_S).clamp(1, 86_400);
        let until = asked + Duration::from_millis(life * 900);
        Ok((Secret::new(format!("Bearer {}", token.ok_or_else(none)?)), Some(until)))
    }
}

/// A token goes into a header: visible characters only.
fn is_token(token: &str) -> bool {
    !token.is_empty() && token.bytes().all(|b| b.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_names_both_repositories_of_a_mount() {
        let scope = |action, from: Option<&str>| Scope {
            action,
            repository: "a/b".to_owned(),
            from: from.map(str::to_owned),
        };
        assert_eq!(scope(Action::Pull, None).texts(), ["repository:a/b:pull"]);
        assert_eq!(
            scope(Action::Push, Some("c")).texts(),
            ["repository:a/b:pull,push", "repository:c:pull"]
        );
    }
}
