//! What commands do to a project, and what of it gets into a layer.

use super::*;
use crate::inspect::{HostFacts, Tree, inspect};

struct World {
    dir: tempfile::TempDir,
    files: ProjectFiles,
}

/// A project that was written out.
fn world(files: &[(&str, &str)]) -> World {
    let dir = tempfile::tempdir().expect("a folder");
    let (project, copy) = (dir.path().join("project"), dir.path().join("copy"));
    fs::create_dir(&copy).expect("made");
    for (path, text) in files {
        let path = project.join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, text).expect("written");
    }
    let tree = Tree::from_files(files.iter().copied());
    let facts = HostFacts { folder: "shop".into(), pythons: crate::debian::pythons(), cores: 1 };
    let spec = inspect(&tree, &facts).expect("an app").build;
    let files = ProjectFiles::read(&project, &spec).expect("read");
    files.write_to(&copy).expect("written");
    World { dir, files }
}

impl World {
    fn copy(&self, path: &str) -> std::path::PathBuf {
        self.dir.path().join("copy").join(path)
    }

    fn changes(&self) -> Changes {
        let without = BTreeSet::from(["kept".to_owned()]);
        self.files.changes(&self.copy(""), &without).expect("readable")
    }

    fn paths(&self) -> Vec<String> {
        self.changes().files.into_iter().map(|file| file.path).collect()
    }
}

const APP: &str = "from flask import Flask\napp = Flask(__name__)\n";
const FILES: [(&str, &str); 4] =
    [("app.py", APP), ("pkg/__init__.py", ""), ("pkg/data.txt", "1"), (".dockerignore", "other\n")];

#[test]
fn nothing_done_is_no_change() {
    let world = world(&FILES);
    assert!(world.changes().is_empty(), "{:?}", world.paths());
    // Time and owner are none either.
    fs::write(world.copy("pkg/data.txt"), "1").expect("written");
    assert!(world.changes().is_empty());
}

#[test]
fn what_is_new_changed_or_gone_is_seen_and_what_is_kept_is_not() {
    let world = world(&FILES);
    fs::create_dir_all(world.copy("static/css")).expect("made");
    fs::write(world.copy("static/css/a.css"), "a").expect("written");
    fs::write(world.copy("app.py"), "app = 1\n").expect("written");
    fs::create_dir_all(world.copy("kept")).expect("made");
    fs::write(world.copy("kept/x"), "x").expect("written");
    fs::create_dir_all(world.copy("__pycache__")).expect("made");
    fs::write(world.copy("__pycache__/app.cpython-313.pyc"), "stale").expect("written");
    fs::write(world.copy(".wh.app.py"), "").expect("written");
    std::os::unix::fs::symlink("/etc/passwd", world.copy("out")).expect("linked");
    std::os::unix::fs::symlink("app.py", world.copy("in")).expect("linked");
    fs::remove_dir_all(world.copy("pkg")).expect("removed");
    let changes = world.changes();
    assert_eq!(changes.removed, ["pkg"]);
    assert_eq!(changes.skipped, [".wh.app.py", "out"]);
    assert_eq!((changes.files(), changes.bytes), (2, 9));
    assert_eq!(world.paths(), ["app.py", "in", "static", "static/css", "static/css/a.css"]);
}

#[test]
fn an_execute_bit_alone_is_a_change() {
    let world = world(&FILES);
    let mode = fs::Permissions::from_mode(0o700);
    fs::set_permissions(world.copy("pkg/data.txt"), mode).expect("set");
    let changes = world.changes();
    assert_eq!(changes.files[0].mode, 0o755);
}

#[test]
fn bytecode_of_what_is_gone_or_no_module_any_more_is_hidden() {
    let world = world(&FILES);
    fs::remove_file(world.copy("pkg/__init__.py")).expect("removed");
    let stale = stale_bytecode(&world.changes(), PythonVersion::three(13));
    let whiteouts: Vec<_> =
        stale.iter().map(|path| whiteout(&format!("app/{path}")).path).collect();
    assert_eq!(whiteouts, ["app/pkg/__pycache__/.wh.__init__.cpython-313.pyc"]);
    assert_eq!(whiteout("app/pkg").path, "app/.wh.pkg");
}
