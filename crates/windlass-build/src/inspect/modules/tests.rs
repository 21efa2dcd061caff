//! Where modules are imported from, and what their names stand for.

use super::*;

#[test]
fn modules_are_named_from_where_they_are_imported() {
    for (files, path, root, name) in [
        (vec![("app.py", "")], "app.py", "", "app"),
        (vec![("a/__init__.py", ""), ("a/b.py", "")], "a/b.py", "", "a.b"),
        (vec![("src/a/__init__.py", "")], "src/a/__init__.py", "src", "a"),
        (
            vec![("app/main.py", "from app.db import x"), ("app/db.py", "")],
            "app/main.py",
            "",
            "app.main",
        ),
        (vec![("api/main.py", "import db"), ("api/db.py", "")], "api/main.py", "api", "main"),
        (
            vec![
                ("app/main.py", "from app.db import x\nimport app.redis"),
                ("app/db.py", ""),
                ("app/redis.py", "import redis"),
            ],
            "app/main.py",
            "",
            "app.main",
        ),
        (
            vec![
                ("app/main.py", "from app import redis"),
                ("app/redis.py", "import redis"),
                ("app/requirements.txt", ""),
            ],
            "app/main.py",
            "",
            "app.main",
        ),
    ] {
        assert_named(files, path, root, name);
    }
}

#[test]
fn a_folder_of_its_own_name_is_told_from_a_package_of_that_name() {
    for (files, path, root, name) in [
        (
            vec![("src/main.py", "from src.db import x"), ("src/db.py", "")],
            "src/main.py",
            "",
            "src.main",
        ),
        (
            vec![("src/main.py", "from src.db import x\nimport db"), ("src/db.py", "")],
            "src/main.py",
            "src",
            "main",
        ),
        (
            vec![("flask/app.py", "from flask import Flask\nimport db"), ("flask/db.py", "")],
            "flask/app.py",
            "flask",
            "app",
        ),
        (
            vec![
                ("p/manage.py", "import p.settings"),
                ("p/settings.py", ""),
                ("p/p/settings.py", ""),
            ],
            "p/manage.py",
            "p",
            "manage",
        ),
        (vec![("p/manage.py", ""), ("p/core/wsgi.py", "")], "p/core/wsgi.py", "p", "core.wsgi"),
        (
            vec![
                ("p/__init__.py", ""),
                ("p/manage.py", ""),
                ("p/core/__init__.py", ""),
                ("p/core/wsgi.py", ""),
            ],
            "p/core/wsgi.py",
            "p",
            "core.wsgi",
        ),
    ] {
        assert_named(files, path, root, name);
    }
}

fn assert_named(files: Vec<(&str, &str)>, path: &str, root: &str, name: &str) {
    let tree = Tree::from_files(files);
    let modules = Modules::read(&tree, "").expect("parsed");
    let module = modules.at(path).expect("it is there");
    assert_eq!((module.import_root.as_str(), module.name.as_str()), (root, name), "{path}");
}

#[test]
fn names_resolve_through_imports() {
    let tree = Tree::from_files([
        ("shop/__init__.py", "from .web import bp\nfrom . import db\n"),
        ("shop/web/__init__.py", "from flask import Blueprint as B\nimport os.path\n"),
        ("shop/web/views.py", "from ..db import x\nfrom . import y\n"),
        ("shop/db.py", ""),
    ]);
    let modules = Modules::read(&tree, "").expect("parsed");
    for (module, name, full) in [
        ("shop", "bp", "shop.web.bp"),
        ("shop", "db.init", "shop.db.init"),
        ("shop.web", "B", "flask.Blueprint"),
        ("shop.web", "os.path.join", "os.path.join"),
        ("shop.web", "own", "shop.web.own"),
        ("shop.web.views", "x", "shop.db.x"),
        ("shop.web.views", "y", "shop.web.y"),
    ] {
        assert_eq!(modules.named(module).expect(module).resolve(name), full, "{module} {name}");
    }
    let (module, rest) = modules.split("shop.web.bp").expect("split");
    assert_eq!((module.name.as_str(), rest), ("shop.web", "bp"));
    assert!(modules.is_own("shop") && !modules.is_own("flask"));
}
