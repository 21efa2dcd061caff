//! Which settings and which objects a Django project is run with.

use super::super::python_source::Value;
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

const CHANNELS: &str = "import os\nfrom channels.auth import AuthMiddlewareStack\n\
     from channels.routing import ProtocolTypeRouter, URLRouter\n\
     from django.core.asgi import get_asgi_application\n\
     django_asgi_app = get_asgi_application()\n\
     application = ProtocolTypeRouter({'http': django_asgi_app, \
     'websocket': AuthMiddlewareStack(URLRouter([]))})\n";

/// A part of the application serves pages, and every WebSocket fails.
#[test]
fn the_whole_application_is_served_not_a_part_of_it() {
    let wrapped = CHANNELS
        .replace("application = ProtocolTypeRouter(", "served = Traced(app=ProtocolTypeRouter(")
        .replace("]))})", "]))}))");
    let routing =
        "from channels.routing import ProtocolTypeRouter\nmain = ProtocolTypeRouter({})\n";
    let imported = "from site1.routing import main as entry\n";
    for (settings, asgi, expected) in [
        ("", CHANNELS, "site1.asgi:application"),
        ("ASGI_APPLICATION = 'site1.asgi.application'\n", CHANNELS, "site1.asgi:application"),
        ("ASGI_APPLICATION = 'site1.asgi.nowhere'\n", CHANNELS, "site1.asgi:application"),
        ("", wrapped.as_str(), "site1.asgi:served"),
        ("ASGI_APPLICATION = 'site1.routing.main'\n", CHANNELS, "site1.routing:main"),
        ("ASGI_APPLICATION = 'site1.asgi.entry'\n", imported, "site1.asgi:entry"),
    ] {
        let (_, project) = only(&[
            ("manage.py", MANAGE),
            ("site1/settings.py", settings),
            ("site1/asgi.py", asgi),
            ("site1/routing.py", routing),
            ("site1/wsgi.py", WSGI),
        ]);
        let found = project.asgi.expect("there is one").reference.to_string();
        assert_eq!(found, expected, "{settings}");
        let wsgi = project.wsgi.expect("there is one").reference.to_string();
        assert_eq!(wsgi, "site1.wsgi:application", "{settings}");
    }
}
