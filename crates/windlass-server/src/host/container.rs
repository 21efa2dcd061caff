//! From an app's specification and its image to a container's. Pure.

use super::Unpacked;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use windlass_engine::{ContainerSpec, LogSpec, Mount};
use windlass_model::{
    AppSpec, BuildSpec, ContainerId, PersistPath, ReleaseNumber, Resources, Serves,
};
use windlass_oci::ImageConfig;

/// The label that says what a container is for.
pub(super) const KIND: &str = "windlass.kind";
/// The label that names its app.
pub(super) const APP: &str = "windlass.app";
/// The label that names its release.
pub(super) const RELEASE: &str = "windlass.release";
/// The value of [`KIND`] of a one-off container.
pub(super) const ONE_OFF: &str = "one-off";

/// Size in bytes at which a log file is put aside, and how many older ones are kept.
const LOG_BYTES: u64 = 10_000_000;
const LOGS_KEPT: u32 = 5;

/// What is special about one container of an app.
pub(super) struct Purpose<'a> {
    pub(super) id: ContainerId,
    pub(super) kind: &'static str,
    /// `web.1`, `release.1`: names the host.
    pub(super) name: String,
    /// `web.1.i20`, `release.1`: names the log, which nobody else writes.
    pub(super) log: String,
    pub(super) app: &'a AppSpec,
    pub(super) release: ReleaseNumber,
    /// Empty for a container to `exec` into.
    pub(super) command: Vec<String>,
    pub(super) limits: Resources,
    pub(super) serves: Serves,
    pub(super) address: Option<SocketAddr>,
    /// Settings over the app's own.
    pub(super) env: BTreeMap<String, String>,
}

/// The container. `volume` and `logs` are folders of the host that exist.
pub(super) fn container_spec(
    purpose: Purpose<'_>,
    image: Unpacked,
    (volume, logs): (PathBuf, &std::path::Path),
) -> ContainerSpec {
    let one_off = purpose.kind == ONE_OFF;
    let labels = [
        (KIND, purpose.kind.to_owned()),
        (APP, purpose.app.name.to_string()),
        (RELEASE, purpose.release.to_string()),
    ];
    ContainerSpec {
        labels: labels.map(|(name, value)| (name.to_owned(), value)).into(),
        env: environment(&purpose, &image.config.env),
        cwd: cwd(&image.config.working_dir),
        user: user_of(&image.config),
        layers: image.layers,
        mounts: vec![Mount {
            source: volume,
            target: PersistPath::VOLUME.into(),
            read_only: false,
        }],
        hosts: Vec::new(),
        hostname: format!("{}-{}", purpose.app.name, purpose.name.replace('.', "-")),
        limits: purpose.limits,
        log: LogSpec {
            path: logs.join(format!("{}.log", purpose.log)),
            max_bytes: LOG_BYTES,
            keep: LOGS_KEPT,
        },
        socket: purpose.serves == Serves::Socket,
        exit_with_exec: one_off,
        command: purpose.command,
        id: purpose.id,
    }
}

/// The image's settings, under the app's, under ours.
fn environment(purpose: &Purpose<'_>, image: &[String]) -> BTreeMap<String, String> {
    let split = |pair: &String| {
        pair.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()))
    };
    let mut env: BTreeMap<_, _> = image.iter().filter_map(split).collect();
    if let Some(address) = purpose.address {
        env.extend(server_settings(address));
    }
    env.extend(purpose.app.env.clone());
    env.extend(purpose.env.clone());
    let mut ours = vec![
        ("WINDLASS_APP", purpose.app.name.to_string()),
        ("WINDLASS_RELEASE", purpose.release.to_string()),
        ("WINDLASS_PROCESS", purpose.name.clone()),
    ];
    match (purpose.serves, purpose.address) {
        (Serves::Socket, _) => ours.push(("WINDLASS_SOCKET", Serves::SOCKET_PATH.to_owned())),
        (Serves::Port, Some(address)) => {
            ours.push(("HOST", address.ip().to_string()));
            ours.push(("PORT", address.port().to_string()));
        }
        (Serves::Port, None) | (Serves::Nothing, _) => {}
    }
    env.extend(ours.into_iter().map(|(name, value)| (name.to_owned(), value)));
    env
}

/// The variables by which Python's servers are told where to listen, without a change to their
/// command; each reads only its own.
fn server_settings(address: SocketAddr) -> Vec<(String, String)> {
    let (host, port) = (address.ip().to_string(), address.port().to_string());
    let mut settings = vec![
        ("GUNICORN_CMD_ARGS".to_owned(), format!("--bind={address}")),
        ("STREAMLIT_SERVER_ADDRESS".to_owned(), host.clone()),
        ("STREAMLIT_SERVER_PORT".to_owned(), port.clone()),
        ("STREAMLIT_SERVER_HEADLESS".to_owned(), "true".to_owned()),
        ("GRADIO_SERVER_NAME".to_owned(), host.clone()),
        ("GRADIO_SERVER_PORT".to_owned(), port.clone()),
    ];
    for server in ["UVICORN", "GRANIAN", "LITESTAR", "FLASK_RUN"] {
        settings.push((format!("{server}_HOST"), host.clone()));
        settings.push((format!("{server}_PORT"), port.clone()));
    }
    settings
}

/// The user that an image's processes run as.
pub(super) fn user_of(config: &ImageConfig) -> u32 {
    user(&config.user)
}

/// The numeric user of `65532`, `65532:65532`; ours for an image that names none, or root.
fn user(config: &str) -> u32 {
    let number = config.split(':').next().and_then(|user| user.parse().ok());
    number.filter(|user| *user != 0).unwrap_or(BuildSpec::USER)
}

fn cwd(working_dir: &str) -> PathBuf {
    if working_dir.starts_with('/') { working_dir.into() } else { "/".into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::app_spec;

    fn spec(serves: Serves, address: Option<SocketAddr>) -> ContainerSpec {
        let mut app = app_spec("shop", &[("web", 1)]);
        app.env = [("DEBUG", "0"), ("PORT", "1"), ("UVICORN_HOST", "mine")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
        let config = ImageConfig {
            env: vec!["PATH=/bin".to_owned(), "DEBUG=1".to_owned()],
            user: "65532:65532".to_owned(),
            working_dir: "/app".to_owned(),
            architecture: "amd64".to_owned(),
            cmd: Vec::new(),
            labels: BTreeMap::new(),
            healthcheck: None,
            diff_ids: Vec::new(),
            history: Vec::new(),
        };
        let purpose = Purpose {
            id: "shop-r1-web-1-i1".parse().expect("valid"),
            kind: "replica",
            name: "web.1".to_owned(),
            log: "web.1.i1".to_owned(),
            app: &app,
            release: ReleaseNumber(1),
            command: vec!["gunicorn".to_owned()],
            limits: Resources::DEFAULT,
            serves,
            address,
            env: BTreeMap::new(),
        };
        let image = Unpacked { layers: vec!["/layers/a".into()], config };
        container_spec(purpose, image, ("/volumes/shop".into(), "/logs".as_ref()))
    }

    #[test]
    fn ours_wins_over_the_app_and_the_app_over_the_image() {
        let address = "127.0.0.2:4000".parse().expect("valid");
        let spec = spec(Serves::Port, Some(address));
        let env = |name: &str| spec.env.get(name).map(String::as_str);
        assert_eq!(env("PATH"), Some("/bin"));
        assert_eq!(env("DEBUG"), Some("0"));
        assert_eq!(env("PORT"), Some("4000"));
        assert_eq!(env("HOST"), Some("127.0.0.2"));
        assert_eq!(env("UVICORN_HOST"), Some("mine"));
        assert_eq!(env("GUNICORN_CMD_ARGS"), Some("--bind=127.0.0.2:4000"));
        assert_eq!(env("WINDLASS_SOCKET"), None);
        assert_eq!(spec.validate(), Ok(()));
    }

    #[test]
    fn a_socket_is_named_and_no_port_is_given() {
        let spec = spec(Serves::Socket, None);
        assert!(spec.socket);
        assert_eq!(spec.env["WINDLASS_SOCKET"], Serves::SOCKET_PATH);
        assert!(!spec.env.contains_key("HOST"));
        assert_eq!((spec.user, spec.hostname.as_str()), (65_532, "shop-web-1"));
        assert_eq!(spec.log.path, PathBuf::from("/logs/web.1.i1.log"));
    }

    #[test]
    fn no_image_makes_a_process_run_as_root() {
        for (config, wanted) in [("0", 65_532), ("", 65_532), ("root", 65_532), ("1000:5", 1_000)] {
            assert_eq!(user(config), wanted, "{config}");
        }
    }
}
