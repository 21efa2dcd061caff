//! Each server by its flags.

use super::*;
use crate::inspect::requirements::Declared;

#[test]
fn each_server_gets_its_flags() {
    let tuning = TEST_TUNING;
    let plain = Tuning { own_gunicorn_config: true, control_socket: false, ..tuning };
    for (kind, app, interface, tuning, expected) in [
        (
            ServerKind::Gunicorn,
            "shop:create_app()",
            Interface::Wsgi,
            tuning,
            "gunicorn --bind unix:/run/windlass/web.sock --worker-tmp-dir /dev/shm --no-control-socket \
             --worker-class gthread --workers 2 --threads 4 --timeout 30 --graceful-timeout 13 \
             --keep-alive 5 shop:create_app()",
        ),
        (
            ServerKind::Gunicorn,
            "a.wsgi:application",
            Interface::Wsgi,
            plain,
            "gunicorn --bind unix:/run/windlass/web.sock --worker-tmp-dir /dev/shm a.wsgi:application",
        ),
        (
            ServerKind::Uvicorn,
            "main:make()",
            Interface::Asgi,
            tuning,
            "uvicorn --uds /run/windlass/web.sock --timeout-graceful-shutdown 13 \
             --forwarded-allow-ips * --workers 1 --factory main:make",
        ),
        (
            ServerKind::Granian,
            "m:app",
            Interface::Wsgi,
            tuning,
            "granian --interface wsgi --uds /run/windlass/web.sock --workers 2 \
             --respawn-failed-workers --workers-kill-timeout 13 m:app",
        ),
        (
            ServerKind::Waitress,
            "m:make()",
            Interface::Wsgi,
            tuning,
            "waitress-serve --unix-socket=/run/windlass/web.sock --unix-socket-perms=666 \
             --threads=8 --call m:make",
        ),
        (
            ServerKind::Hypercorn,
            "m:app",
            Interface::Asgi,
            tuning,
            "hypercorn --bind unix:/run/windlass/web.sock --umask 0 --graceful-timeout 13 --workers 1 m:app",
        ),
    ] {
        let app: AppReference = app.parse().expect(app);
        assert_eq!(command(kind, &app, interface, &tuning).join(" "), expected);
    }
}

#[test]
fn a_shared_port_needs_a_port() {
    let app: AppReference = "m:make()".parse().expect("a reference");
    let tuning = Tuning { own_gunicorn_config: true, reuse_port: true, ..TEST_TUNING };
    let words = command(ServerKind::Gunicorn, &app, Interface::Wsgi, &tuning);
    assert_eq!(
        words,
        [
            "/bin/sh",
            "-c",
            "exec gunicorn --bind \"$HOST:$PORT\" --worker-tmp-dir /dev/shm --no-control-socket 'm:make()'"
        ]
    );
}

#[test]
fn a_declared_server_is_used_and_a_lacking_one_added() {
    let declared = |text: &str| {
        let dependencies: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        Declared::from_project("pyproject.toml", "", &dependencies)
    };
    for (text, interface, kind, extra) in [
        ("flask", Interface::Wsgi, ServerKind::Gunicorn, Some("gunicorn")),
        ("gunicorn==21.2.0", Interface::Wsgi, ServerKind::Gunicorn, None),
        ("waitress", Interface::Wsgi, ServerKind::Waitress, None),
        ("fastapi gunicorn", Interface::Asgi, ServerKind::Uvicorn, Some("uvicorn")),
        ("fastapi[standard]", Interface::Asgi, ServerKind::Uvicorn, None),
        ("granian", Interface::Asgi, ServerKind::Granian, None),
    ] {
        let found = choose_server(None, interface, &declared(text));
        assert_eq!(found.0, kind, "{text}");
        assert_eq!(found.1.first().map(String::as_str), extra, "{text}");
    }
    assert!(has_control_socket(&declared("flask")));
    assert!(has_control_socket(&declared("gunicorn>=26,<27")));
    assert!(!has_control_socket(&declared("gunicorn==21.2.0")));
}
