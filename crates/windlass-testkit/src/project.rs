//! Small Python projects, written file by file.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// A project as a list of files.
#[derive(Debug, Clone, Default)]
pub struct Project {
    /// Contents by path, relative to the project's root.
    pub files: BTreeMap<String, String>,
}

/// How a release is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// Its module cannot be imported.
    FailsToImport,
    /// It takes connections and never answers.
    Hangs,
    /// It answers 500.
    Answers500,
    /// It ends with code 7 after 3 seconds, never having been ready.
    ExitsAfter3s,
    /// It takes memory until the kernel stops it.
    EatsMemory,
    /// It is healthy, gets requests, and ends with them 3 seconds after its start.
    DiesServing,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::FailsToImport, Self::Hangs, Self::Answers500, Self::ExitsAfter3s, Self::EatsMemory];
}

impl Project {
    /// A project of one file.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds or replaces a file.
    #[must_use]
    pub fn file(mut self, path: &str, contents: impl Into<String>) -> Self {
        self.files.insert(path.to_owned(), contents.into());
        self
    }

    /// Replaces what `[tool.windlass]` says; the name of the app is always in it.
    #[must_use]
    pub fn config(self, app: &str, lines: &str) -> Self {
        let text = format!("[tool.windlass]\nname = \"{app}\"\n{lines}");
        self.file("pyproject.toml", text)
    }

    /// The smallest Flask app: `/` answers `text`, `/slow` the same after 4 s, `/health`
    /// answers `ok`.
    pub fn flask(app: &str, text: &str) -> Self {
        Self::new()
            .file("requirements.txt", "flask\ngunicorn\n")
            .file("app.py", flask_source(text, ""))
            .config(app, DEADLINES)
    }

    /// A release of [`Project::flask`] that must be refused.
    pub fn broken(app: &str, fault: Fault) -> Self {
        let flask = |first: &str, view: &str| {
            let source = format!("{first}{}", flask_source("broken", view));
            Self::flask(app, "").file("app.py", source)
        };
        match fault {
            Fault::FailsToImport => flask("import a_module_that_nobody_has\n", ""),
            Fault::Hangs => flask("", "    wait_for_a_lock_that_nobody_frees()\n"),
            Fault::Answers500 => flask("", "    raise RuntimeError(\"the shelf is empty\")\n"),
            Fault::ExitsAfter3s => Self::flask(app, "")
                .file("app.py", EXITS)
                .config(app, &format!("processes.web.command = \"python app.py\"\n{DEADLINES}")),
            Fault::DiesServing => flask(DIES, ""),
            Fault::EatsMemory => flask(EATS, "")
                .config(app, &format!("processes.web.memory = \"128MB\"\n{DEADLINES}")),
        }
    }

    /// The smallest FastAPI app.
    pub fn fastapi(app: &str, text: &str) -> Self {
        let source = format!(
            "from fastapi import FastAPI\n\napp = FastAPI()\n\n\n@app.get(\"/\")\n\
             async def home():\n    return {{\"text\": \"{text}\"}}\n"
        );
        Self::new()
            .file("requirements.txt", "fastapi\nuvicorn\n")
            .file("main.py", source)
            .config(app, "")
    }

    /// The smallest Starlette app, without a server declared.
    pub fn starlette(app: &str, text: &str) -> Self {
        let source = format!(
            "from starlette.applications import Starlette\n\
             from starlette.responses import PlainTextResponse\n\
             from starlette.routing import Route\n\n\n\
             async def home(request):\n    return PlainTextResponse(\"{text}\")\n\n\n\
             app = Starlette(routes=[Route(\"/\", home)])\n"
        );
        Self::new().file("requirements.txt", "starlette\n").file("app.py", source).config(app, "")
    }

    /// A Django project of three files, without a server declared.
    pub fn django(app: &str, text: &str) -> Self {
        let urls = format!(
            "from django.http import HttpResponse\nfrom django.urls import path\n\n\
             urlpatterns = [path(\"\", lambda request: HttpResponse(\"{text}\"))]\n"
        );
        Self::new()
            .file("requirements.txt", "django\n")
            .file("manage.py", DJANGO_MANAGE)
            .file("site_of_one/__init__.py", "")
            .file("site_of_one/settings.py", DJANGO_SETTINGS)
            .file("site_of_one/urls.py", urls)
            .file("site_of_one/wsgi.py", DJANGO_WSGI)
            .config(app, "")
    }

    /// Writes the project to a folder, over what is there.
    pub fn write(&self, dir: &Path) {
        for (path, contents) in &self.files {
            let path = dir.join(path);
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent)
                    .unwrap_or_else(|e| panic!("cannot make {}: {e}", parent.display()));
            }
            fs::write(&path, contents)
                .unwrap_or_else(|e| panic!("cannot write {}: {e}", path.display()));
        }
    }
}

/// Short enough that a release which never answers is refused soon, long enough for a slow machine.
const DEADLINES: &str = "health = { path = \"/\", timeout = \"2s\", deadline = \"20s\" }\n";

fn flask_source(text: &str, before_answer: &str) -> String {
    format!(
        "import threading\nimport time\n\nfrom flask import Flask\n\napp = Flask(__name__)\n\n\n\
         def wait_for_a_lock_that_nobody_frees():\n    \
             lock = threading.Lock()\n    lock.acquire()\n    lock.acquire()\n\n\n\
         @app.get(\"/\")\ndef home():\n{before_answer}    return \"{text}\"\n\n\n\
         @app.get(\"/slow\")\ndef slow():\n    time.sleep(4)\n    return \"{text}, slowly\"\n\n\n\
         @app.get(\"/health\")\ndef health():\n    return \"ok\"\n"
    )
}

/// Listens where it is told, says that it is not ready, and ends.
const EXITS: &str = r#"import http.server
import os
import sys
import threading
import time


class NotReady(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_error(503, "still warming up")


address = (os.environ.get("HOST", "127.0.0.1"), int(os.environ["PORT"]))
server = http.server.HTTPServer(address, NotReady)
threading.Thread(target=server.serve_forever, daemon=True).start()
time.sleep(3)
print("cannot reach the cellar, giving up", flush=True)
sys.exit(7)
"#;

/// Takes memory before the app is there, and touches it, so that it counts.
const EATS: &str = "kept = []\nfor _ in range(4096):\n    kept.append(b\"x\" * 1_000_000)\n";

/// Ends the server and all its workers in the middle of whatever they do.
const DIES: &str = r#"import os
import signal
import threading
import time


def die():
    time.sleep(3)
    print("the floor gave way", flush=True)
    os.kill(os.getppid(), signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)


threading.Thread(target=die, daemon=True).start()
"#;

const DJANGO_MANAGE: &str = r#"import os
import sys

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "site_of_one.settings")

if __name__ == "__main__":
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
"#;

const DJANGO_WSGI: &str = r#"import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "site_of_one.settings")
application = get_wsgi_application()
"#;

const DJANGO_SETTINGS: &str = r#"SECRET_KEY = "only-for-this-test"
ALLOWED_HOSTS = [".localhost"]
ROOT_URLCONF = "site_of_one.urls"
WSGI_APPLICATION = "site_of_one.wsgi.application"
INSTALLED_APPS = []
MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]
USE_TZ = True
"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_fault_changes_the_same_app() {
        for fault in Fault::ALL {
            let project = Project::broken("kiosk", fault);
            assert!(project.files["pyproject.toml"].contains("name = \"kiosk\""), "{fault:?}");
            let sound = Project::flask("kiosk", "");
            assert_ne!(project.files["app.py"], sound.files["app.py"], "{fault:?}");
            assert_eq!(project.files["requirements.txt"], sound.files["requirements.txt"]);
        }
    }

    #[test]
    fn a_project_is_written_with_its_folders() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        Project::django("kiosk", "hello").write(dir.path());
        let urls = fs::read_to_string(dir.path().join("site_of_one/urls.py")).expect("written");
        assert!(urls.contains("hello"));
    }
}
