//! Tests of the module above.

use super::super::django::settings_chain;
use super::super::tree::Tree;
use super::*;

#[test]
fn the_command_finds_manage_py_from_where_it_runs() {
    for (manage, work_dir, expected) in [
        ("manage.py", "", "manage.py"),
        ("backend/manage.py", "", "backend/manage.py"),
        ("backend/manage.py", "backend", "manage.py"),
        ("a/src/manage.py", "a", "src/manage.py"),
        ("a/manage.py", "a/b/c", "../../manage.py"),
        ("a/manage.py", "b", "../a/manage.py"),
    ] {
        assert_eq!(command(manage, work_dir)[1], expected, "{manage} from {work_dir}");
    }
}

fn settings(rest: &str) -> (Modules, &'static str) {
    let start = "from pathlib import Path\nBASE_DIR = Path(__file__).parent.parent\n\
                 INSTALLED_APPS = ['django.contrib.staticfiles']\n";
    let text = format!("{start}{rest}");
    let tree = Tree::from_files([("core/settings.py", text.as_str())]);
    (Modules::read(&tree, "").expect("parsed"), "core.settings")
}

#[test]
fn they_are_collected_where_the_project_says_and_needed_where_pages_fail_without() {
    let root = "STATIC_ROOT = BASE_DIR / 'staticfiles'\n";
    let manifest = "django.contrib.staticfiles.storage.ManifestStaticFilesStorage";
    for (rest, expected) in [
        (format!("{root}STORAGES = {{'staticfiles': {{'BACKEND': '{manifest}'}}}}\n"), Some(true)),
        (format!("{root}STORAGES['staticfiles']['BACKEND'] = '{manifest}'\n"), Some(true)),
        (format!("{root}STATICFILES_STORAGE = '{manifest}'\n"), Some(true)),
        (
            format!("{root}MIDDLEWARE = ['whitenoise.middleware.WhiteNoiseMiddleware']\n"),
            Some(true),
        ),
        (root.to_owned(), Some(false)),
        ("STATIC_ROOT = 'staticfiles'\n".to_owned(), Some(false)),
        (format!("STATICFILES_STORAGE = '{manifest}'\n"), None),
        (format!("STATIC_ROOT = '/var/www'\nSTATICFILES_STORAGE = '{manifest}'\n"), None),
    ] {
        let (modules, name) = settings(&rest);
        let chain = settings_chain(&modules, name);
        let found = find(&modules, &chain, ("manage.py", ""));
        let found = found.map(|found| (found.collect.folder, found.collect.needed));
        assert_eq!(found, expected.map(|needed| ("staticfiles".to_owned(), needed)), "{rest}");
        let warned = outside(&modules, &chain, "").is_some();
        assert_eq!(warned, rest.contains("/var/www"), "{rest}");
    }
    let tree = Tree::from_files([("core/settings.py", root)]);
    let modules = Modules::read(&tree, "").expect("parsed");
    let chain = settings_chain(&modules, "core.settings");
    assert_eq!(find(&modules, &chain, ("manage.py", "")), None, "nobody collects");
}

#[test]
fn a_relative_root_starts_where_the_command_runs() {
    let (modules, name) = settings("STATIC_ROOT = 'build/static'\n");
    let found = find(&modules, &settings_chain(&modules, name), ("manage.py", "backend"));
    assert_eq!(found.expect("found").collect.folder, "backend/build/static");
}

#[test]
fn the_variables_of_a_secret_key_are_those_that_settings_read() {
    for (value, expected) in [
        ("os.environ['SHOP_KEY']", Some("SHOP_KEY")),
        ("os.environ.get('SHOP_KEY', 'x')", Some("SHOP_KEY")),
        ("os.getenv('SHOP_KEY') or config('OTHER_KEY')", Some("OTHER_KEY")),
        ("env.str('SHOP_KEY')", Some("SHOP_KEY")),
        ("'django-insecure-abc'", None),
    ] {
        let (modules, name) = settings(&format!("SECRET_KEY = {value}\n"));
        let names = placeholders(&settings_chain(&modules, name));
        assert!(names.contains(&"SECRET_KEY".to_owned()));
        match expected {
            Some(expected) => assert!(names.contains(&expected.to_owned()), "{value}"),
            None => assert_eq!(names.len(), 2, "{value}: {names:?}"),
        }
    }
}
