//! Dependencies with the real uv and real packages from the index that this machine is set up
//! for, and hand-made wheels that must be refused. What is fetched is kept between tests.

mod dates;
mod declarations;
mod install;
mod machines;
mod packages;
mod refuse;
mod resolve;
mod sdist;
mod workspace;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use windlass_build::download::{DownloadSettings, Downloader};
use windlass_build::scheme::Scheme;
use windlass_build::wheels::{
    InstallError, InstallRequest, Installed, Interpreter, Machine, PackageTools, Resolution,
    ResolveError, ResolveRequest, Resolved, Target, UvSearch, install, lock, place_packages,
    resolve,
};
use windlass_model::{AppName, BuildSpec, Compression, Dependencies, PythonVersion, Selection};
use windlass_oci::{Content, EntryKind, LayerEntry};

/// A cache that all tests share, and that outlives them.
pub(crate) fn shared_cache() -> PathBuf {
    let user = owner();
    let cache = std::env::temp_dir().join(format!("windlass-build-tests-{user}"));
    std::fs::create_dir_all(&cache).expect("a cache folder");
    cache
}

/// The owner of this process, so that root's cache is not another user's.
fn owner() -> u32 {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata("/proc/self").expect("/proc").uid()
}

fn on_path(program: &str) -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).map(|dir| dir.join(program)).filter(|p| p.is_file()).collect()
}

pub(crate) fn tools() -> PackageTools {
    let files = ["/etc/pip.conf".to_owned(), std::env::var("PIP_CONFIG_FILE").unwrap_or_default()];
    PackageTools {
        search: UvSearch {
            explicit: None,
            beside: PathBuf::new(),
            path: on_path("uv"),
            python: on_path("python3"),
        },
        environment: std::env::vars().collect(),
        pip_config: files.iter().filter_map(|file| std::fs::read_to_string(file).ok()).collect(),
    }
}

/// A Python of this machine, which stands for the image's.
fn python() -> &'static (PathBuf, PythonVersion) {
    static PYTHON: OnceLock<(PathBuf, PythonVersion)> = OnceLock::new();
    PYTHON.get_or_init(|| {
        let script = "import sys; print(sys.executable); print('%d.%d' % sys.version_info[:2])";
        let output = on_path("python3")
            .iter()
            .filter_map(|python| {
                Command::new(python).args(["-c", script]).current_dir("/").output().ok()
            })
            .find(|output| output.status.success())
            .expect("Python 3 is needed: install the package `python3`");
        let text = String::from_utf8(output.stdout).expect("text");
        let (path, version) = text.trim().split_once('\n').expect("two lines");
        (PathBuf::from(path), version.parse().expect("a version"))
    })
}

/// Locks a project with uv, as its owner does.
fn make_uv_lock(cache: &Path, project: &Path) {
    // The cache has a uv by now, or gets one.
    let (other, plain) = requirements("itsdangerous==2.1.2\n");
    resolve_in(cache, other.path(), &plain).expect("resolved");
    let uv = on_path("uv").into_iter().next().unwrap_or(cache.join("uv-tool/bin/uv"));
    let mut lock = Command::new(uv);
    lock.arg("lock").arg("--python").arg(&python().0).current_dir(project);
    assert!(lock.output().expect("uv runs").status.success());
}

fn versions(resolved: &Resolved) -> BTreeMap<&str, &str> {
    let packages = resolved.resolution.packages.iter();
    packages.map(|p| (p.name.as_str(), p.version.as_deref().unwrap_or_default())).collect()
}

fn target() -> Target {
    Target { python: python().1, patch: 99, glibc: (2, 41), machine: Machine::X86_64 }
}

fn spec(dependencies: Dependencies, extra: &[&str]) -> BuildSpec {
    BuildSpec {
        app: AppName::from_loose("app"),
        python: python().1,
        base: windlass_model::BaseSpec::default(),
        dependencies,
        selection: Selection::default(),
        extra_requirements: extra.iter().map(|text| (*text).to_owned()).collect(),
        install_project: false,
        python_path: Vec::new(),
        work_dir: String::new(),
        env: BTreeMap::new(),
        command: Vec::new(),
        health_path: None,
        persist: Vec::new(),
        apt: Vec::new(),
        build_apt: Vec::new(),
        exclude: Vec::new(),
        allow_files: Vec::new(),
        build_commands: vec![],
        build_secrets: vec![],
        build_env: BTreeMap::new(),
        collect_static: None,
        compression: Compression::Gzip,
    }
}

fn requirements(text: &str) -> (tempfile::TempDir, BuildSpec) {
    let project = tempfile::tempdir().expect("a folder");
    std::fs::write(project.path().join("requirements.txt"), text).expect("written");
    let files = vec!["requirements.txt".to_owned()];
    (project, spec(Dependencies::Requirements { files }, &[]))
}

/// Resolves with the lock that the project has, in the given cache.
fn resolve_in(cache: &Path, project: &Path, spec: &BuildSpec) -> Result<Resolved, ResolveError> {
    resolve_with(cache, project, spec, &tools())
}

fn resolve_with(
    cache: &Path,
    project: &Path,
    spec: &BuildSpec,
    tools: &PackageTools,
) -> Result<Resolved, ResolveError> {
    let lock = lock::read(project).expect("a valid lock, or none");
    let target = target();
    resolve(&ResolveRequest { spec, project, target, tools, cache, lock: lock.as_ref() })
}

/// What was installed, with what its layers hold.
#[derive(Debug, Clone, PartialEq)]
struct Laid {
    installed: Installed,
    /// Everything in the layers, sorted by path; contents in memory.
    entries: Vec<LayerEntry>,
}

impl std::ops::Deref for Laid {
    type Target = Installed;

    fn deref(&self) -> &Installed {
        &self.installed
    }
}

fn place_in(
    cache: &Path,
    project: &Path,
    spec: &BuildSpec,
    resolution: &Resolution,
) -> Result<Installed, InstallError> {
    let tools = tools();
    let downloader = Downloader::new(DownloadSettings::default());
    let command = || Command::new(&python().0);
    let scheme = Scheme::debian(python().1);
    let interpreter = Interpreter { command: &command, scheme };
    let request = InstallRequest {
        resolution,
        spec,
        project,
        tools: &tools,
        cache,
        downloader: &downloader,
        scheme,
        compiler: None,
    };
    let placed = place_packages(&request, &|_| {})?;
    install(placed, cache, interpreter, &|_| {})
}

/// Installs, writes the layers, and reads them back with decoders of another hand.
fn install_in(
    cache: &Path,
    project: &Path,
    spec: &BuildSpec,
    resolution: &Resolution,
) -> Result<Laid, InstallError> {
    let installed = place_in(cache, project, spec, resolution)?;
    let mut entries = BTreeMap::new();
    for layer in &installed.layers {
        let (bytes, _) =
            installed.spliced(layer).write(Vec::new(), Compression::Gzip).expect("a layer");
        let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(bytes.as_slice()));
        for entry in archive.entries().expect("a tar") {
            let entry = read_entry(entry.expect("an entry"));
            let known = entries.insert(entry.path.clone(), entry.clone());
            let is_folder =
                known.is_none_or(|known| known == entry && entry.kind == EntryKind::Dir);
            assert!(is_folder, "{} is twice", entry.path);
        }
    }
    Ok(Laid { installed, entries: entries.into_values().collect() })
}

fn read_entry(mut entry: tar::Entry<'_, impl std::io::Read>) -> LayerEntry {
    use std::io::Read as _;
    let path = entry.path().expect("UTF-8").to_str().expect("UTF-8").to_owned();
    let mode = entry.header().mode().expect("a mode");
    let mut bytes = Vec::new();
    entry.read_to_end(&mut bytes).expect("content");
    match entry.header().entry_type() {
        tar::EntryType::Directory => LayerEntry::dir(path.trim_end_matches('/')),
        tar::EntryType::Regular => LayerEntry::file(path, mode, Content::Bytes(bytes)),
        other => panic!("{path} is {other:?}"),
    }
}

fn bytes_of(entry: &LayerEntry) -> Vec<u8> {
    match &entry.kind {
        EntryKind::File(Content::Bytes(bytes)) => bytes.clone(),
        other => panic!("{}: {other:?}", entry.path),
    }
}

/// Writes the entries into a folder, as unpacking their layer would.
fn lay_out(entries: &[LayerEntry], root: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    for entry in entries {
        let path = root.join(&entry.path);
        match &entry.kind {
            EntryKind::Dir => std::fs::create_dir(&path).expect("parents come first"),
            EntryKind::Symlink(target) => {
                std::os::unix::fs::symlink(target, &path).expect("a link");
            }
            EntryKind::File(_) => {
                std::fs::write(&path, bytes_of(entry)).expect("written");
                let mode = std::fs::Permissions::from_mode(entry.mode);
                std::fs::set_permissions(&path, mode).expect("a mode");
            }
        }
    }
}
