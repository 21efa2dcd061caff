"""Bollard & Bight: a small shop that shows what Windlass does with a real project."""

from flask import Flask

from shop import settings, setup
from shop.database import db
from shop.views import basket, catalogue, checkout, errors, health, pages
from shop.web import csrf, money


def create_app(overrides: dict | None = None) -> Flask:
    """Make the application; `overrides` replaces settings, for tests."""
    app = Flask(__name__, instance_relative_config=True)
    settings.configure(app, overrides or {})
    db.init_app(app)
    for module in (catalogue, basket, checkout, pages, health):
        app.register_blueprint(module.blueprint)
    errors.register(app)
    csrf.register(app)
    app.add_template_filter(money.euros, "euros")
    app.context_processor(basket.template_values)
    app.context_processor(catalogue.template_values)
    with app.app_context():
        setup.prepare(app)
    return app
