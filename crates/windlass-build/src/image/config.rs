//! The image's config: what a container of it runs, as whom, and how it is asked for its health.
//!
//! Pure, and a function of the spec and the layers: two builds of the same source give the same.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use windlass_model::{BuildSpec, Digest, Serves};
use windlass_oci::{Healthcheck, History, ImageConfig, LayerInfo};

const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const SECOND_NS: u64 = 1_000_000_000;

/// A layer with the line that says what it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct NamedLayer {
    pub(crate) info: LayerInfo,
    pub(crate) made_by: String,
}

/// The config of an image with these layers, lowest first. `base` is what it stands on, with the
/// digest where that is an image.
pub(crate) fn image_config(
    spec: &BuildSpec,
    (base, digest): &(String, Option<Digest>),
    architecture: &str,
    layers: &[NamedLayer],
) -> ImageConfig {
    let label = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    let digest =
        digest.map(|digest| label("org.opencontainers.image.base.digest", &digest.to_string()));
    let labels = BTreeMap::from([
        label("org.opencontainers.image.title", spec.app.as_str()),
        label("org.opencontainers.image.base.name", base),
        label("windlass.python", &spec.python.to_string()),
    ]);
    ImageConfig {
        architecture: architecture.to_owned(),
        user: format!("{0}:{0}", BuildSpec::USER),
        env: environment(spec).into_iter().map(|(name, value)| format!("{name}={value}")).collect(),
        cmd: spec.command.clone(),
        working_dir: working_dir(spec),
        labels: labels.into_iter().chain(digest).collect(),
        healthcheck: spec.health_path.as_deref().map(healthcheck),
        diff_ids: layers.iter().map(|layer| layer.info.diff_id).collect(),
        history: layers
            .iter()
            .map(|layer| History {
                created: Some(ImageConfig::EPOCH.to_owned()),
                created_by: layer.made_by.clone(),
                empty_layer: false,
            })
            .collect(),
    }
}

/// The folder that processes start in.
pub(crate) fn working_dir(spec: &BuildSpec) -> String {
    in_app(&spec.work_dir)
}

/// The environment of every process, as far as the image says it.
pub(crate) fn environment(spec: &BuildSpec) -> BTreeMap<String, String> {
    let python_path: Vec<_> = spec.python_path.iter().map(|folder| in_app(folder)).collect();
    let mut env = BTreeMap::from([
        // Libraries keep caches below it, and nothing else can be written to.
        ("HOME".to_owned(), "/tmp".to_owned()),
        ("LANG".to_owned(), "C.UTF-8".to_owned()),
        ("PATH".to_owned(), PATH.to_owned()),
        ("PYTHONDONTWRITEBYTECODE".to_owned(), "1".to_owned()),
        ("PYTHONUNBUFFERED".to_owned(), "1".to_owned()),
    ]);
    if !python_path.is_empty() {
        env.insert("PYTHONPATH".to_owned(), python_path.join(":"));
    }
    env.extend(spec.env.clone());
    env
}

/// A folder of the project as a path in the image.
fn in_app(folder: &str) -> String {
    let folder = folder.trim_matches('/');
    if folder.is_empty() || folder == "." {
        BuildSpec::APP_DIR.to_owned()
    } else {
        format!("{}/{folder}", BuildSpec::APP_DIR)
    }
}

/// Asks over the app's own socket if there is one, else over `$PORT`; the statuses that count as
/// healthy are those of `ProbeSpec`.
fn healthcheck(path: &str) -> Healthcheck {
    let script = format!(
        "import http.client,os,socket,sys\n\
         path=os.environ.get('WINDLASS_SOCKET','{socket}')\n\
         c=http.client.HTTPConnection('127.0.0.1',int(os.environ.get('PORT','8000')),timeout=5)\n\
         if os.path.exists(path):\n \
         c.sock=socket.socket(socket.AF_UNIX);c.sock.settimeout(5);c.sock.connect(path)\n\
         c.request('GET',sys.argv[1],headers={{'X-Forwarded-Proto':'https'}})\n\
         s=c.getresponse().status\n\
         sys.exit(not (200<=s<400 or s in (401,403)))",
        socket = Serves::SOCKET_PATH,
    );
    Healthcheck {
        test: ["CMD", "python", "-c", &script, path].map(str::to_owned).to_vec(),
        interval: 30 * SECOND_NS,
        timeout: 10 * SECOND_NS,
        start_period: 60 * SECOND_NS,
        retries: 3,
    }
}

/// What the lines of an image's history say.
pub(crate) fn made_by(what: &str, count: usize, noun: &str) -> String {
    format!("windlass: {what} ({count} {noun})")
}
