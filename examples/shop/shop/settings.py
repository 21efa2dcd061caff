"""Settings from the environment, with defaults that work on the first start."""

import os
import secrets
from pathlib import Path

from flask import Flask

from shop.locking import exclusive


def configure(app: Flask, overrides: dict) -> None:
    """Fill `app.config`; `overrides` win over the environment."""
    app.instance_path = overrides.get("INSTANCE_PATH", app.instance_path)
    instance = Path(app.instance_path)
    instance.mkdir(parents=True, exist_ok=True)
    app.config.from_mapping(
        SQLALCHEMY_DATABASE_URI=os.environ.get("DATABASE_URL") or f"sqlite:///{instance / 'shop.db'}",
        RELEASE=os.environ.get("WINDLASS_RELEASE", ""),
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_HTTPONLY=True,
        MAX_CONTENT_LENGTH=64 * 1024,
    )
    app.config.update(overrides)
    if not app.config.get("SECRET_KEY"):
        app.config["SECRET_KEY"] = os.environ.get("SECRET_KEY") or _kept_secret(instance)


def _kept_secret(instance: Path) -> str:
    """The secret of this installation: made once, then the same for every worker and release."""
    path = instance / "secret_key"
    with exclusive(instance / ".setup.lock"):
        if not path.exists():
            fresh = path.with_suffix(".new")
            with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
                file.write(secrets.token_hex(32))
                file.flush()
                os.fsync(file.fileno())
            fresh.rename(path)
        return path.read_text()
