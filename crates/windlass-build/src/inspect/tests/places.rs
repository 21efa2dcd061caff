//! Django projects that lie in a folder below the one that their processes start in.

use super::inspected;

const MANAGE: &str =
    "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'core.settings')\n";
const WSGI: &str =
    "from django.core.wsgi import get_wsgi_application\napplication = get_wsgi_application()\n";
const SETTINGS: &str = "from pathlib import Path\nBASE_DIR = Path(__file__).parent.parent\nSTATIC_ROOT = BASE_DIR / 'staticfiles'\nMEDIA_ROOT = 'media'\nINSTALLED_APPS = ['django.contrib.staticfiles']\nMIDDLEWARE = ['whitenoise.middleware.WhiteNoiseMiddleware']\n";

#[test]
fn the_release_command_finds_manage_py() {
    for (folder, other, text) in [
        ("backend", "Procfile", "web: gunicorn --chdir backend core.wsgi --log-level info\n"),
        ("backend", "Procfile", "web: ./serve.sh\n"),
        ("src", "pyproject.toml", "[tool.windlass]\napp = 'core.wsgi:application'\n"),
    ] {
        let at = |name: &str| format!("{folder}/{name}");
        let files = [
            (at("manage.py"), MANAGE),
            (at("core/__init__.py"), ""),
            (at("core/wsgi.py"), WSGI),
            (at("core/settings.py"), SETTINGS),
            // A flag's value has the name of a package here.
            ("info/__init__.py".to_owned(), ""),
            (other.to_owned(), text),
        ];
        let files: Vec<(&str, &str)> =
            files.iter().map(|(path, text)| (path.as_str(), *text)).collect();
        let found = inspected(&files).expect(text);
        let expected = format!("python {folder}/manage.py collectstatic --noinput");
        let collect = found.build.collect_static.expect("static files");
        assert_eq!(collect.command.join(" "), expected, "{text}");
        assert_eq!(collect.folder, format!("{folder}/staticfiles"), "{text}");
        assert_eq!(found.build.work_dir, "", "{text}");
        let kept: Vec<&str> = found.app.persist.iter().map(|path| path.path.as_str()).collect();
        assert_eq!(kept, ["media"], "{text}");
    }
}
