//! How images are built on this machine: pure, from facts and from what a look at the disk says.

use crate::facts::Facts;
use crate::registry_settings::credential_files;
use std::path::{Path, PathBuf};
use windlass_build::BuildSettings;
use windlass_build::debian::ArchiveAccess;
use windlass_build::download::DownloadSettings;
use windlass_build::wheels::{PackageTools, UvSearch};

/// Pythons that can build a source archive or fetch uv, the likeliest first.
const PYTHONS: [&str; 5] = ["python3", "python3.13", "python3.12", "python3.11", "python3.14"];

/// The disk, as far as the settings ask about it.
pub(crate) struct Disk {
    /// The text of a file, when it is there and can be read.
    pub(crate) read: fn(&Path) -> Option<String>,
    /// Whether there is such a file.
    pub(crate) has: fn(&Path) -> bool,
}

impl Disk {
    /// The machine's own.
    pub(crate) fn real() -> Self {
        Self { read: |path| std::fs::read_to_string(path).ok(), has: Path::is_file }
    }
}

/// Where packages, uv and Pythons come from, as the machine is set up.
pub(crate) fn build_settings(facts: &Facts, disk: &Disk) -> BuildSettings {
    BuildSettings {
        access: ArchiveAccess::default(),
        download: http(facts),
        tools: PackageTools {
            search: search(facts, disk),
            environment: facts.environment.clone(),
            pip_config: pip_config_files(facts)
                .iter()
                .filter_map(|path| (disk.read)(path))
                .collect(),
        },
        credentials: credential_files(facts),
    }
}

fn search(facts: &Facts, disk: &Disk) -> UvSearch {
    let path = facts.variable("PATH").unwrap_or("/usr/local/bin:/usr/bin:/bin");
    let folders: Vec<PathBuf> = std::env::split_paths(path).filter(|it| it.is_absolute()).collect();
    let found = |name: &str| {
        folders
            .iter()
            .map(|folder| folder.join(name))
            .filter(|file| (disk.has)(file))
            .collect::<Vec<_>>()
    };
    let beside = facts.program.as_ref().and_then(|program| program.parent());
    UvSearch {
        explicit: facts.variable("UV").map(PathBuf::from),
        beside: beside.map_or_else(PathBuf::new, |folder| folder.join("uv")),
        path: found("uv"),
        python: PYTHONS.iter().flat_map(|name| found(name)).collect(),
    }
}

/// Proxies as curl(1) reads them: the lower-case name first.
pub(crate) fn http(facts: &Facts) -> DownloadSettings {
    let first =
        |names: &[&str]| names.iter().find_map(|name| facts.variable(name)).map(str::to_owned);
    let no_proxy = first(&["no_proxy", "NO_PROXY"]).unwrap_or_default();
    let hosts = no_proxy.split([',', ' ']).filter(|host| !host.is_empty());
    DownloadSettings {
        http_proxy: first(&["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"]),
        https_proxy: first(&["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]),
        no_proxy: hosts.map(str::to_owned).collect(),
        ..DownloadSettings::default()
    }
}

/// Where pip keeps its configuration, the weakest first (pip's user guide, "Configuration").
fn pip_config_files(facts: &Facts) -> Vec<PathBuf> {
    let explicit = facts.variable("PIP_CONFIG_FILE");
    if explicit == Some("/dev/null") {
        return Vec::new();
    }
    let shared = facts.variable("XDG_CONFIG_DIRS").unwrap_or("/etc/xdg");
    let mut files: Vec<PathBuf> =
        std::env::split_paths(shared).map(|folder| folder.join("pip/pip.conf")).collect();
    files.push("/etc/pip.conf".into());
    let home = facts.variable("HOME").map(PathBuf::from);
    files.extend(home.as_ref().map(|home| home.join(".pip/pip.conf")));
    let config = facts.variable("XDG_CONFIG_HOME").map(PathBuf::from);
    let config = config.or_else(|| home.map(|home| home.join(".config")));
    files.extend(config.map(|config| config.join("pip/pip.conf")));
    files.extend(explicit.map(PathBuf::from));
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(environment: &[(&str, &str)]) -> Facts {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Facts {
            environment: environment.iter().map(owned).collect(),
            program: Some("/opt/bin/windlass".into()),
            ..Facts::default()
        }
    }

    #[test]
    fn tools_are_looked_for_on_the_path_and_beside_the_binary() {
        let disk = Disk { read: |_| None, has: |path| path == Path::new("/b/python3") };
        let facts = facts(&[("PATH", "/a:relative:/b"), ("UV", "/x/uv")]);
        let search = build_settings(&facts, &disk).tools.search;
        assert_eq!(search.explicit, Some("/x/uv".into()));
        assert_eq!(search.beside, PathBuf::from("/opt/bin/uv"));
        assert_eq!(search.python, [PathBuf::from("/b/python3")]);
        assert!(search.path.is_empty());
    }

    #[test]
    fn pips_files_are_read_in_pips_order_and_not_at_all_when_it_is_told_so() {
        let disk = Disk { read: |path| Some(path.display().to_string()), has: |_| false };
        let read = |environment: &[(&str, &str)]| {
            build_settings(&facts(environment), &disk).tools.pip_config
        };
        let wanted = ["/etc/xdg/pip/pip.conf", "/etc/pip.conf", "/h/.pip/pip.conf"];
        assert_eq!(read(&[("HOME", "/h")])[..3], wanted);
        assert_eq!(read(&[("HOME", "/h")])[3], "/h/.config/pip/pip.conf");
        assert_eq!(read(&[("PIP_CONFIG_FILE", "/x")]).last().map(String::as_str), Some("/x"));
        assert!(read(&[("HOME", "/h"), ("PIP_CONFIG_FILE", "/dev/null")]).is_empty());
    }

    #[test]
    fn proxies_are_those_of_the_environment() {
        let facts = facts(&[("ALL_PROXY", "http://p:1"), ("no_proxy", "a.example, .b.example")]);
        let settings = http(&facts);
        assert_eq!(settings.https_proxy.as_deref(), Some("http://p:1"));
        assert_eq!(settings.no_proxy, ["a.example", ".b.example"]);
    }
}
