//! Credentials of registries: from the caller, or from the files that Docker and podman keep.
//!
//! Invariants: a secret is never shown, not even by `Debug`; which files there are and where
//! helpers live is the caller's to say. What is in a file's form is [`super::auth_file`]'s.

use super::auth_file::{AuthFile, Found};
use super::credential_program::{self, ProgramError};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::PathBuf;

/// Largest file of credentials that is read, in bytes.
const FILE_LIMIT: u64 = 4 << 20;

/// A text that is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for the one who sends it.
    pub(super) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<secret>")
    }
}

/// What proves to a registry who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credentials {
    /// A user name and a password, or a token in the place of one.
    Basic {
        /// The user.
        user: String,
        /// The password.
        password: Secret,
    },
    /// An identity token, exchanged for access tokens (OAuth 2.0 refresh token).
    Identity {
        /// The token.
        token: Secret,
    },
    /// A token that is sent as it is.
    Bearer {
        /// The token.
        token: Secret,
    },
}

impl Credentials {
    /// `Basic` and the encoded pair (RFC 7617), where there is one.
    pub(super) fn basic_header(&self) -> Option<Secret> {
        match self {
            Self::Basic { user, password } => {
                let pair = STANDARD.encode(format!("{user}:{}", password.expose()));
                Some(Secret::new(format!("Basic {pair}")))
            }
            Self::Identity { .. } | Self::Bearer { .. } => None,
        }
    }
}

/// Why credentials could not be read.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// A file is there and cannot be read.
    #[error("{} cannot be read", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file is no JSON of the form that Docker writes.
    #[error("{} is not a file of registry credentials", path.display())]
    Form {
        /// The file.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// An entry is neither a pair nor a token.
    #[error("{} has an entry for {server} that cannot be understood", path.display())]
    Entry {
        /// The file.
        path: PathBuf,
        /// The entry.
        server: String,
    },
    /// A credential helper failed.
    #[error(transparent)]
    Helper(#[from] ProgramError),
}

/// Where credentials are looked for.
#[derive(Clone, Default)]
pub struct Keychain {
    /// Credentials for registries by host and port, before any file.
    pub given: BTreeMap<String, Credentials>,
    /// Files in Docker's or podman's form, the strongest first; one that is absent is skipped.
    pub files: Vec<PathBuf>,
    /// Folders with `docker-credential-*` programs.
    pub helper_folders: Vec<PathBuf>,
    /// The environment of those programs.
    pub environment: BTreeMap<String, String>,
}

impl fmt::Debug for Keychain {
    /// Without the environment, which may hold anything.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keychain")
            .field("given", &self.given)
            .field("files", &self.files)
            .field("helper_folders", &self.helper_folders)
            .finish_non_exhaustive()
    }
}

impl Keychain {
    /// The credentials for a repository, if anything knows some.
    ///
    /// # Errors
    /// A file that cannot be read or understood, and a helper that fails.
    pub fn find(
        &self,
        registry: &str,
        repository: &str,
    ) -> Result<Option<Credentials>, CredentialsError> {
        if let Some(given) = self.given.get(registry) {
            return Ok(Some(given.clone()));
        }
        for path in &self.files {
            let Some(file) = read(path)? else { continue };
            let found = file
                .find(registry, repository)
                .map_err(|server| CredentialsError::Entry { path: path.clone(), server })?;
            let credentials = match found {
                Some(Found::Credentials(credentials)) => Some(credentials),
                Some(Found::Helper { name, server }) => {
                    credential_program::ask(self, &name, &server)?
                }
                None => None,
            };
            if credentials.is_some() {
                return Ok(credentials);
            }
        }
        Ok(None)
    }
}

fn read(path: &PathBuf) -> Result<Option<AuthFile>, CredentialsError> {
    use std::io::Read as _;
    let failed = |source| CredentialsError::File { path: path.clone(), source };
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let mut bytes = Vec::new();
    file.take(FILE_LIMIT).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.trim_ascii().is_empty() {
        return Ok(None);
    }
    serde_json::from_slice(&bytes)
        .map(Some)
        .map_err(|source| CredentialsError::Form { path: path.clone(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_not_shown() {
        let credentials =
            Credentials::Basic { user: "ada".to_owned(), password: Secret::new("open") };
        assert!(!format!("{credentials:?}").contains("open"));
        let header = credentials.basic_header().expect("a pair");
        assert_eq!(header.expose(), "Basic YWRhOm9wZW4=");
    }

    #[test]
    fn the_first_file_that_knows_wins_and_absent_ones_are_skipped() {
        let dir = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| {
            let path = dir.path().join(name);
            std::fs::write(&path, text).expect("written");
            path
        };
        let one = write("one", r#"{"auths":{"a.example":{"auth":"YTpi"}}}"#);
        let two =
            write("two", r#"{"auths":{"a.example":{"auth":"eDp5"},"b.example":{"auth":"eDp5"}}}"#);
        let files = vec![dir.path().join("none"), write("empty", ""), one, two];
        let keychain = Keychain { files, ..Keychain::default() };
        let user = |registry: &str| match keychain.find(registry, "x").expect("readable") {
            Some(Credentials::Basic { user, .. }) => Some(user),
            _ => None,
        };
        assert_eq!(user("a.example").as_deref(), Some("a"));
        assert_eq!(user("b.example").as_deref(), Some("x"));
        assert_eq!(user("c.example"), None);
        let keychain = Keychain { files: vec![write("bad", "{")], ..Keychain::default() };
        assert!(matches!(keychain.find("a", "x"), Err(CredentialsError::Form { .. })));
    }
}
