"""Tables and catalogue on the first start; nothing to do on every later one."""

from pathlib import Path

from flask import Flask

from shop.database import Category, Product, db
from shop.locking import exclusive
from shop.stock import CATEGORIES, PRODUCTS


def prepare(app: Flask) -> None:
    """Idempotent; safe with several workers, and with two releases side by side."""
    with exclusive(Path(app.instance_path) / ".setup.lock"):
        db.create_all()
        for place, (slug, name) in enumerate(CATEGORIES):
            db.session.merge(Category(slug=slug, name=name, place=place))
        for place, row in enumerate(PRODUCTS):
            if db.session.get(Product, row["slug"]) is None:
                db.session.add(Product(place=place, **row))
        db.session.commit()
