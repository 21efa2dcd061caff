"""Health, for machines: JSON, never cached."""

from flask import Blueprint, current_app, jsonify
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from shop.database import Product, db

blueprint = Blueprint("health", __name__)


@blueprint.get("/live")
def live():
    return jsonify(status="ok")


@blueprint.get("/ready")
def ready():
    reason = _not_ready()
    if reason:
        return jsonify(status="not ready", reason=reason), 503
    return jsonify(status="ok", database="ok")


@blueprint.get("/health")
def health():
    reason = _not_ready()
    release = current_app.config["RELEASE"] or None
    if reason:
        return jsonify(status="not ready", reason=reason, release=release), 503
    return jsonify(status="ok", database="ok", release=release)


@blueprint.after_request
def never_cache(response):
    response.headers["Cache-Control"] = "no-store"
    return response


def _not_ready() -> str | None:
    """Why visitors should not come yet; `None` when they may."""
    try:
        products = db.session.scalar(select(func.count()).select_from(Product))
    except SQLAlchemyError as error:
        current_app.logger.warning("database check failed: %s", error)
        return "the database does not answer"
    return None if products else "the catalogue is empty"
