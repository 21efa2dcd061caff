//! Commands that a project has run while its image is built.

use crate::site::{Site, world, world_with_cache};
use std::fs;
use std::path::Path;
use std::time::Duration;
use windlass_testkit::{Project, Running, World};

const LONG: Duration = Duration::from_mins(5);
const SECRET: &str = "correct-horse-battery";

/// Makes a page out of a secret and a setting, counts its runs in the cache folder, removes a file,
/// rewrites a module, and fails where it can do what it must not.
const MAKE: &str = "\
import os, pathlib
assert os.getuid() != 0 and os.getcwd() == '/app', (os.getuid(), os.getcwd())
for place in ('/usr/x', '/run/secrets/x', '/x'):
    try:
        open(place, 'w')
    except OSError:
        continue
    raise SystemExit(f'{place} can be written')
token = pathlib.Path('/run/secrets/TOKEN').read_text()
assert 'TOKEN' not in os.environ
cache = pathlib.Path(os.environ['WINDLASS_BUILD_CACHE'], 'runs')
runs = int(cache.read_text()) + 1 if cache.exists() else 1
cache.write_text(str(runs))
pathlib.Path('made').mkdir()
pathlib.Path('made/page.txt').write_text(f'{len(token)} {os.environ[\"EDITION\"]}')
pathlib.Path('made/run.sh').write_text('#!/bin/sh\\n')
os.chmod('made/run.sh', 0o700)
pathlib.Path('page.py').write_text('PAGE = open(\"made/page.txt\").read()\\n')
pathlib.Path('gone.txt').unlink()
print('the token is', token, flush=True)
print('run', runs)
";

const APP: &str = "\
import os
from flask import Flask
import page
app = Flask(__name__)
@app.get('/')
def index():
    return f'{page.PAGE} {os.path.exists(\"gone.txt\")}'
";

fn project(config: &str) -> Project {
    Project::flask("made", "")
        .file("app.py", APP)
        .file("page.py", "PAGE = 'not built'\n")
        .file("make.py", MAKE)
        .file("gone.txt", "for the build alone\n")
        .config("made", config)
}

const CONFIG: &str = "\
build = ['python make.py', ['sh', '-c', 'echo done']]
build-secrets = ['TOKEN']
env = { EDITION = 'plain' }
";

/// Builds with a secret in the environment.
fn build(world: &World, dir: &Path, more: &[&str]) -> windlass_testkit::Run {
    let dir = dir.to_string_lossy();
    let mut line = vec!["build", &dir];
    line.extend(more);
    let mut command = world.command(&line);
    command.env("TOKEN", SECRET);
    Running::start(command).finish(LONG)
}

#[test]
fn what_commands_make_is_in_the_image_and_they_run_again_only_when_something_changed() {
    // The runs are counted in the build cache: one that nobody has built in before.
    let (world, _cache) = world_with_cache();
    let dir = world.project("made", &project(CONFIG));
    let missing = world.run(&["build", &dir.to_string_lossy()]).expect_code(1);
    assert!(missing.stderr.contains("the build secret TOKEN is not set"), "{missing}");

    let first = build(&world, &dir, &[]).expect_code(0);
    assert!(first.stderr.contains("the token is ***"), "{first}");
    assert!(first.stderr.contains("run 1"), "{first}");
    let again = build(&world, &dir, &[]).expect_code(0);
    assert_eq!(again.stdout, first.stdout, "the same image");
    assert!(!again.stderr.contains("run 2"), "{again}");
    let other = build(&world, &dir, &["--build-env", "EDITION=pro"]).expect_code(0);
    assert!(other.stderr.contains("run 2"), "{other}");
    assert_ne!(other.stdout, first.stdout);
    assert!(!first.output().contains(SECRET) && !other.output().contains(SECRET));

    let mut command = world.command(&["deploy", "--quiet", &dir.to_string_lossy()]);
    command.env("TOKEN", SECRET);
    let url = Running::start(command).finish(LONG).expect_code(0).stdout;
    let site = Site { world, project: dir, app: "made".to_owned(), url: url.trim().to_owned() };
    assert_eq!(site.get("/").body, format!("{} plain False", SECRET.len()));
    assert!(!site.project.join("made").exists(), "the project itself is as it was");
    assert_eq!(with_secret(&site.world.layout().images()), Vec::<String>::new());
}

/// The unpacked layers and documents of a store that hold the secret.
fn with_secret(images: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for blob in fs::read_dir(images.join("blobs/sha256")).expect("a layout").flatten() {
        let out = std::process::Command::new("sh")
            .args(["-c", "(zcat -f \"$1\") | grep -c -a -e \"$2\"", "sh"])
            .args([blob.path().as_os_str(), SECRET.as_ref()])
            .output()
            .expect("zcat runs");
        if String::from_utf8_lossy(&out.stdout).trim() != "0" {
            found.push(blob.file_name().to_string_lossy().into_owned());
        }
    }
    found
}

#[test]
fn a_command_that_fails_fails_the_build_with_its_last_words() {
    let world = world();
    let config = "build = [['python', '-c', 'print(\"almost\"); raise SystemExit(7)']]\n";
    let dir = world.project("failing", &Project::flask("failing", "x").config("failing", config));
    let failed = world.run(&["build", &dir.to_string_lossy()]).expect_code(1);
    for part in ["the build command `python -c ", "code 7", "its last lines:", "almost"] {
        assert!(failed.stderr.contains(part), "{part}: {failed}");
    }
    let scratch = world.layout().builders().join("scratch");
    assert_eq!(fs::read_dir(scratch).expect("a folder").count(), 0, "nothing is left");
}

/// A Django project whose pages fail until static files are collected.
fn django(guard: &str) -> Project {
    let settings = format!(
        "import os\nfrom pathlib import Path\n{guard}\
         BASE_DIR = Path(__file__).resolve().parent\nSECRET_KEY = os.environ['SHOP_KEY']\n\
         ALLOWED_HOSTS = ['*']\nROOT_URLCONF = 'urls'\nSTATIC_URL = '/static/'\n\
         STATIC_ROOT = BASE_DIR / 'collected'\nSTATICFILES_DIRS = [BASE_DIR / 'assets']\n\
         INSTALLED_APPS = ['django.contrib.staticfiles']\n\
         STORAGES = {{'staticfiles': {{'BACKEND': \
         'django.contrib.staticfiles.storage.ManifestStaticFilesStorage'}}}}\n"
    );
    let urls = "from django.http import HttpResponse\nfrom django.templatetags.static import static\n\
                from django.urls import path\n\
                urlpatterns = [path('', lambda request: HttpResponse(static('a.css')))]\n";
    let manage = "import os, sys\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'settings')\n\
                  from django.core.management import execute_from_command_line\n\
                  execute_from_command_line(sys.argv)\n";
    let wsgi = "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'settings')\n\
                from django.core.wsgi import get_wsgi_application\n\
                application = get_wsgi_application()\n";
    Project::new()
        .file("requirements.txt", "django>=5,<6\ngunicorn\n")
        .file("manage.py", manage)
        .file("settings.py", settings)
        .file("urls.py", urls)
        .file("wsgi.py", wsgi)
        .file("assets/a.css", "body {}\n")
}

/// Deploys with the app's secret key, which is in the server's environment alone for the build.
fn deployed(project: &Project, app: &str) -> (Site, String) {
    let world = world();
    let dir = world.project(app, project);
    let run = world.run(&["deploy", &dir.to_string_lossy()]).expect_code(0);
    let url = run.stdout.trim().to_owned();
    (Site { world, project: dir, app: app.to_owned(), url }, run.stderr)
}

#[test]
fn static_files_are_collected_while_the_image_is_built() {
    // The key is there when the app runs, and not when its image is built.
    let key = "os.environ.setdefault('SHOP_KEY', 'x') if 'WINDLASS_RELEASE' in os.environ else 0\n";
    let (site, told) = deployed(&django(key), "collected");
    assert!(site.get("/").body.starts_with("/static/a."), "{}", site.get("/").body);
    assert!(told.contains("collectstatic --noinput while the image is built"), "{told}");
    let volume = site.world.layout().volume(&"collected".parse().expect("valid"));
    assert!(!volume.join("collected").exists(), "they are in the image");
}

#[test]
fn static_files_that_cannot_be_collected_then_are_collected_before_the_release_serves() {
    let key = "os.environ['WINDLASS_RELEASE']; os.environ.setdefault('SHOP_KEY', 'x')\n";
    let (site, told) = deployed(&django(key), "later");
    assert!(site.get("/").body.starts_with("/static/a."), "{}", site.get("/").body);
    assert!(told.contains("static files could not be collected while the image was built"));
    assert!(told.contains("KeyError: 'WINDLASS_RELEASE'"), "{told}");
    let volume = site.world.layout().volume(&"later".parse().expect("valid"));
    assert!(volume.join("collected").is_dir(), "they are kept");
}
