//! The machine's package index settings, made understandable to uv.
//!
//! Pure. uv reads its own settings (`UV_*`, `uv.toml`) and none of pip's, while many machines
//! are set up for pip: environment variables and `pip.conf`. What uv has no setting for is said
//! with pip's value; a uv setting always wins over pip's. The order among pip's sources is pip's:
//! environment over files, later files over earlier ones, a command's section over `[global]`.

use super::tools::PackageTools;
use std::collections::BTreeMap;

/// Variables that reach child processes by name, besides `UV_*`, `PIP_*` and `GIT_*`.
const PASSED: [&str; 19] = [
    "HOME",
    "PATH",
    "XDG_CONFIG_HOME",
    "XDG_CONFIG_DIRS",
    "NETRC",
    "TMPDIR",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "SSL_CLIENT_CERT",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
];

/// uv's variables that would make a build depend on the shell or on the project's virtual
/// environment: interpreter, folders, output and resolution habits are ours to say.
const DROPPED: [&str; 20] = [
    "UV",
    "UV_CACHE_DIR",
    "UV_COMPILE_BYTECODE",
    "UV_CUSTOM_COMPILE_COMMAND",
    "UV_ENV_FILE",
    "UV_FROZEN",
    "UV_LOCKED",
    "UV_MANAGED_PYTHON",
    "UV_NO_CACHE",
    "UV_NO_DEV",
    "UV_NO_MANAGED_PYTHON",
    "UV_NO_SYNC",
    "UV_PROJECT",
    "UV_PROJECT_ENVIRONMENT",
    "UV_PYTHON",
    "UV_PYTHON_DOWNLOADS",
    "UV_PYTHON_PREFERENCE",
    "UV_SYSTEM_PYTHON",
    "UV_TORCH_BACKEND",
    "UV_WORKING_DIR",
];

/// pip's variables that say where to install, which is ours to say.
const PIP_DROPPED: [&str; 6] = [
    "PIP_TARGET",
    "PIP_PREFIX",
    "PIP_ROOT",
    "PIP_USER",
    "PIP_REQUIRE_VIRTUALENV",
    "PIP_REQUIRE_HASHES",
];

/// What a child process gets: its whole environment, and arguments that have no variable.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct IndexSettings {
    /// Every variable; the child inherits nothing else.
    pub(super) environment: BTreeMap<String, String>,
    /// Folders and pages to look for files in, besides the indexes.
    pub(super) find_links: Vec<String>,
    /// Whether the indexes are not to be asked at all.
    pub(super) no_index: bool,
}

impl IndexSettings {
    /// Derives uv's settings from the machine's.
    pub(super) fn for_uv(tools: &PackageTools) -> Self {
        let given = &tools.environment;
        let mut environment = passed(given);
        environment.retain(|name, _| !name.starts_with("PIP_"));
        let pip = PipSettings::read(given, &tools.pip_config);
        let mut fill = |name: &str, unless: &[&str], value: Option<String>| {
            let is_set = unless.iter().chain([&name]).any(|name| given.contains_key(*name));
            if let (false, Some(value)) = (is_set, value) {
                environment.insert(name.to_owned(), value);
            }
        };
        fill("UV_DEFAULT_INDEX", &["UV_INDEX_URL"], pip.text("index-url"));
        fill("UV_INDEX", &["UV_EXTRA_INDEX_URL"], pip.list("extra-index-url", " "));
        fill("UV_INSECURE_HOST", &[], pip.list("trusted-host", " "));
        fill("UV_HTTP_TIMEOUT", &["UV_REQUEST_TIMEOUT", "HTTP_TIMEOUT"], pip.timeout_s());
        fill("SSL_CERT_FILE", &[], pip.text("cert"));
        fill("SSL_CLIENT_CERT", &[], pip.text("client-cert"));
        fill("HTTPS_PROXY", &["https_proxy", "ALL_PROXY", "all_proxy"], pip.text("proxy"));
        fill("HTTP_PROXY", &["http_proxy", "ALL_PROXY", "all_proxy"], pip.text("proxy"));
        environment.insert("LC_ALL".to_owned(), "C.UTF-8".to_owned());
        let links = if given.contains_key("UV_FIND_LINKS") { None } else { pip.text("find-links") };
        Self {
            environment,
            find_links: words(links.as_deref().unwrap_or_default()),
            no_index: pip.text("no-index").is_some_and(|value| is_true(&value)),
        }
    }

    /// The environment for the machine's own pip, which reads its configuration itself.
    pub(super) fn for_pip(tools: &PackageTools) -> BTreeMap<String, String> {
        let mut environment = passed(&tools.environment);
        environment.retain(|name, _| !PIP_DROPPED.contains(&name.as_str()));
        environment.insert("LC_ALL".to_owned(), "C.UTF-8".to_owned());
        environment
    }
}

fn passed(given: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let family = |name: &str| {
        ["UV_", "PIP_", "GIT_"].iter().any(|prefix| name.starts_with(prefix))
            && !DROPPED.contains(&name)
    };
    let wanted = |name: &str| PASSED.contains(&name) || family(name);
    given.iter().filter(|(name, _)| wanted(name)).map(|(n, v)| (n.clone(), v.clone())).collect()
}

/// pip's settings from its environment and its files.
struct PipSettings(BTreeMap<String, String>);

impl PipSettings {
    fn read(environment: &BTreeMap<String, String>, files: &[String]) -> Self {
        let mut settings = BTreeMap::new();
        for section in ["global", "download", "install"] {
            for file in files {
                settings.extend(read_section(file, section));
            }
        }
        for (name, value) in environment {
            if let Some(key) = name.strip_prefix("PIP_") {
                settings.insert(key.to_ascii_lowercase().replace('_', "-"), value.clone());
            }
        }
        Self(settings)
    }

    fn text(&self, key: &str) -> Option<String> {
        self.0.get(key).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    fn list(&self, key: &str, separator: &str) -> Option<String> {
        self.text(key).map(|value| words(&value).join(separator))
    }

    /// pip takes fractions of seconds, uv whole ones.
    fn timeout_s(&self) -> Option<String> {
        let seconds: f64 = self.text("timeout").or(self.text("default-timeout"))?.parse().ok()?;
        (1.0..1e6).contains(&seconds).then(|| format!("{seconds:.0}"))
    }
}

/// One section of an INI file as pip reads it: `key = value` or `key: value`, comment lines, and
/// indented lines that go on with the value above.
fn read_section(text: &str, wanted: &str) -> BTreeMap<String, String> {
    let mut settings: BTreeMap<String, String> = BTreeMap::new();
    let mut inside = false;
    let mut last: Option<String> = None;
    for line in text.lines() {
        let plain = line.trim();
        if plain.is_empty() || plain.starts_with(['#', ';']) {
            continue;
        }
        if line.starts_with([' ', '\t']) {
            if let Some(value) = last.as_ref().and_then(|key| settings.get_mut(key)) {
                value.push('\n');
                value.push_str(plain);
            }
            continue;
        }
        last = None;
        if let Some(name) = plain.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            inside = name == wanted;
        } else if let Some((key, value)) = plain.split_once(['=', ':']).filter(|_| inside) {
            let key = key.trim().to_ascii_lowercase().replace('_', "-");
            settings.insert(key.clone(), value.trim().to_owned());
            last = Some(key);
        }
    }
    settings
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

fn is_true(value: &str) -> bool {
    matches!(value.to_ascii_lowercase().as_str(), "1" | "y" | "yes" | "t" | "true" | "on")
}

#[cfg(test)]
mod tests;
