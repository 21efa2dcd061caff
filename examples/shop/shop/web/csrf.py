"""Forms carry a token of the visitor's own session: another site cannot post them."""

import hmac
import secrets

from flask import Flask, abort, request, session


def register(app: Flask) -> None:
    """Check every request that changes something; give templates `csrf_token()`."""
    app.before_request(_check)
    app.jinja_env.globals["csrf_token"] = token


def token() -> str:
    if "csrf" not in session:
        session["csrf"] = secrets.token_urlsafe(18)
    return session["csrf"]


def _check() -> None:
    if request.method in ("GET", "HEAD", "OPTIONS"):
        return
    sent = request.form.get("csrf", "")
    if not hmac.compare_digest(sent.encode(), session.get("csrf", "\n").encode()):
        abort(400, "The form is too old. Go back, reload the page and try again.")
