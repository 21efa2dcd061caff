//! Values for this crate's own tests.

use std::collections::BTreeMap;
use windlass_model::{AppSpec, ProbeSpec, ProcessSpec, Resources, Serves};

/// An app with these process types and counts; `web` serves, `beat` is a singleton.
pub(crate) fn app_spec(name: &str, processes: &[(&str, u32)]) -> AppSpec {
    let process = |(process, count): &(&str, u32)| {
        let web = *process == "web";
        let spec = ProcessSpec {
            command: vec!["serve".to_owned()],
            count: *count,
            serves: if web { Serves::Socket } else { Serves::Nothing },
            probe: web.then(|| ProbeSpec::at("/")),
            settle_ms: 0,
            resources: Resources::DEFAULT,
            stop_signal: 15,
            stop_timeout_ms: 1_000,
            drain_timeout_ms: 1_000,
            singleton: *process == "beat",
        };
        (process.parse().expect("a process type"), spec)
    };
    AppSpec {
        name: name.parse().expect("an app name"),
        hosts: Vec::new(),
        processes: processes.iter().map(process).collect(),
        release_commands: Vec::new(),
        env: BTreeMap::new(),
        persist: Vec::new(),
    }
}
