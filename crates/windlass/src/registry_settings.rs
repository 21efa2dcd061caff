//! How registries are reached from this machine, and with which credentials: pure, from facts.

use crate::build_settings::http;
use crate::facts::Facts;
use std::path::PathBuf;
use windlass_build::base::CredentialFiles;
use windlass_oci::http::HttpSettings;
use windlass_oci::registry::{Credentials, Keychain, Reference, RegistrySettings, Secret};

/// Blobs moved at a time: more make registries slow down.
const PARALLEL: usize = 4;

/// The settings for a conversation about these references. Credentials of the environment are for
/// the first one's registry alone.
pub(crate) fn registry_settings(
    facts: &Facts,
    references: &[&Reference],
    plain_http: bool,
) -> RegistrySettings {
    let user = facts.variable("WINDLASS_REGISTRY_USERNAME");
    let password = facts.variable("WINDLASS_REGISTRY_PASSWORD").map(Secret::new);
    let given = match (references.first(), user, password) {
        (Some(first), Some(user), Some(password)) => {
            let credentials = Credentials::Basic { user: user.to_owned(), password };
            [(first.registry.clone(), credentials)].into()
        }
        _ => std::collections::BTreeMap::new(),
    };
    let credentials = credential_files(facts);
    RegistrySettings {
        http: HttpSettings { parallel: PARALLEL, ..http(facts) },
        plain_http: references
            .iter()
            .filter(|_| plain_http)
            .map(|reference| reference.registry.clone())
            .collect(),
        keychain: Keychain {
            given,
            files: credentials.files,
            helper_folders: credentials.helper_folders,
            environment: facts.environment.clone(),
        },
    }
}

/// Where credentials are on this machine.
pub(crate) fn credential_files(facts: &Facts) -> CredentialFiles {
    let path = facts.variable("PATH").unwrap_or("/usr/local/bin:/usr/bin:/bin");
    let helper_folders = std::env::split_paths(path).filter(|it| it.is_absolute()).collect();
    CredentialFiles { files: files(facts), helper_folders }
}

/// Docker's file, then podman's (containers-auth.json(5)); the one that a variable names first.
fn files(facts: &Facts) -> Vec<PathBuf> {
    let variable = |name: &str| facts.variable(name).map(PathBuf::from);
    let home = variable("HOME");
    let docker = variable("DOCKER_CONFIG");
    let docker = docker.or_else(|| home.as_ref().map(|home| home.join(".docker")));
    let config = variable("XDG_CONFIG_HOME");
    let config = config.or_else(|| home.as_ref().map(|home| home.join(".config")));
    let podman = |folder: PathBuf| folder.join("containers/auth.json");
    variable("REGISTRY_AUTH_FILE")
        .into_iter()
        .chain(docker.map(|folder| folder.join("config.json")))
        .chain(variable("XDG_RUNTIME_DIR").map(podman))
        .chain(config.map(podman))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(environment: &[(&str, &str)]) -> Facts {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Facts { environment: environment.iter().map(owned).collect(), ..Facts::default() }
    }

    #[test]
    fn files_are_looked_for_where_docker_and_podman_keep_them() {
        let wanted = ["/h/.docker/config.json", "/h/.config/containers/auth.json"];
        assert_eq!(files(&facts(&[("HOME", "/h")])), wanted.map(PathBuf::from));
        let all = [
            ("HOME", "/h"),
            ("DOCKER_CONFIG", "/d"),
            ("XDG_RUNTIME_DIR", "/r"),
            ("XDG_CONFIG_HOME", "/c"),
            ("REGISTRY_AUTH_FILE", "/a"),
        ];
        let wanted = ["/a", "/d/config.json", "/r/containers/auth.json", "/c/containers/auth.json"];
        assert_eq!(files(&facts(&all)), wanted.map(PathBuf::from));
    }

    #[test]
    fn credentials_of_the_environment_are_for_one_registry() {
        let environment =
            [("WINDLASS_REGISTRY_USERNAME", "ada"), ("WINDLASS_REGISTRY_PASSWORD", "open")];
        let reference = |text: &str| text.parse::<Reference>().expect(text);
        let (one, two) = (reference("one.example/a"), reference("two.example/a"));
        let settings = registry_settings(&facts(&environment), &[&one, &two], true);
        assert_eq!(settings.keychain.given.keys().collect::<Vec<_>>(), ["one.example"]);
        assert_eq!(settings.plain_http, ["one.example", "two.example"]);
        assert!(!format!("{settings:?}").contains("open"));
        let settings = registry_settings(&facts(&environment[..1]), &[&one], false);
        assert!(settings.keychain.given.is_empty() && settings.plain_http.is_empty());
    }
}
