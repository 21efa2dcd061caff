//! Tests of the module above.

use super::super::django::settings_chain;
use super::super::tree::Tree;
use super::*;

fn kept(files: &[(&str, &str)], settings: &str) -> Vec<(String, bool)> {
    let modules = Modules::read(&Tree::from_files(files.iter().copied()), "").expect("parsed");
    let django = settings_chain(&modules, settings);
    let around = Surroundings { modules: &modules, work_dir: "", django: &django };
    find(&around).into_iter().map(|kept| (kept.path.path, kept.path.directory)).collect()
}

#[test]
fn what_apps_write_is_kept() {
    let file = |path: &str| vec![(path.to_owned(), false)];
    let folder = |path: &str| vec![(path.to_owned(), true)];
    for (path, text, expected) in [
        (
            "shop/__init__.py",
            "import os\nfrom flask import Flask\ndef create_app():\n    app = Flask(__name__, instance_relative_config=True)\n    os.makedirs(app.instance_path)\n    return app\n",
            folder("instance"),
        ),
        (
            "app.py",
            "from flask_sqlalchemy import SQLAlchemy\napp.config['SQLALCHEMY_DATABASE_URI'] = 'sqlite:///shop.db'\n",
            folder("instance"),
        ),
        ("app.py", "engine = create_engine('sqlite:///./data/shop.db')\n", file("data/shop.db")),
        ("app.py", "URL = 'sqlite+aiosqlite:///shop.db?x=1'\n", file("shop.db")),
        (
            "app.py",
            "URL = 'sqlite:////var/shop.db'\nM = 'sqlite:///:memory:'\nN = 'sqlite://'\n",
            vec![],
        ),
        (
            "config.py",
            "import os\nbase = os.path.dirname(__file__)\nclass C:\n    U = os.environ.get('D', '') or 'sqlite:///' + os.path.join(base, 'app.db')\n",
            file("app.db"),
        ),
        (
            "s/settings.py",
            "from pathlib import Path\nBASE_DIR = Path(__file__).resolve().parent.parent\nDATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': BASE_DIR / 'db.sqlite3'}}\n",
            file("db.sqlite3"),
        ),
        (
            "s/settings.py",
            "from pathlib import Path\nBASE_DIR = Path(__file__).parent.parent\nMEDIA_ROOT = BASE_DIR / 'media'\n",
            folder("media"),
        ),
        (
            "s/settings.py",
            "DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': ':memory:'}}\n",
            vec![],
        ),
        ("tests/test_x.py", "URL = 'sqlite:///test.db'\n", vec![]),
    ] {
        assert_eq!(kept(&[(path, text)], "s.settings"), expected, "{text}");
    }
}

#[test]
fn relative_folders_are_kept_and_those_elsewhere_are_not() {
    let folder = |path: &str| vec![(path.to_owned(), true)];
    for (path, text, expected) in [
        ("s/settings.py", "MEDIA_ROOT = 'media'\n", folder("media")),
        ("s/settings.py", "MEDIA_ROOT = ''\n", vec![]),
        ("s/settings.py", "MEDIA_ROOT = '/srv/media'\n", vec![]),
        ("app.py", "UPLOAD_FOLDER = 'static/uploads'\n", folder("static/uploads")),
        ("app.py", "app.config['UPLOAD_FOLDER'] = './up/'\n", folder("up")),
        ("app.py", "UPLOAD_FOLDER = 's3://bucket/up'\n", vec![]),
        ("app.py", "UPLOAD_FOLDER = '~/up'\n", vec![]),
        ("app.py", "UPLOAD_FOLDER = '../up'\n", vec![]),
    ] {
        assert_eq!(kept(&[(path, text)], "s.settings"), expected, "{text}");
    }
}
