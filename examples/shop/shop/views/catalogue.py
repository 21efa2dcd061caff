"""The catalogue: everything, by category, by search, and one product."""

from flask import Blueprint, abort, render_template, request
from sqlalchemy import or_, select

from shop.database import Category, Product, db

blueprint = Blueprint("catalogue", __name__)

LONGEST_SEARCH = 60


@blueprint.get("/")
def index():
    search = request.args.get("q", "").strip()[:LONGEST_SEARCH]
    return render_template("catalogue.html", products=_find(search), search=search, category=None)


@blueprint.get("/category/<slug>")
def category(slug: str):
    found = db.session.get(Category, slug) or abort(404)
    wanted = select(Product).where(Product.category_slug == slug).order_by(Product.place)
    products = db.session.scalars(wanted).all()
    return render_template("catalogue.html", products=products, search="", category=found)


@blueprint.get("/product/<slug>")
def product(slug: str):
    found = db.session.get(Product, slug) or abort(404)
    near = (
        select(Product)
        .where(Product.category_slug == found.category_slug, Product.slug != slug)
        .order_by(Product.place)
        .limit(3)
    )
    return render_template("product.html", product=found, near=db.session.scalars(near).all())


def template_values() -> dict:
    """What the header may ask for; a page that tells of a broken database does not."""
    wanted = select(Category).order_by(Category.place)
    return {"all_categories": lambda: db.session.scalars(wanted).all()}


def _find(search: str) -> list[Product]:
    """Products that contain every word of the search."""
    wanted = select(Product).order_by(Product.place)
    for word in search.split():
        text = (Product.name, Product.summary, Product.description)
        wanted = wanted.where(or_(*(column.icontains(word, autoescape=True) for column in text)))
    return list(db.session.scalars(wanted))
