//! Reading real folders.

use super::*;

#[test]
fn reading_is_bounded_and_stays_inside() {
    let outside = tempfile::tempdir().expect("a folder");
    std::fs::write(outside.path().join("secret.py"), "x = 1").expect("written");
    let project = tempfile::tempdir().expect("a folder");
    let at = |path: &str| project.path().join(path);
    for folder in ["pkg", ".git", "node_modules/x", "myenv"] {
        std::fs::create_dir_all(at(folder)).expect("made");
    }
    for (path, text) in [
        ("pkg/a.py", b"x = 1".as_slice()),
        ("pkg/bad.py", b"\xff\xfe = 1"),
        (".git/hook.py", b""),
        ("node_modules/x/y.py", b""),
        ("myenv/pyvenv.cfg", b""),
        ("myenv/z.py", b""),
        ("picture.png", b"\x89PNG"),
    ] {
        std::fs::write(at(path), text).expect("written");
    }
    std::fs::write(at("huge.py"), vec![b'#'; 2 << 20]).expect("written");
    std::os::unix::fs::symlink(outside.path().join("secret.py"), at("out.py")).expect("linked");
    std::os::unix::fs::symlink(at("pkg/a.py"), at("in.py")).expect("linked");
    std::os::unix::fs::symlink(outside.path(), at("folder")).expect("linked");

    let tree = Tree::read(project.path()).expect("listed");
    let names: Vec<&str> = tree.files().map(|(path, _)| path).collect();
    assert_eq!(names, ["huge.py", "in.py", "picture.png", "pkg/a.py", "pkg/bad.py"]);
    assert_eq!(tree.text("in.py"), Some("x = 1"));
    assert_eq!((tree.text("huge.py"), tree.text("picture.png")), (None, None));
    assert!(tree.files["pkg/bad.py"].lossy);
    assert!(Tree::read(&at("nowhere")).is_err());
}

/// A copy of the code there would be a second answer to what the app is.
#[test]
fn what_setuptools_leaves_is_no_code() {
    let project = tempfile::tempdir().expect("a folder");
    for path in [
        "pyproject.toml",
        "build/lib/shop/app.py",
        "build/lib.linux-x86_64-cpython-311/shop/app.py",
        "build/bdist.linux-x86_64/wheel/x.py",
        "build/library/x.py",
        "build/tool.py",
        "shop/app.py",
        "shop/build/lib/x.py",
    ] {
        let path = project.path().join(path);
        std::fs::create_dir_all(path.parent().expect("it has one")).expect("made");
        std::fs::write(path, "").expect("written");
    }
    let tree = Tree::read(project.path()).expect("listed");
    let names: Vec<&str> = tree.files().map(|(path, _)| path).collect();
    let kept = ["build/library/x.py", "build/tool.py", "pyproject.toml", "shop/app.py"];
    assert_eq!(names, [&kept[..], &["shop/build/lib/x.py"]].concat());
}

#[test]
fn folders_are_prefixes_of_whole_parts() {
    let tree = Tree::from_files([("app/a.py", ""), ("app2/b.py", ""), ("app.py", "")]);
    assert_eq!(tree.below("app").map(|(path, _)| path).collect::<Vec<_>>(), ["app/a.py"]);
    assert!(tree.has_folder("") && tree.has_folder("app2") && !tree.has_folder("a"));
}
