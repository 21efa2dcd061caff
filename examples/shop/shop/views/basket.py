"""The basket: quantities by product, in the visitor's signed session cookie."""

from dataclasses import dataclass

from flask import Blueprint, abort, flash, redirect, render_template, request, session, url_for

from shop.database import Product, db

blueprint = Blueprint("basket", __name__, url_prefix="/basket")

MOST_OF_ONE = 20


@dataclass(frozen=True)
class Line:
    product: Product
    quantity: int

    @property
    def name(self) -> str:
        return self.product.name

    @property
    def cents(self) -> int:
        return self.product.price_cents * self.quantity


def lines() -> list[Line]:
    """The basket's lines; products that are no longer sold are left out."""
    kept = session.get("basket", {})
    found = ((db.session.get(Product, slug), quantity) for slug, quantity in kept.items())
    return [Line(product, quantity) for product, quantity in found if product is not None]


def total_cents(basket: list[Line]) -> int:
    return sum(line.cents for line in basket)


def empty() -> None:
    session.pop("basket", None)


@blueprint.get("/")
def show():
    basket = lines()
    return render_template("basket.html", lines=basket, total=total_cents(basket))


@blueprint.post("/add")
def add():
    product = _product()
    kept = dict(session.get("basket", {}))
    kept[product.slug] = min(kept.get(product.slug, 0) + _quantity(), MOST_OF_ONE)
    session["basket"] = kept
    flash(f"{product.name} is in your basket.")
    return redirect(url_for("basket.show"))


@blueprint.post("/set")
def change():
    product, quantity = _product(), _quantity()
    kept = dict(session.get("basket", {}))
    kept[product.slug] = quantity
    session["basket"] = {slug: number for slug, number in kept.items() if number > 0}
    return redirect(url_for("basket.show"))


def template_values() -> dict:
    """What the header shows on every page."""
    return {"basket_count": sum(session.get("basket", {}).values())}


def _product() -> Product:
    return db.session.get(Product, request.form.get("product", "")) or abort(404)


def _quantity() -> int:
    text = request.form.get("quantity", "1")
    if not text.isdecimal():
        abort(400, "The quantity must be a whole number.")
    return min(int(text), MOST_OF_ONE)
