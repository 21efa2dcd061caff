//! Image configs (image-spec, `config.md`): how a container of the image starts.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use windlass_model::Digest;

/// What a container of the image runs, as whom, where, and which layers it has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "wire::Config", into = "wire::Config")]
pub struct ImageConfig {
    /// Processor architecture in Go's words: `amd64`, `arm64`.
    pub architecture: String,
    /// User, or `user:group`, as numbers or names.
    pub user: String,
    /// Environment, each `NAME=value`.
    pub env: Vec<String>,
    /// Command in exec form.
    pub cmd: Vec<String>,
    /// Folder that the command starts in.
    pub working_dir: String,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// How to ask a container for its health; Docker's extension, which others ignore.
    pub healthcheck: Option<Healthcheck>,
    /// Digests of the uncompressed layers, lowest first.
    pub diff_ids: Vec<Digest>,
    /// One line per layer, for people.
    pub history: Vec<History>,
}

/// Docker's health check: a command whose exit code 0 means healthy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Healthcheck {
    /// `CMD` and the command in exec form.
    pub test: Vec<String>,
    /// Pause between two checks, in nanoseconds.
    #[serde(default)]
    pub interval: u64,
    /// How long a check may take, in nanoseconds.
    #[serde(default)]
    pub timeout: u64,
    /// How long failures do not count after the start, in nanoseconds.
    #[serde(default)]
    pub start_period: u64,
    /// Failures in a row that make a container unhealthy.
    #[serde(default)]
    pub retries: u32,
}

/// What made a layer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    /// When, RFC 3339; always the epoch in images made here, so that they are reproducible.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<String>,
    /// What made it.
    #[serde(default)]
    pub created_by: String,
    /// True for lines that belong to no layer.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub empty_layer: bool,
}

impl ImageConfig {
    /// The moment that every image made here says it was created at.
    pub const EPOCH: &'static str = "1970-01-01T00:00:00Z";
}

mod wire {
    //! The JSON as the specification nests it.

    use super::{BTreeMap, Deserialize, Digest, Healthcheck, History, ImageConfig, Serialize};
    use crate::Platform;

    #[derive(Clone, Serialize, Deserialize)]
    pub(super) struct Config {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        created: Option<String>,
        architecture: String,
        /// Of the processor. Readers take `arm64` without one as `v8` (`config.md`, "variant").
        #[serde(default, skip_serializing_if = "Option::is_none")]
        variant: Option<String>,
        os: String,
        #[serde(default)]
        #[serde(rename = "config")]
        process: Process,
        rootfs: RootFs,
        #[serde(default)]
        history: Vec<History>,
    }

    #[derive(Clone, Default, Serialize, Deserialize)]
    #[serde(rename_all = "PascalCase", default)]
    struct Process {
        #[serde(skip_serializing_if = "String::is_empty")]
        user: String,
        #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "or_empty")]
        env: Vec<String>,
        #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "or_empty")]
        entrypoint: Vec<String>,
        #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "or_empty")]
        cmd: Vec<String>,
        #[serde(skip_serializing_if = "String::is_empty")]
        working_dir: String,
        #[serde(skip_serializing_if = "BTreeMap::is_empty", deserialize_with = "or_empty")]
        labels: BTreeMap<String, String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        healthcheck: Option<Healthcheck>,
    }

    #[derive(Clone, Serialize, Deserialize)]
    struct RootFs {
        #[serde(rename = "type")]
        kind: String,
        diff_ids: Vec<Digest>,
    }

    /// Other builders write `null` for what is empty.
    fn or_empty<'de, D, T>(deserializer: D) -> Result<T, D::Error>
    where
        D: serde::Deserializer<'de>,
        T: Default + Deserialize<'de>,
    {
        Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
    }

    impl From<Config> for ImageConfig {
        fn from(wire: Config) -> Self {
            // An entry point and its arguments are one command for whoever starts it.
            let mut cmd = wire.process.entrypoint;
            cmd.extend(wire.process.cmd);
            Self {
                architecture: wire.architecture,
                user: wire.process.user,
                env: wire.process.env,
                cmd,
                working_dir: wire.process.working_dir,
                labels: wire.process.labels,
                healthcheck: wire.process.healthcheck,
                diff_ids: wire.rootfs.diff_ids,
                history: wire.history,
            }
        }
    }

    impl From<ImageConfig> for Config {
        fn from(config: ImageConfig) -> Self {
            Self {
                created: Some(ImageConfig::EPOCH.to_owned()),
                variant: Platform::linux(&config.architecture).with_variant().variant,
                architecture: config.architecture,
                os: "linux".to_owned(),
                process: Process {
                    user: config.user,
                    env: config.env,
                    entrypoint: Vec::new(),
                    cmd: config.cmd,
                    working_dir: config.working_dir,
                    labels: config.labels,
                    healthcheck: config.healthcheck,
                },
                rootfs: RootFs { kind: "layers".to_owned(), diff_ids: config.diff_ids },
                history: config.history,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_others_write_and_its_own() {
        let foreign = r#"{"architecture":"arm64","os":"linux","config":{"Env":null,
            "Entrypoint":["/bin/a"],"Cmd":["b"],"Labels":null},
            "rootfs":{"type":"layers","diff_ids":[]}}"#;
        let config: ImageConfig = serde_json::from_str(foreign).expect("valid");
        assert_eq!(config.cmd, ["/bin/a", "b"]);
        let again = serde_json::to_string(&config).expect("serialises");
        assert_eq!(serde_json::from_str::<ImageConfig>(&again).expect("valid"), config);
        assert!(again.contains(ImageConfig::EPOCH));
        assert!(again.contains(r#""architecture":"arm64","variant":"v8""#), "{again}");
        let amd64 = serde_json::to_string(&ImageConfig { architecture: "amd64".into(), ..config });
        assert!(!amd64.expect("serialises").contains("variant"));
    }
}
