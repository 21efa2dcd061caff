//! A small root file system of two layers, copied from the host: a shell with a few tools, and
//! Python with its library.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

const TOOLS: [&str; 26] = [
    "sh", "cat", "ls", "id", "echo", "sleep", "env", "head", "true", "false", "mkdir", "touch",
    "grep", "stty", "tty", "pwd", "hostname", "dd", "readlink", "stat", "wc", "kill", "rm", "ln",
    "tr", "chmod",
];

const NAMES: [&str; 2] = ["tools", "python"];

/// Names the folder of layers that another process made.
const ELSEWHERE: &str = "WINDLASS_TEST_LAYERS";

/// The layers, lowest first; made once and kept for later runs.
pub(crate) fn layers() -> Vec<PathBuf> {
    static LAYERS: OnceLock<Vec<PathBuf>> = OnceLock::new();
    let find = |name: &str| match std::env::var_os(ELSEWHERE) {
        Some(folder) => Path::new(&folder).join(name),
        None => ensure(name),
    };
    LAYERS.get_or_init(|| NAMES.map(find).to_vec()).clone()
}

/// Copies the layers to where every user can read them; returns what [`ELSEWHERE`] must say.
pub(crate) fn copy_layers(folder: &Path) -> PathBuf {
    for (layer, name) in layers().iter().zip(NAMES) {
        run(Command::new("cp").arg("-a").arg(layer).arg(folder.join(name)));
    }
    folder.to_owned()
}

fn ensure(name: &str) -> PathBuf {
    let base = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let layer = base.join(format!("root-2-{name}"));
    if layer.is_dir() {
        return layer;
    }
    let work = tempfile::Builder::new().prefix("root-").tempdir_in(base).expect("a folder");
    let files = match name {
        "tools" => TOOLS.iter().filter_map(|tool| find(tool)).collect(),
        _ => python(work.path()),
    };
    copy_with_libraries(&files, work.path());
    let work = work.keep();
    fs::set_permissions(&work, fs::Permissions::from_mode(0o755)).expect("a mode");
    // Another test process may have been faster: its result is as good.
    if fs::rename(&work, &layer).is_err() {
        fs::remove_dir_all(&work).expect("removable");
    }
    layer
}

fn find(tool: &str) -> Option<PathBuf> {
    let found = ["/usr/bin", "/bin"].map(|dir| Path::new(dir).join(tool));
    found.into_iter().find(|path| path.exists())
}

/// Python's program, and its library copied into `root`; returns what needs libraries.
fn python(root: &Path) -> Vec<PathBuf> {
    let code = "import sysconfig; print(sysconfig.get_path('stdlib'))";
    let out = Command::new("/usr/bin/python3").args(["-I", "-c", code]).output();
    let out = out.expect("these tests need /usr/bin/python3");
    let library = PathBuf::from(String::from_utf8(out.stdout).expect("a path").trim());
    let target = root.join(library.strip_prefix("/").expect("absolute"));
    fs::create_dir_all(target.parent().expect("a parent")).expect("a folder");
    run(Command::new("cp").args(["-rL", "--no-preserve=all"]).arg(&library).arg(&target));
    for unneeded in ["test", "idlelib", "ensurepip", "lib2to3", "tkinter", "dist-packages"] {
        let _ = fs::remove_dir_all(target.join(unneeded));
    }
    let mut files = vec![PathBuf::from("/usr/bin/python3")];
    // Loaded by the C library when a thread ends, so no program names it.
    let libraries = fs::read_dir("/lib").expect("libraries").flatten();
    let unwinder = libraries.map(|entry| entry.path().join("libgcc_s.so.1"));
    files.extend(unwinder.filter(|path| path.exists()));
    let extensions = fs::read_dir(library.join("lib-dynload")).expect("extensions").flatten();
    files.extend(extensions.map(|entry| entry.path()));
    files
}

fn copy_with_libraries(files: &[PathBuf], root: &Path) {
    for dir in ["bin", "lib", "lib64", "sbin"] {
        if let Ok(target) = fs::read_link(format!("/{dir}")) {
            fs::create_dir_all(root.join(&target)).expect("a folder");
            std::os::unix::fs::symlink(target, root.join(dir)).expect("a link");
        }
    }
    let mut wanted: BTreeSet<PathBuf> = files.iter().cloned().collect();
    for file in files {
        let out = Command::new("ldd").arg(file).output().expect("ldd");
        let text = String::from_utf8_lossy(&out.stdout).into_owned();
        let words = text.split_whitespace().filter(|word| word.starts_with('/'));
        wanted.extend(words.map(|word| PathBuf::from(word.trim_end_matches(':'))));
    }
    for file in wanted {
        let target = root.join(file.strip_prefix("/").expect("absolute"));
        fs::create_dir_all(target.parent().expect("a parent")).expect("a folder");
        fs::copy(&file, &target).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        fs::set_permissions(&target, fs::Permissions::from_mode(0o755)).expect("a mode");
    }
}

fn run(command: &mut Command) {
    let status = command.status().expect("it runs");
    assert!(status.success(), "{command:?}: {status}");
}
