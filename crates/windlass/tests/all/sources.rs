//! Source archives that need a compiler.

use crate::site::{Site, world};
use std::fs;
use windlass_testkit::Project;

/// What imports a package of C code in the image that serves, and says where it comes from.
const APP: &str = "\
import psycopg2
from flask import Flask
app = Flask(__name__)
@app.get('/')
def index():
    return f'{psycopg2.__libpq_version__ > 100000} {psycopg2.extensions.__name__}'
";

#[test]
fn a_source_archive_is_compiled_in_a_container_and_runs_in_the_image() {
    let project = Project::flask("compiled", "")
        .file("requirements.txt", "flask\ngunicorn\npsycopg2==2.9.10\n")
        .file("app.py", APP);
    let world = world();
    let dir = world.project("compiled", &project);
    let run = world.run(&["deploy", "-v", &dir.to_string_lossy()]).expect_code(0);
    let url = run.stdout.trim().to_owned();
    let site = Site { world, project: dir, app: "compiled".to_owned(), url };
    assert_eq!(site.get("/").body, "True psycopg2.extensions");
    // Nothing that it was compiled with is in the image.
    let script = "import pathlib as p; print(sorted(str(f) for n in ('cc', 'gcc', 'make', 'pg_config') \
                  for f in p.Path('/usr/bin').glob(n)), list(p.Path('/usr/include').glob('*')))";
    let found = site.world.run(&["run", "--app", "compiled", "--", "python", "-c", script]);
    assert_eq!(found.expect_code(0).stdout.trim(), "[] []");
    // The same again costs nothing.
    let dir = site.project.to_string_lossy().into_owned();
    let again = site.world.run(&["build", &dir]).expect_code(0);
    assert!(!again.stderr.contains("from its sources"), "{again}");
}

#[test]
fn what_no_table_knows_is_said_with_the_builds_last_words() {
    let setup = "from setuptools import Extension, setup\n\
                 setup(name='odd', version='1', ext_modules=[Extension('odd', ['odd.c'])])\n";
    let project = Project::flask("odd", "x")
        .file("requirements.txt", "flask\ngunicorn\n./odd\n")
        .file("odd/setup.py", setup)
        .file("odd/odd.c", "#include <yaml.h>\n#include <nowhere/to_be_found.h>\n");
    let world = world();
    let dir = world.project("odd", &project);
    let failed = world.run(&["build", &dir.to_string_lossy()]).expect_code(1);
    // The first header is found in the archive, and only the second is left.
    for part in [
        "needs libyaml-dev: it ships yaml.h",
        "could not be compiled",
        "beside the compiler it had libyaml-dev",
        "no Debian package is known for what it misses: nowhere/to_be_found.h",
        "fatal error",
        "build-apt",
    ] {
        assert!(failed.stderr.contains(part), "{part}: {failed}");
    }
}

#[test]
fn a_folder_of_c_code_gives_the_same_wheel_wherever_it_lies() {
    let setup = "from setuptools import Extension, setup\n\
                 setup(name='answer', version='1', ext_modules=[Extension('answer', ['answer.c'])])\n";
    let code = "#include <Python.h>\n#include <assert.h>\n\
                static PyObject *get(PyObject *self, PyObject *no) { assert(no != self); return PyLong_FromLong(42); }\n\
                static PyMethodDef methods[] = {{\"get\", get, METH_NOARGS, 0}, {0}};\n\
                static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, \"answer\", 0, -1, methods};\n\
                PyMODINIT_FUNC PyInit_answer(void) { return PyModule_Create(&module); }\n";
    let project = Project::flask("answer", "x")
        .file("requirements.txt", "flask\ngunicorn\n./answer\n")
        .file("answer/setup.py", setup)
        .file("answer/answer.c", code);
    let mut images = Vec::new();
    for place in ["here", "some/where/else"] {
        let world = world();
        // A cache of its own: what was built before is not to be found.
        let cache = world.home().join("cache");
        let shared = fs::canonicalize(&cache).expect("a shared cache");
        fs::remove_file(&cache).expect("a link");
        fs::create_dir(&cache).expect("made");
        for name in ["debian", "wheels", "uv-cache", "uv-home"] {
            fs::create_dir_all(shared.join(name)).expect("made");
            std::os::unix::fs::symlink(shared.join(name), cache.join(name)).expect("linked");
        }
        let dir = world.project(place, &project);
        let built = world.run(&["build", &dir.to_string_lossy()]).expect_code(0);
        images.push(built.stdout.trim().to_owned());
    }
    assert_eq!(images[0], images[1]);
}
