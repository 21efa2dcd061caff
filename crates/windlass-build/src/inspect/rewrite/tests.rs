//! Commands as projects give them, and what becomes of them.

use super::super::serve::TEST_TUNING;
use super::*;

fn line(text: &str) -> CommandLine {
    CommandLine::Line(text.to_owned())
}

#[test]
fn servers_move_to_the_socket() {
    let old = Tuning { control_socket: false, ..TEST_TUNING };
    let socket = "unix:/run/windlass/web.sock --worker-tmp-dir /dev/shm --graceful-timeout 13";
    for (given, expected) in [
        ("gunicorn app:app", format!("gunicorn --bind {socket} app:app")),
        ("gunicorn -b :5000 -w 3 app:app", format!("gunicorn --bind {socket} -w 3 app:app")),
        ("gunicorn --bind=0.0.0.0:$PORT app:app", format!("gunicorn --bind {socket} app:app")),
        ("python -m gunicorn -b0.0.0.0:80 a:b", format!("python -m gunicorn --bind {socket} a:b")),
        ("poetry run gunicorn a:b", format!("gunicorn --bind {socket} a:b")),
        ("bin/start-nginx gunicorn a:b", format!("gunicorn --bind {socket} a:b")),
        (
            "gunicorn --config gunicorn.conf.py a.wsgi",
            "gunicorn --bind unix:/run/windlass/web.sock --worker-tmp-dir /dev/shm --config gunicorn.conf.py a.wsgi"
                .to_owned(),
        ),
        (
            "uvicorn main:app --host 0.0.0.0 --port $PORT --workers 2",
            "uvicorn --uds /run/windlass/web.sock --timeout-graceful-shutdown 13 \
             --forwarded-allow-ips * main:app --workers 2"
                .to_owned(),
        ),
        ("daphne -b 0.0.0.0 -p 8001 x.asgi:application", "daphne -u /run/windlass/web.sock x.asgi:application".to_owned()),
        ("litestar run --host 0.0.0.0", "litestar run --uds /run/windlass/web.sock".to_owned()),
    ] {
        let rewritten = web(&line(given), &old).expect(given);
        assert_eq!(rewritten.command.join(" "), expected, "{given}");
        assert_eq!(rewritten.serves, Serves::Socket, "{given}");
    }
}

#[test]
fn shells_stay_where_they_are_needed() {
    let old = Tuning { control_socket: false, ..TEST_TUNING };
    let gunicorn = "gunicorn --bind unix:/run/windlass/web.sock --worker-tmp-dir /dev/shm --graceful-timeout 13";
    for (given, serves, expected) in [
        (
            "flask db upgrade; flask translate compile; gunicorn microblog:app",
            Serves::Socket,
            format!("flask db upgrade; flask translate compile; exec {gunicorn} microblog:app"),
        ),
        (
            "cd src && A=1 gunicorn -w $N a:b",
            Serves::Socket,
            format!("cd src && A=1 exec {gunicorn} -w $N a:b"),
        ),
        ("python app.py --port $PORT", Serves::Port, "exec python app.py --port $PORT".to_owned()),
        ("X=1 python app.py", Serves::Port, "X=1 exec python app.py".to_owned()),
        ("cat <<< x", Serves::Port, "cat <<< x".to_owned()),
    ] {
        let rewritten = web(&line(given), &old).expect(given);
        assert_eq!(rewritten.command[..2], ["/bin/sh", "-c"], "{given}");
        assert_eq!((rewritten.command[2].as_str(), rewritten.serves), (expected.as_str(), serves));
    }
    let plain = web(&line("python -m telescope"), &old).expect("plain");
    assert_eq!(
        (plain.command.join(" ").as_str(), plain.serves),
        ("python -m telescope", Serves::Port)
    );
}

#[test]
fn a_shared_port_needs_a_port() {
    let tuning = Tuning { reuse_port: true, control_socket: false, ..TEST_TUNING };
    let rewritten = web(&line("gunicorn -b :80 --config gunicorn.conf.py a.wsgi"), &tuning);
    let rewritten = rewritten.expect("gunicorn is run");
    assert_eq!(rewritten.serves, Serves::Port);
    let expected = "exec gunicorn --bind \"$HOST:$PORT\" --worker-tmp-dir /dev/shm \
         --config gunicorn.conf.py a.wsgi";
    assert_eq!(rewritten.command, ["/bin/sh", "-c", expected]);
}

#[test]
fn apps_are_read_out_of_commands() {
    for (given, apps) in [
        ("gunicorn -w 3 shop.wsgi:app", vec!["shop.wsgi:app"]),
        ("gunicorn 'shop:create_app()'", vec!["shop:create_app()"]),
        ("gunicorn mysite.wsgi --log-level info", vec!["mysite.wsgi", "info"]),
        ("gunicorn --chdir backend a.wsgi b:c", vec!["b:c", "backend", "a.wsgi"]),
        ("python app.py", vec![]),
    ] {
        let rewritten = web(&line(given), &TEST_TUNING).expect(given);
        assert_eq!(rewritten.apps, apps, "{given}");
    }
}

#[test]
fn what_is_not_for_production_is_told_apart() {
    for (given, refusal) in [
        ("python manage.py runserver 0.0.0.0:$PORT", Refusal::Development),
        ("./manage.py runserver", Refusal::Development),
        ("flask run -p $PORT", Refusal::Development),
        ("uvicorn main:app --reload", Refusal::Development),
        ("uwsgi --socket :8000 --module x", Refusal::UwsgiProtocol),
        ("nginx -g 'daemon off;'", Refusal::Nginx),
        ("honcho start", Refusal::Manager),
    ] {
        assert_eq!(web(&line(given), &TEST_TUNING), Err(refusal), "{given}");
    }
    assert!(web(&line("uwsgi --http-socket :$PORT --module x"), &TEST_TUNING).is_ok());
}

#[test]
fn background_commands_are_not_moved() {
    for (given, expected) in [
        ("celery -A shop worker", vec!["celery", "-A", "shop", "worker"]),
        ("poetry run celery -A shop worker", vec!["celery", "-A", "shop", "worker"]),
        ("A=1 celery -A shop", vec!["/bin/sh", "-c", "A=1 exec celery -A shop"]),
        ("rq worker $Q", vec!["/bin/sh", "-c", "exec rq worker $Q"]),
        ("a && b", vec!["/bin/sh", "-c", "a && exec b"]),
    ] {
        assert_eq!(background(&line(given)), expected, "{given}");
    }
    assert_eq!(background(&CommandLine::Words(vec!["x y".into()])), ["x y"]);
}
