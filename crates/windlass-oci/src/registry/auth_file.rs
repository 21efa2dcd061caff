//! The form of Docker's `config.json` and podman's `auth.json`. Pure.
//!
//! Docker's order: a helper named for the registry, the store for all, an entry of the file
//! itself. Podman's files may have entries for parts of a registry: the longest one counts.

use super::credentials::{Credentials, Secret};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use serde::Deserialize;
use std::collections::BTreeMap;

/// What Docker's own registry is called in its files.
const HUB_KEY: &str = "https://index.docker.io/v1/";

/// A file of credentials, as far as it is about registries.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AuthFile {
    #[serde(default)]
    auths: BTreeMap<String, Entry>,
    #[serde(default)]
    cred_helpers: BTreeMap<String, String>,
    #[serde(default)]
    creds_store: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Entry {
    auth: String,
    username: String,
    password: String,
    identitytoken: String,
    registrytoken: String,
}

/// What a file says about a registry.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// The credentials themselves.
    Credentials(Credentials),
    /// A helper that has them, and what it knows the registry by.
    Helper { name: String, server: String },
}

impl AuthFile {
    /// What the file says about a repository; an entry that cannot be understood is the error.
    pub(super) fn find(&self, registry: &str, repository: &str) -> Result<Option<Found>, String> {
        let server = if registry == "docker.io" { HUB_KEY } else { registry };
        let named = self.cred_helpers.iter().find(|(key, _)| host_of(key) == registry);
        let helper = named.map(|(_, name)| name).or(self.creds_store.as_ref());
        if let Some(name) = helper.filter(|name| !name.is_empty()) {
            return Ok(Some(Found::Helper { name: name.clone(), server: server.to_owned() }));
        }
        let full = format!("{registry}/{repository}");
        let covers = |key: &&String| {
            let key = path_of(key);
            full == key || full.strip_prefix(&key).is_some_and(|rest| rest.starts_with('/'))
        };
        let best = self.auths.keys().filter(covers).max_by_key(|key| path_of(key).len());
        let Some(key) = best else { return Ok(None) };
        let found = self.auths[key].credentials().map_err(|()| key.clone())?;
        Ok(found.map(Found::Credentials))
    }
}

impl Entry {
    fn credentials(&self) -> Result<Option<Credentials>, ()> {
        if !self.identitytoken.is_empty() {
            return Ok(Some(Credentials::Identity { token: Secret::new(&*self.identitytoken) }));
        }
        if !self.registrytoken.is_empty() {
            return Ok(Some(Credentials::Bearer { token: Secret::new(&*self.registrytoken) }));
        }
        if !self.username.is_empty() {
            let password = Secret::new(&*self.password);
            return Ok(Some(Credentials::Basic { user: self.username.clone(), password }));
        }
        if self.auth.is_empty() {
            // What `docker login` leaves behind beside a store.
            return Ok(None);
        }
        let text = self.auth.trim();
        let bytes = STANDARD.decode(text).or_else(|_| STANDARD_NO_PAD.decode(text));
        let pair = String::from_utf8(bytes.map_err(drop)?).map_err(drop)?;
        let (user, password) = pair.split_once(':').ok_or(())?;
        // Docker pads what it encodes with NUL bytes.
        let password = Secret::new(password.trim_end_matches('\0'));
        Ok(Some(Credentials::Basic { user: user.to_owned(), password }))
    }
}

/// A key without its scheme, and without the API's version: host and, in podman's files, a path.
fn path_of(key: &str) -> String {
    let rest = key.split_once("://").map_or(key, |(_, rest)| rest).trim_end_matches('/');
    let rest = rest.strip_suffix("/v1").or_else(|| rest.strip_suffix("/v2")).unwrap_or(rest);
    match rest.strip_prefix("index.docker.io") {
        Some(path) => format!("docker.io{path}"),
        None => rest.to_owned(),
    }
}

fn host_of(key: &str) -> String {
    let path = path_of(key);
    path.split('/').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(text: &str, registry: &str, repository: &str) -> Result<Option<Found>, String> {
        let file: AuthFile = serde_json::from_str(text).expect("the form");
        file.find(registry, repository)
    }

    fn basic(user: &str, password: &str) -> Found {
        let password = Secret::new(password);
        Found::Credentials(Credentials::Basic { user: user.to_owned(), password })
    }

    #[test]
    fn entries_are_found_under_every_spelling_of_a_registry() {
        // "a:b:c" and "x:y" followed by a NUL byte.
        let auth = r#"{"auth":"YTpiOmM="}"#;
        for (key, registry) in [
            ("registry.example", "registry.example"),
            ("https://registry.example", "registry.example"),
            ("https://registry.example/v2/", "registry.example"),
            ("registry.example:5000", "registry.example:5000"),
            ("https://index.docker.io/v1/", "docker.io"),
            ("docker.io", "docker.io"),
        ] {
            let text = format!(r#"{{"auths":{{"{key}":{auth}}}}}"#);
            assert_eq!(find(&text, registry, "a/b"), Ok(Some(basic("a", "b:c"))), "{key}");
            assert_eq!(find(&text, "other.example", "a/b"), Ok(None), "{key}");
        }
        let padded = r#"{"auths":{"r.example":{"auth":"eDp5AA=="}}}"#;
        assert_eq!(find(padded, "r.example", "a"), Ok(Some(basic("x", "y"))));
    }

    #[test]
    fn the_longest_entry_counts() {
        let text = r#"{"auths":{
            "r.example":{"username":"all","password":"1"},
            "r.example/team":{"username":"team","password":"2"},
            "r.example/team/shop":{"username":"shop","password":"3"}}}"#;
        for (repository, user, password) in [
            ("x", "all", "1"),
            ("team/blog", "team", "2"),
            ("team/shop", "shop", "3"),
            ("teams", "all", "1"),
        ] {
            let found = find(text, "r.example", repository);
            assert_eq!(found, Ok(Some(basic(user, password))), "{repository}");
        }
    }

    #[test]
    fn helpers_come_first_and_tokens_before_pairs() {
        let text = r#"{"auths":{"r.example":{"auth":"YTpi","identitytoken":"t"}},
            "credHelpers":{"h.example":"one"},"credsStore":"two"}"#;
        let helper = |name: &str, server: &str| {
            Ok(Some(Found::Helper { name: name.to_owned(), server: server.to_owned() }))
        };
        assert_eq!(find(text, "h.example", "a"), helper("one", "h.example"));
        assert_eq!(find(text, "r.example", "a"), helper("two", "r.example"));
        assert_eq!(find(text, "docker.io", "a/b"), helper("two", HUB_KEY));
        let text = r#"{"auths":{"r.example":{"auth":"YTpi","identitytoken":"t"}}}"#;
        let token = Secret::new("t");
        let wanted = Found::Credentials(Credentials::Identity { token });
        assert_eq!(find(text, "r.example", "a"), Ok(Some(wanted)));
    }

    #[test]
    fn what_cannot_be_understood_is_named_and_what_is_empty_is_nothing() {
        let text = r#"{"auths":{"r.example":{"auth":"%%"},"e.example":{}}}"#;
        assert_eq!(find(text, "r.example", "a"), Err("r.example".to_owned()));
        assert_eq!(find(text, "e.example", "a"), Ok(None));
    }
}
