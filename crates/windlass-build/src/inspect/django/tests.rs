//! Which settings and which objects a Django project is run with.

use super::super::tree::Tree;
use super::*;

fn only(files: &[(&str, &str)]) -> (Modules, DjangoProject) {
    let modules = Modules::read(&Tree::from_files(files.iter().copied()), "").expect("parsed");
    let mut found = find(&modules);
    assert_eq!(found.len(), 1);
    (modules, found.remove(0))
}

const MANAGE: &str = "import os\ndef main():\n    os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'site1.settings')\n";
const WSGI: &str = "import os\nfrom django.core.wsgi import get_wsgi_application\n\
     os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'site1.settings')\n\
     application = get_wsgi_application()\n";

#[test]
fn the_fresh_project() {
    let (_, project) =
        only(&[("manage.py", MANAGE), ("site1/__init__.py", ""), ("site1/wsgi.py", WSGI)]);
    assert_eq!((project.folder.as_str(), project.settings_set), ("", false));
    assert_eq!(project.settings, "site1.settings");
    let wsgi = project.wsgi.expect("there is one");
    assert_eq!(wsgi.reference.to_string(), "site1.wsgi:application");
    assert_eq!(wsgi.evidence.line, Some(4));
}

/// Release commands and workers start elsewhere than in wsgi.py.
#[test]
fn a_default_that_differs_in_any_file_is_overruled() {
    let local = MANAGE.replace("site1.settings", "site1.settings.local");
    let production = WSGI.replace("site1.settings", "site1.settings.production");
    let (_, project) = only(&[
        ("manage.py", &local),
        ("site1/settings/__init__.py", ""),
        ("site1/settings/local.py", ""),
        ("site1/settings/production.py", ""),
        ("site1/wsgi.py", &production),
    ]);
    assert_eq!(project.settings, "site1.settings.production");
    assert!(project.settings_set);
    let celery = MANAGE.replace("site1.settings", "site1.local");
    let (_, project) = only(&[
        ("manage.py", MANAGE),
        ("site1/settings.py", ""),
        ("site1/celery.py", &celery),
        ("site1/wsgi.py", WSGI),
    ]);
    assert_eq!((project.settings.as_str(), project.settings_set), ("site1.settings", true));
}

#[test]
fn production_settings_are_preferred() {
    let (modules, project) = only(&[
        ("src/manage.py", MANAGE),
        ("src/site1/settings/__init__.py", ""),
        ("src/site1/settings/base.py", "DEBUG = True\nX = 1\n"),
        ("src/site1/settings/production.py", "from .base import *\nDEBUG = False\n"),
    ]);
    assert_eq!((project.folder.as_str(), project.settings_set), ("src", true));
    assert_eq!(project.settings, "site1.settings.production");
    assert!(project.wsgi.is_none());
    let chain = settings_chain(&modules, &project.settings);
    let (module, debug) = setting(&chain, "DEBUG").expect("set");
    assert_eq!(
        (module.name.as_str(), &debug.value),
        (project.settings.as_str(), &Value::Bool(false))
    );
    assert_eq!(setting(&chain, "X").map(|(_, x)| x.line), Some(2));
}
