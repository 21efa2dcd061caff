//! Dependencies of a project that declares none, from its imports.
//!
//! Only imports in a table of well-known ones become packages: to install whatever a missing
//! module happens to be called would run a stranger's code.

use super::metadata::line_with;
use super::modules::Modules;
use std::collections::BTreeMap;
use windlass_model::{Evidence, Problem};

/// Import name and package. Names that are the same in both are listed too.
const KNOWN: [(&str, &str); 150] = [
    ("aiofiles", "aiofiles"),
    ("aiohttp", "aiohttp"),
    ("aiosqlite", "aiosqlite"),
    ("alembic", "alembic"),
    ("allauth", "django-allauth"),
    ("altair", "altair"),
    ("apscheduler", "apscheduler"),
    ("argon2", "argon2-cffi"),
    ("asyncpg", "asyncpg"),
    ("attr", "attrs"),
    ("attrs", "attrs"),
    ("bcrypt", "bcrypt"),
    ("bleach", "bleach"),
    ("boto3", "boto3"),
    ("botocore", "botocore"),
    ("bottle", "bottle"),
    ("bs4", "beautifulsoup4"),
    ("bson", "pymongo"),
    ("cachetools", "cachetools"),
    ("celery", "celery"),
    ("channels", "channels"),
    ("click", "click"),
    ("corsheaders", "django-cors-headers"),
    ("crispy_forms", "django-crispy-forms"),
    ("Crypto", "pycryptodome"),
    ("cryptography", "cryptography"),
    ("cv2", "opencv-python-headless"),
    ("dash", "dash"),
    ("dateutil", "python-dateutil"),
    ("debug_toolbar", "django-debug-toolbar"),
    ("decouple", "python-decouple"),
    ("discord", "discord.py"),
    ("dj_database_url", "dj-database-url"),
    ("django", "django"),
    ("django_celery_beat", "django-celery-beat"),
    ("django_filters", "django-filter"),
    ("docx", "python-docx"),
    ("dotenv", "python-dotenv"),
    ("dramatiq", "dramatiq"),
    ("environ", "django-environ"),
    ("faker", "faker"),
    ("falcon", "falcon"),
    ("fastapi", "fastapi"),
    ("flask", "flask"),
    ("flask_bcrypt", "flask-bcrypt"),
    ("flask_caching", "flask-caching"),
    ("flask_cors", "flask-cors"),
    ("flask_jwt_extended", "flask-jwt-extended"),
    ("flask_limiter", "flask-limiter"),
    ("flask_login", "flask-login"),
    ("flask_mail", "flask-mail"),
    ("flask_marshmallow", "flask-marshmallow"),
    ("flask_migrate", "flask-migrate"),
    ("flask_restful", "flask-restful"),
    ("flask_restx", "flask-restx"),
    ("flask_smorest", "flask-smorest"),
    ("flask_socketio", "flask-socketio"),
    ("flask_sqlalchemy", "flask-sqlalchemy"),
    ("flask_wtf", "flask-wtf"),
    ("git", "gitpython"),
    ("github", "pygithub"),
    ("gradio", "gradio"),
    ("graphene", "graphene"),
    ("httptools", "httptools"),
    ("httpx", "httpx"),
    ("humanize", "humanize"),
    ("itsdangerous", "itsdangerous"),
    ("jinja2", "jinja2"),
    ("jose", "python-jose"),
    ("jwt", "pyjwt"),
    ("ldap", "python-ldap"),
    ("litestar", "litestar"),
    ("loguru", "loguru"),
    ("lxml", "lxml"),
    ("magic", "python-magic"),
    ("marimo", "marimo"),
    ("markdown", "markdown"),
    ("markdown2", "markdown2"),
    ("marshmallow", "marshmallow"),
    ("matplotlib", "matplotlib"),
    ("memcache", "python-memcached"),
    ("mongoengine", "mongoengine"),
    ("motor", "motor"),
    ("multipart", "python-multipart"),
    ("mysql", "mysql-connector-python"),
    ("MySQLdb", "mysqlclient"),
    ("nacl", "pynacl"),
    ("nicegui", "nicegui"),
    ("numpy", "numpy"),
    ("openai", "openai"),
    ("openpyxl", "openpyxl"),
    ("OpenSSL", "pyopenssl"),
    ("orjson", "orjson"),
    ("pandas", "pandas"),
    ("panel", "panel"),
    ("passlib", "passlib"),
    ("peewee", "peewee"),
    ("PIL", "pillow"),
    ("plotly", "plotly"),
    ("pptx", "python-pptx"),
    ("prometheus_client", "prometheus-client"),
    ("psutil", "psutil"),
    ("psycopg", "psycopg[binary]"),
    ("psycopg2", "psycopg2-binary"),
    ("pydantic", "pydantic"),
    ("pydantic_settings", "pydantic-settings"),
    ("pylibmc", "pylibmc"),
    ("pymongo", "pymongo"),
    ("pymysql", "pymysql"),
    ("pytz", "pytz"),
    ("qrcode", "qrcode"),
    ("quart", "quart"),
    ("redis", "redis"),
    ("reportlab", "reportlab"),
    ("requests", "requests"),
    ("rest_framework", "djangorestframework"),
    ("rich", "rich"),
    ("rq", "rq"),
    ("sanic", "sanic"),
    ("scipy", "scipy"),
    ("seaborn", "seaborn"),
    ("sentry_sdk", "sentry-sdk"),
    ("serial", "pyserial"),
    ("skimage", "scikit-image"),
    ("sklearn", "scikit-learn"),
    ("slugify", "python-slugify"),
    ("sqlalchemy", "sqlalchemy"),
    ("sqlmodel", "sqlmodel"),
    ("starlette", "starlette"),
    ("storages", "django-storages"),
    ("strawberry", "strawberry-graphql"),
    ("streamlit", "streamlit"),
    ("stripe", "stripe"),
    ("structlog", "structlog"),
    ("telegram", "python-telegram-bot"),
    ("tenacity", "tenacity"),
    ("tortoise", "tortoise-orm"),
    ("typer", "typer"),
    ("tzlocal", "tzlocal"),
    ("ujson", "ujson"),
    ("usb", "pyusb"),
    ("wagtail", "wagtail"),
    ("weasyprint", "weasyprint"),
    ("websockets", "websockets"),
    ("werkzeug", "werkzeug"),
    ("whitenoise", "whitenoise"),
    ("wtforms", "wtforms"),
    ("xlsxwriter", "xlsxwriter"),
    ("yaml", "pyyaml"),
    ("zmq", "pyzmq"),
];

/// The packages that the imports stand for, each with the first import that names it.
pub(super) fn packages(modules: &Modules) -> Vec<(String, Evidence)> {
    let mut found: BTreeMap<&str, (String, Evidence)> = BTreeMap::new();
    for module in modules.iter().filter(|module| !module.aside) {
        for (name, line) in module.imported().filter(|(name, _)| !modules.is_own(name)) {
            let Some((_, package)) = KNOWN.iter().find(|(import, _)| *import == name) else {
                continue;
            };
            found.entry(package).or_insert_with(|| {
                let note = format!("imports `{name}`");
                ((*package).to_owned(), Evidence::at(module.path.as_str(), line, note))
            });
        }
    }
    if let Some(django) = found.get_mut("django")
        && let Some((requirement, evidence)) = django_of_the_template(modules)
    {
        *django = (requirement, evidence);
    }
    found.into_values().collect()
}

/// Packages that imports stand for are a guess: said, with what makes them sure.
pub(super) fn warning(modules: &Modules) -> Option<Problem> {
    let imports = Some(packages(modules)).filter(|imports| !imports.is_empty())?;
    let names: Vec<&str> = imports.iter().map(|(package, _)| package.as_str()).collect();
    let message = format!(
        "no dependencies are declared: {} taken from the imports",
        match names.len() {
            1 => format!("{} is", names[0]),
            _ => format!("{} are", names.join(", ")),
        }
    );
    let problem = Problem::user("dependencies-inferred", message);
    let problem = imports.iter().fold(problem, |it, (_, place)| it.cause(place.to_string()));
    Some(
        problem.hint(format!("declare them: printf '%s\\n' {} > requirements.txt", quoted(&names))),
    )
}

/// Words for a shell: version ranges hold `<` and `>`.
fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("'{name}'")).collect::<Vec<_>>().join(" ")
}

/// `startproject` writes the version that it came with into the settings' docstring.
fn django_of_the_template(modules: &Modules) -> Option<(String, Evidence)> {
    const MARK: &str = "using Django ";
    modules.iter().find_map(|module| {
        let docstring = module.source.docstring.as_deref()?;
        let (_, rest) = docstring.split_once(MARK)?;
        let mut numbers = rest.split(|c: char| !c.is_ascii_digit());
        let major: u32 = numbers.next()?.parse().ok()?;
        let minor: u32 = numbers.next()?.parse().ok()?;
        let line = line_with(docstring, MARK)?;
        let next = minor + 1;
        let requirement = format!("django>={major}.{minor},<{major}.{next}");
        let note = format!("generated by Django {major}.{minor}");
        Some((requirement, Evidence::at(module.path.as_str(), line, note)))
    })
}

#[cfg(test)]
mod tests {
    use super::super::tree::Tree;
    use super::*;

    #[test]
    fn names_that_differ_from_their_packages() {
        let text =
            "import cv2\nfrom PIL import Image\nimport sklearn.svm, MySQLdb, jwt\nimport os.path\n";
        let tree = Tree::from_files([("app.py", text)]);
        let modules = Modules::read(&tree, "").expect("parsed");
        let found = packages(&modules);
        let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(
            names,
            ["mysqlclient", "opencv-python-headless", "pillow", "pyjwt", "scikit-learn"]
        );
        assert_eq!(found[2].1.to_string(), "app.py:2: imports `PIL`");
    }

    #[test]
    fn only_well_known_imports_count() {
        let tree = Tree::from_files([
            ("app.py", "import os, flask, yaml, unheard_of_module, redis\nfrom . import x\n"),
            ("redis.py", ""),
            ("tests/test_a.py", "import pandas\n"),
            (
                "site1/settings.py",
                "\"\"\"\nGenerated by 'django-admin startproject' using Django 5.2.8.\n\"\"\"\nimport django\n",
            ),
        ]);
        let modules = Modules::read(&tree, "").expect("parsed");
        let names: Vec<String> = packages(&modules).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["django>=5.2,<5.3", "flask", "pyyaml"]);
    }
}
