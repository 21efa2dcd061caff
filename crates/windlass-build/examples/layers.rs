//! What joining layers of packages costs, against compressing the same bytes: see `bench/README.md`.
//!
//! `layers <folder>` resolves, fetches and places the wheels of a list in the folder, then measures
//! everything again with downloads there. Ratios are taken in one run on one machine. Nothing is
//! judged here: a measurement prints what it saw.

#![expect(clippy::print_stdout, reason = "a measurement prints its figures")]

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;
use windlass_build::download::{DownloadSettings, Downloader};
use windlass_build::scheme::Scheme;
use windlass_build::wheels::{
    InstallRequest, Installed, Interpreter, Machine, PackageTools, ResolveRequest, Target,
    UvSearch, install, place_packages, resolve,
};
use windlass_model::{AppName, BuildSpec, Compression, Dependencies, PythonVersion, Selection};
use windlass_oci::ImageStore;

const ROUNDS: usize = 5;
/// What projects of all kinds depend on: with all that these need about 93 wheels.
const PACKAGES: &str = "django djangorestframework fastapi uvicorn[standard] gunicorn flask celery \
    pandas numpy scipy scikit-learn matplotlib pillow lxml sqlalchemy alembic psycopg[binary] \
    cryptography boto3 redis requests httpx aiohttp pydantic-settings jinja2 beautifulsoup4 \
    openpyxl reportlab sentry-sdk structlog orjson";

fn main() {
    let folder = std::env::args().nth(1).expect("usage: layers <folder>");
    Place::new(Path::new(&folder)).run();
}

struct Place {
    folder: PathBuf,
    cache: PathBuf,
    python: (PathBuf, PythonVersion),
}

impl Place {
    fn new(folder: &Path) -> Self {
        let folder = std::path::absolute(folder).expect("a path");
        let cache = folder.join("cache");
        fs::create_dir_all(&cache).expect("made");
        let list = PACKAGES.split_whitespace().collect::<Vec<_>>().join("\n");
        fs::write(folder.join("requirements.txt"), list).expect("written");
        let python = Command::new("python3")
            .args(["-c", "import sys; print(sys.executable, '%d.%d' % sys.version_info[:2])"])
            .output()
            .expect("python3 is needed");
        let text = String::from_utf8(python.stdout).expect("text");
        let (path, version) = text.trim().split_once(' ').expect("two words");
        let python = (PathBuf::from(path), version.parse().expect("a version"));
        Self { folder, cache, python }
    }

    fn run(&self) {
        // Everything is fetched and compiled once; then the segments alone are made again.
        self.installed();
        fs::remove_dir_all(self.cache.join("segments")).expect("made by the run before");
        let started = Instant::now();
        self.placed();
        let (cold, installed) = (started.elapsed().as_secs_f64(), self.installed());
        let write = median(|| self.write(&installed));
        let warm = median(|| self.write(&self.installed()));
        println!("{} wheels in {} layers", installed.packages.len(), installed.layers.len());
        println!("segments of all wheels, once: {cold:.2} s");
        println!("layers joined, digests and sync included: {write:.2} s");
        println!("the same with the plan read from the cache: {warm:.2} s");
        self.without_bytecode(&installed);
    }

    fn placed(&self) -> Vec<windlass_build::wheels::PlacedPackage> {
        let spec = self.spec();
        let tools = tools();
        let machine = Machine::X86_64;
        let target = Target { python: self.python.1, patch: 99, glibc: (2, 41), machine };
        let resolved = resolve(&ResolveRequest {
            spec: &spec,
            project: &self.folder,
            target,
            tools: &tools,
            cache: &self.cache,
            lock: None,
        })
        .expect("resolved");
        let request = InstallRequest {
            resolution: &resolved.resolution,
            spec: &spec,
            project: &self.folder,
            tools: &tools,
            cache: &self.cache,
            downloader: &Downloader::new(DownloadSettings::default()),
            scheme: Scheme::debian(self.python.1),
            compiler: None,
        };
        place_packages(&request, &|_| {}).expect("placed")
    }

    fn installed(&self) -> Installed {
        let command = || Command::new(&self.python.0);
        let interpreter = Interpreter { command: &command, scheme: Scheme::debian(self.python.1) };
        install(self.placed(), &self.cache, interpreter, &|_| {}).expect("installed")
    }

    /// Writes all layers into a new store, as a build does.
    fn write(&self, installed: &Installed) {
        let images = self.folder.join("images");
        let _ = fs::remove_dir_all(&images);
        let store = ImageStore::open(&images).expect("a store");
        std::thread::scope(|scope| {
            for layer in &installed.layers {
                let store = &store;
                scope.spawn(move || {
                    let out = store.blob_writer().expect("a file");
                    let (out, info) =
                        installed.spliced(layer).write(out, Compression::Gzip).expect("written");
                    out.commit(&info.descriptor.digest).expect("synced");
                });
            }
        });
    }

    /// Joins the wheels' own files alone into one layer, and compares with other compressors.
    fn without_bytecode(&self, installed: &Installed) {
        let mut wheels = installed.clone();
        for package in &mut wheels.packages {
            package.segments[1].index.files.clear();
        }
        let joined = self.folder.join("joined.tar.gz");
        let tar = self.folder.join("all.tar");
        wheels.layers[0].packages = (0..wheels.packages.len()).collect();
        let layer = wheels.layers[0].clone();
        let spliced = median(|| {
            let out = File::create(&joined).expect("made");
            wheels
                .spliced(&layer)
                .write(std::io::BufWriter::new(out), Compression::Gzip)
                .expect("written");
        });
        time("gzip", &["-dc"], &joined, &tar);
        let size = |path: &Path| path.metadata().expect("there").len() as f64 / 1e6;
        let files = wheels.packages.iter().map(|p| p.files().count()).sum::<usize>();
        println!("{files} files of the wheels, {:.0} MB of tar, one layer:", size(&tar));
        println!("| how | s | MB | times ours | size over ours |\n|---|---|---|---|---|");
        println!("| joined | {spliced:.2} | {:.1} | 1 | 1 |", size(&joined));
        let mut packed = BTreeMap::new();
        for (program, level) in [("gzip", "-6"), ("pigz", "-6"), ("gzip", "-1")] {
            let out = self.folder.join(format!("{program}{level}.tar.gz"));
            let took = time(program, &[level, "-c"], &tar, &out);
            let (times, ratio) = (took / spliced, size(&out) / size(&joined));
            println!(
                "| {program} {level} | {took:.2} | {:.1} | {times:.1} | {ratio:.3} |",
                size(&out)
            );
            packed.insert(format!("{program} {level}"), out);
        }
        println!("| decoder | joined s | gzip -6 s | ratio |\n|---|---|---|---|");
        let python = "import gzip, sys\nfile = gzip.GzipFile(fileobj=sys.stdin.buffer)\n\
                      while file.read(1 << 20): pass";
        let nothing = Path::new("/dev/null");
        for (name, program, arguments) in [
            ("gzip -d", "gzip", vec!["-dc"]),
            ("unpigz", "unpigz", vec!["-c"]),
            ("Python", "python3", vec!["-c", python]),
            ("tar", "tar", vec!["-tzf", "-"]),
        ] {
            let ours = best(|| time(program, &arguments, &joined, nothing));
            let other = best(|| time(program, &arguments, &packed["gzip -6"], nothing));
            println!("| {name} | {ours:.2} | {other:.2} | {:.2} |", ours / other);
        }
    }

    fn spec(&self) -> BuildSpec {
        let files = vec!["requirements.txt".to_owned()];
        BuildSpec {
            app: AppName::from_loose("bench"),
            python: self.python.1,
            base: windlass_model::BaseSpec::default(),
            dependencies: Dependencies::Requirements { files },
            selection: Selection::default(),
            extra_requirements: Vec::new(),
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
            compression: Compression::Gzip,
            build_commands: Vec::new(),
            build_secrets: Vec::new(),
            build_env: BTreeMap::new(),
            collect_static: None,
        }
    }
}

fn tools() -> PackageTools {
    let on_path = |program: &str| {
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&path).map(|dir| dir.join(program)).filter(|p| p.is_file()).collect()
    };
    let files = ["/etc/pip.conf".to_owned(), std::env::var("PIP_CONFIG_FILE").unwrap_or_default()];
    PackageTools {
        search: UvSearch {
            explicit: None,
            beside: PathBuf::new(),
            path: on_path("uv"),
            python: on_path("python3"),
        },
        environment: std::env::vars().collect(),
        pip_config: files.iter().filter_map(|file| fs::read_to_string(file).ok()).collect(),
    }
}

/// Seconds that a program takes over a file.
fn time(program: &str, arguments: &[&str], from: &Path, to: &Path) -> f64 {
    let started = Instant::now();
    let status = Command::new(program)
        .args(arguments)
        .stdin(Stdio::from(File::open(from).expect("there")))
        .stdout(Stdio::from(File::create(to).expect("made")))
        .status()
        .unwrap_or_else(|error| panic!("{program} is needed: {error}"));
    assert!(status.success(), "{program} {arguments:?}");
    started.elapsed().as_secs_f64()
}

fn median(mut run: impl FnMut()) -> f64 {
    let mut took: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let started = Instant::now();
            run();
            started.elapsed().as_secs_f64()
        })
        .collect();
    took.sort_by(f64::total_cmp);
    took[ROUNDS / 2]
}

fn best(run: impl Fn() -> f64) -> f64 {
    (0..3).map(|_| run()).fold(f64::INFINITY, f64::min)
}
