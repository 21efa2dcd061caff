//! Registries that want to know who asks, and where credentials go.

use super::front::{Deed, Front, status};
use super::{Small, client, pull, registry};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex};
use windlass_oci::registry::{Credentials, Keychain, RegistryError, Secret};
use windlass_testkit::{RegistryAuth, RegistryService};

/// `ada:open-sesame`, as a file of Docker's holds it.
const PAIR: &str = "YWRhOm9wZW4tc2VzYW1l";

#[test]
fn credentials_are_found_used_and_kept_to_the_registry() {
    let registry = registry(&RegistryAuth::Password);
    wrong_and_missing_credentials_are_told_apart(&registry);
    credentials_come_from_every_place(&registry);
    the_command_line_takes_them_too(&registry);
    credentials_do_not_follow_a_redirect(&registry);
}

fn given(registry: &str, password: &str) -> Keychain {
    let password = Secret::new(password);
    let credentials = Credentials::Basic { user: RegistryService::USER.to_owned(), password };
    Keychain { given: [(registry.to_owned(), credentials)].into(), ..Keychain::default() }
}

fn wrong_and_missing_credentials_are_told_apart(registry: &RegistryService) {
    let small = Small::new(3_000);
    let name = registry.name("team/shop");
    let error = small.push(&client(Keychain::default()), &name, "1").expect_err("nobody asks");
    assert!(matches!(error, RegistryError::Unauthorized { user: None, .. }), "{error}");
    let keychain = given(&registry.address().to_string(), "wrong");
    let error = small.push(&client(keychain), &name, "1").expect_err("the wrong one asks");
    let RegistryError::Unauthorized { user, .. } = &error else { panic!("{error}") };
    assert_eq!(user.as_deref(), Some("ada"));
    assert!(!format!("{error:?}").contains("wrong"), "{error:?}");
}

fn credentials_come_from_every_place(registry: &RegistryService) {
    let dir = tempfile::tempdir().expect("a folder");
    let address = registry.address().to_string();
    let file = |name: &str, text: String| {
        let path = dir.path().join(name);
        fs::write(&path, text).expect("written");
        vec![path]
    };
    let program = dir.path().join("docker-credential-vault");
    let script = format!(
        "#!/bin/sh\nread server\ntest \"$1 $server\" = 'get {address}' || exit 1\n\
         echo '{{\"Username\":\"ada\",\"Secret\":\"{}\"}}'\n",
        RegistryService::PASSWORD
    );
    fs::write(&program, script).expect("written");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("ours");
    let docker = format!(r#"{{"auths":{{"http://{address}/v2/":{{"auth":"{PAIR}"}}}}}}"#);
    let podman = format!(r#"{{"auths":{{"{address}/team":{{"auth":"{PAIR}"}}}}}}"#);
    let helper = format!(r#"{{"credHelpers":{{"{address}":"vault"}}}}"#);
    let store = r#"{"auths":{},"credsStore":"vault"}"#.to_owned();
    let of = |files| Keychain { files, ..Keychain::default() };
    let folders = vec![dir.path().to_owned()];
    for (seed, keychain) in [
        given(&address, RegistryService::PASSWORD),
        of(file("docker.json", docker)),
        of(file("podman.json", podman)),
        Keychain { helper_folders: folders.clone(), ..of(file("helper.json", helper)) },
        Keychain { helper_folders: folders, ..of(file("store.json", store)) },
    ]
    .into_iter()
    .enumerate()
    {
        let small = Small::new(3_100 + seed as u64);
        let client = client(keychain);
        small.push(&client, &registry.name("team/shop"), "1").expect("it is ada");
        assert_eq!(pull(&client, &registry.name("team/shop:1")).expect("pulled").1, small.image);
    }
}

fn the_command_line_takes_them_too(registry: &RegistryService) {
    let name = registry.name("team/registry");
    let world = registry.world();
    let push = |variables: &[(&str, &str)]| {
        let mut command = world.command(&["push", "registry", &name, "-t", "1"]);
        command.env("HOME", world.home()).env_remove("DOCKER_CONFIG");
        command.envs(variables.iter().copied()).output().expect("the binary starts")
    };
    let denied = push(&[]);
    let errors = String::from_utf8_lossy(&denied.stderr).into_owned();
    assert_eq!(denied.status.code(), Some(1), "{errors}");
    assert!(errors.contains("does not accept requests without credentials"), "{errors}");
    assert!(errors.contains("config.json"), "the cure is named: {errors}");
    let user = ("WINDLASS_REGISTRY_USERNAME", RegistryService::USER);
    let wrong = push(&[user, ("WINDLASS_REGISTRY_PASSWORD", "wr0ng")]);
    let errors = String::from_utf8_lossy(&wrong.stderr).into_owned();
    assert!(errors.contains("asked as ada") && !errors.contains("wr0ng"), "{errors}");
    let right = push(&[user, ("WINDLASS_REGISTRY_PASSWORD", RegistryService::PASSWORD)]);
    assert!(right.status.success(), "{}", String::from_utf8_lossy(&right.stderr));
    write_docker_config(world.home(), &registry.address().to_string());
    assert!(push(&[]).status.success(), "Docker's file is read");
}

fn write_docker_config(home: &Path, address: &str) {
    let folder = home.join(".docker");
    fs::create_dir(&folder).expect("made");
    let text = format!(r#"{{"auths":{{"{address}":{{"auth":"{PAIR}"}}}}}}"#);
    fs::write(folder.join("config.json"), text).expect("written");
}

/// Registries send readers on to a store of objects, which must not learn who reads.
fn credentials_do_not_follow_a_redirect(registry: &RegistryService) {
    let small = Small::new(3_200);
    let direct = client(given(&registry.address().to_string(), RegistryService::PASSWORD));
    small.push(&direct, &registry.name("team/moved"), "1").expect("pushed");
    let blobs = small.store.clone();
    let storage = Front::start(None, move |asked| {
        let hex = asked.path.rsplit("sha256:").next().unwrap_or_default();
        let digest = windlass_model::Digest::from_hex(hex).expect("a digest was asked for");
        let bytes = fs::read(blobs.blob_path(&digest)).expect("a blob");
        super::front::answer("200 OK", "", &bytes)
    });
    let to = Arc::new(Mutex::new(storage.address.to_string()));
    let front = Front::start(Some(registry.address()), move |asked| {
        if !asked.is("GET", "/blobs/") || asked.header("authorization").is_none() {
            return Deed::Pass;
        }
        let to = to.lock().expect("not poisoned");
        status("307 Temporary Redirect", &format!("location: http://{to}{}\r\n", asked.path))
    });
    let client = client(given(&front.address.to_string(), RegistryService::PASSWORD));
    let (_, digest, _dir) = pull(&client, &front.name("team/moved:1")).expect("pulled");
    assert_eq!(digest, small.image);
    let asked = storage.asked();
    assert_eq!(asked.len(), 3, "every blob came from there");
    assert!(asked.iter().all(|asked| asked.header("authorization").is_none()), "{asked:?}");
    let with = front.asked().iter().filter(|asked| asked.header("authorization").is_some()).count();
    assert!(with >= 4, "the registry itself was told");
}
