import multiprocessing
import sqlite3

from shop import create_app
from shop.stock import PRODUCTS


def start(instance, keys):
    app = create_app({"INSTANCE_PATH": str(instance)})
    keys.put(app.config["SECRET_KEY"])


def test_workers_that_start_at_once_share_one_catalogue_and_one_secret(tmp_path, monkeypatch):
    monkeypatch.delenv("SECRET_KEY", raising=False)
    monkeypatch.delenv("DATABASE_URL", raising=False)
    spawn = multiprocessing.get_context("spawn")
    keys = spawn.Queue()
    workers = [spawn.Process(target=start, args=(tmp_path, keys)) for _ in range(4)]
    for worker in workers:
        worker.start()
    secrets = {keys.get(timeout=60) for _ in workers}
    for worker in workers:
        worker.join(timeout=60)
    assert [worker.exitcode for worker in workers] == [0] * 4
    assert len(secrets) == 1
    assert (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600
    with sqlite3.connect(tmp_path / "shop.db") as database:
        assert database.execute("select count(*) from product").fetchone() == (len(PRODUCTS),)


def test_health_says_what_is_wrong(client, app):
    assert client.get("/live").json == {"status": "ok"}
    assert client.get("/ready").json == {"status": "ok", "database": "ok"}
    assert client.get("/health").json["release"] == "7"
    assert "release 7" in client.get("/about").text
    from shop.database import db

    with app.app_context():
        db.drop_all()
    broken = client.get("/ready")
    assert broken.status_code == 503
    assert broken.json["reason"] == "the database does not answer"
    assert client.get("/live").status_code == 200


def test_the_secret_from_the_environment_wins(tmp_path, monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "given")
    assert create_app({"INSTANCE_PATH": str(tmp_path)}).config["SECRET_KEY"] == "given"
    assert not (tmp_path / "secret_key").exists()
