import re

import pytest

from shop import create_app


@pytest.fixture
def app(tmp_path, monkeypatch):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setenv("WINDLASS_RELEASE", "7")
    return create_app({"INSTANCE_PATH": str(tmp_path / "instance"), "TESTING": True})


@pytest.fixture
def client(app):
    return app.test_client()


@pytest.fixture
def post(client):
    """Posts a form as a browser would: with the token of a page that was read before."""

    def send(path, **fields):
        page = client.get("/product/enamel-mug").text
        token = re.search(r'name="csrf" value="([^"]+)"', page).group(1)
        return client.post(path, data={"csrf": token, **fields}, follow_redirects=True)

    return send
