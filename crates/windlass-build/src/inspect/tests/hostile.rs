//! Files as no project should have them: inspection answers or refuses, and never breaks.

use super::inspected;

const FLASK: &str = "from flask import Flask\napp = Flask(__name__)\n";

#[test]
fn any_text_in_any_file_is_survived() {
    let deep = "[".repeat(20_000);
    let texts = [
        "",
        "\u{0}",
        "\u{feff}",
        "\u{fffd}\u{fffd}",
        "=",
        ":",
        "web:",
        "-r",
        "-r -r",
        "FROM",
        "FROM :",
        "HEALTHCHECK",
        "CMD [",
        "\\",
        "\\\n\\\n",
        "'''",
        "python 3.",
        "3.",
        "999999999999.1",
        "[project]\nname = 1\ndependencies = 3\nrequires-python = 4\nscripts = 5\n",
        "[tool]\npoetry = 1\n",
        "[project]\nname = ''\n",
        "\r\n\r\n",
        "é=ü",
        "web: '",
        "web: $(",
        "web: ;;;",
        "web: exec",
        "web: python -m",
        "web: gunicorn -b",
        deep.as_str(),
    ];
    let files = [
        "app.py",
        "manage.py",
        "wsgi.py",
        "Procfile",
        "Dockerfile",
        "requirements.txt",
        "pyproject.toml",
        ".python-version",
        "runtime.txt",
        ".tool-versions",
        "Pipfile",
        ".flaskenv",
        "gunicorn.conf.py",
        "core/settings.py",
        "setup.py",
    ];
    let mut answers = 0;
    for file in files {
        for text in &texts {
            answers += usize::from(inspected(&[("main.py", FLASK), (file, text)]).is_ok());
        }
    }
    assert!(answers > files.len() * texts.len() / 2, "{answers} answers");
}

#[test]
fn a_broken_file_is_told_and_the_rest_is_read() {
    let found =
        inspected(&[("app.py", FLASK), ("broken.py", "def x(:\n    pass\n")]).expect("found");
    let warning = &found.warnings[0];
    assert_eq!(warning.code, "python-syntax");
    assert!(warning.message.starts_with("broken.py:1: "), "{}", warning.message);
}

#[test]
fn rings_end() {
    let files = [
        ("a.py", "from b import app\nx = y\ny = x\ndef create_app():\n    return create_app()\n"),
        (
            "b.py",
            "from a import app\nfrom flask import Blueprint\nbp = Blueprint('x', __name__)\nbp.register_blueprint(bp)\n@bp.get('/x')\ndef f():\n    return f()\n",
        ),
        (
            "core/settings.py",
            "from core.settings import *\nfrom .settings import *\nROOT_URLCONF = 'core.urls'\n",
        ),
        (
            "core/urls.py",
            "from django.urls import include, path\nurlpatterns = [path('a/', include('core.urls'))]\n",
        ),
        (
            "core/wsgi.py",
            "from django.core.wsgi import get_wsgi_application\napplication = get_wsgi_application()\n",
        ),
        (
            "manage.py",
            "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'core.settings')\n",
        ),
        ("requirements.txt", "-r requirements.txt\ndjango\n"),
    ];
    let found = inspected(&files).expect("found");
    assert_eq!(found.build.command.last().map(String::as_str), Some("core.wsgi:application"));
}
