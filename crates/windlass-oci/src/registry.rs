//! A client of image registries (OCI distribution spec 1.1): pull into an [`crate::ImageStore`],
//! push from one, list what is about an image.
//!
//! Everything blocks. Proxies, time-outs, files of credentials and the environment of credential
//! helpers arrive as data. One client keeps its connections and tokens for as long as it lives.
//! It deletes nothing and lists no repositories.

mod answer;
mod attached;
mod auth_file;
mod challenge;
mod credential_program;
mod credentials;
mod documents;
mod download;
mod error;
pub mod explain;
mod host;
mod mounts;
mod pull;
mod push;
mod reference;
mod referrers;
mod remote;
mod retry;
mod tokens;
mod transfer;
mod upload;

pub use credential_program::ProgramError;
pub use credentials::{Credentials, CredentialsError, Keychain, Secret};
pub use error::{Action, RegistryError};
pub use pull::{Platforms, Pulled};
pub use push::{PushRequest, Pushed};
pub use reference::{ParseReferenceError, Reference};
pub use transfer::{BlobReport, How, Transfer};

use crate::http::{Agents, HttpSettings, Loopback, Redirects};
use host::Origin;
use remote::Remote;
use tokens::Tokens;

/// How registries are reached.
#[derive(Debug, Clone, Default)]
pub struct RegistrySettings {
    /// Proxies, time-outs, attempts, and how many blobs are moved at a time. This machine itself
    /// is never reached through a proxy.
    pub http: HttpSettings,
    /// Hosts, with their ports, that are spoken to without TLS though they are not this machine.
    pub plain_http: Vec<String>,
    /// Where credentials are.
    pub keychain: Keychain,
}

/// A client of registries.
pub struct Registry {
    settings: RegistrySettings,
    agents: Agents,
    tokens: Tokens,
}

impl Registry {
    /// Prepares a client; connects to nobody yet.
    pub fn new(settings: RegistrySettings) -> Self {
        let agents = Agents::new(settings.http.clone(), Redirects::Shown, Loopback::Direct);
        Self { agents, settings, tokens: Tokens::default() }
    }

    fn settings(&self) -> &RegistrySettings {
        &self.settings
    }

    fn remote(&self, reference: &Reference, action: Action) -> Remote<'_> {
        Remote {
            http: &self.agents,
            keychain: &self.settings.keychain,
            tokens: &self.tokens,
            origin: Origin::of(reference, &self.settings.plain_http),
            reference: reference.clone(),
            action,
        }
    }
}

/// What reads a registry's headers and the files of credentials, for the fuzzer.
#[cfg(fuzzing)]
pub mod fuzzed {
    /// `WWW-Authenticate`, `Retry-After`, and a `config.json`.
    pub fn texts(text: &str) {
        let _ = super::challenge::parse(text.lines());
        let _ = super::retry::retry_after_ms(text, Some("Sun, 06 Nov 1994 08:49:37 GMT"));
        if let Ok(file) = serde_json::from_str::<super::auth_file::AuthFile>(text) {
            let _ = file.find("registry.example.org", "team/shop");
        }
    }
}
