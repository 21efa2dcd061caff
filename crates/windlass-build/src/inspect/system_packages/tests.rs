//! Whole small projects that ask for packages of the system.

use crate::inspect::{HostFacts, Inspection, Tree, explain, inspect};
use windlass_model::{DebianPackage, PythonVersion};

const FLASK: (&str, &str) = ("app.py", "from flask import Flask\napp = Flask(__name__)\n");
const DOCKERFILE: &str = "FROM python:3.13-slim\nRUN apt-get update \\\n && apt-get install -y gcc \
                          libpq-dev ffmpeg git\nCMD [\"flask\", \"run\"]\n";

fn project(files: &[(&str, &str)]) -> Result<Inspection, String> {
    let tree = Tree::from_files(files.iter().copied().chain([FLASK]));
    let host =
        HostFacts { folder: "shop".to_owned(), pythons: vec![PythonVersion::three(13)], cores: 2 };
    inspect(&tree, &host).map_err(|error| {
        let problem = explain(&error);
        format!("{} {} {}", problem.code, problem.message, problem.hints.join(" "))
    })
}

fn packages(files: &[(&str, &str)]) -> Vec<String> {
    let build = project(files).expect("inspected").build;
    build
        .apt
        .iter()
        .map(|p| format!("{}{} {}", p.name, if p.required { "" } else { "?" }, p.evidence))
        .collect()
}

#[test]
fn each_place_in_its_turn() {
    let aptfile = ("Aptfile", "# sound\nffmpeg\nlibpq5\n");
    let dockerfile = ("Dockerfile", DOCKERFILE);
    assert_eq!(packages(&[aptfile]), ["ffmpeg Aptfile:2: `ffmpeg`", "libpq5 Aptfile:3: `libpq5`"]);
    assert_eq!(
        packages(&[dockerfile]),
        [
            "ffmpeg? Dockerfile:2: `apt-get install ffmpeg`",
            "git? Dockerfile:2: `apt-get install git`",
        ]
    );
    let both = packages(&[aptfile, dockerfile]);
    let names: Vec<&str> = both.iter().filter_map(|text| text.split(' ').next()).collect();
    assert_eq!(names, ["ffmpeg", "libpq5", "git?"]);
    let config = ("pyproject.toml", "[tool.windlass]\napt = [\"graphviz\"]\n");
    let said = packages(&[aptfile, dockerfile, config]);
    assert_eq!(said, ["graphviz pyproject.toml:2: `apt` in [tool.windlass]"]);
    let nothing = ("pyproject.toml", "[tool.windlass]\napt = []\n");
    assert_eq!(packages(&[dockerfile, nothing]), [""; 0]);
}

#[test]
fn what_is_left_out_is_told() {
    let found = project(&[("Dockerfile", DOCKERFILE)]).expect("inspected").findings;
    let told = |subject: &str| {
        let finding = found.iter().find(|f| f.subject == subject).expect(subject);
        (finding.value.clone(), finding.override_key.as_deref() == Some("apt"))
    };
    assert_eq!(told("system packages"), ("ffmpeg, git".to_owned(), true));
    assert_eq!(told("left out"), ("gcc, libpq-dev: only building needs them".to_owned(), true));
}

#[test]
fn what_is_for_building_is_compiled_with() {
    let building = |files: &[(&str, &str)]| -> Vec<String> {
        let build = project(files).expect("inspected").build;
        let said = |p: &DebianPackage| format!("{} {} {}", p.name, p.required, p.evidence);
        build.build_apt.iter().map(said).collect()
    };
    let dockerfile = (
        "Dockerfile",
        "FROM python:3.13\nRUN apt-get install -y gcc git libpq-dev python3-dev rustc libpq-dev\n",
    );
    assert_eq!(
        building(&[dockerfile]),
        [
            "libpq-dev false Dockerfile:2: `apt-get install libpq-dev`",
            "rustc false Dockerfile:2: `apt-get install rustc`",
        ]
    );
    let config = ("pyproject.toml", "[tool.windlass]\nbuild-apt = [\"libfoo-dev\"]\n");
    let said = ["libfoo-dev true pyproject.toml:2: `build-apt` in [tool.windlass]"];
    assert_eq!(building(&[dockerfile, config]), said);
}

#[test]
fn an_aptfile_that_cannot_be_followed_is_refused_with_its_line() {
    let refused = project(&[("Aptfile", "git\nhttps://example.org/x.deb\n")]).expect_err("refused");
    assert!(
        refused.starts_with("aptfile-line Aptfile:2: `https://example.org/x.deb`"),
        "{refused}"
    );
}

#[test]
fn geodjango_gets_the_libraries_that_it_finds_by_name() {
    let manage = "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'core.settings')\n";
    let wsgi =
        "from django.core.wsgi import get_wsgi_application\napplication = get_wsgi_application()\n";
    for (apps, geo) in [
        ("INSTALLED_APPS = ['django.contrib.admin', 'django.contrib.gis']\n", true),
        ("DJANGO_APPS = ['django.contrib.gis']\nINSTALLED_APPS = DJANGO_APPS + ['shop']\n", true),
        ("INSTALLED_APPS = ['shop'] + ['django.contrib.gis']\n", true),
        ("INSTALLED_APPS = ['django.contrib.admin']\n# 'django.contrib.gis'\n", false),
    ] {
        let files = [
            ("manage.py", manage),
            ("core/__init__.py", ""),
            ("core/settings.py", apps),
            ("core/wsgi.py", wsgi),
        ];
        let tree = Tree::from_files(files);
        let host = HostFacts {
            folder: "shop".to_owned(),
            pythons: vec![PythonVersion::three(13)],
            cores: 2,
        };
        let found = inspect(&tree, &host).expect("inspected");
        let names: Vec<&str> = found.build.apt.iter().map(|p| p.name.as_str()).collect();
        assert_eq!(names.contains(&"libproj25"), geo, "{apps}");
        assert!(!geo || names[0] == "libgdal36 | libgdal32", "{names:?}");
    }
}

#[test]
fn better_packages_are_advised() {
    for (declared, better) in [
        ("psycopg2==2.9\n", Some("psycopg[binary]")),
        ("opencv-python\n", Some("opencv-python-headless")),
        ("opencv_contrib_python\n", Some("opencv-contrib-python-headless")),
        ("uWSGI\n", Some("pyuwsgi")),
        ("psycopg2-binary\nopencv-python-headless\n", None),
    ] {
        let text = format!("flask\n{declared}");
        let found = project(&[("requirements.txt", &text)]).expect("inspected");
        let advice = found.warnings.iter().find(|problem| problem.code == "package-advice");
        let hint = advice.map(|problem| problem.hints.join(" "));
        match better {
            Some(better) => assert!(hint.expect(declared).contains(better), "{declared}"),
            None => assert_eq!(hint, None, "{declared}"),
        }
    }
}
