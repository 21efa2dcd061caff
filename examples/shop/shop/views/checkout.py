"""Checkout: an address, an order in the database, a confirmation."""

from flask import Blueprint, abort, redirect, render_template, request, url_for
from sqlalchemy import select

from shop.database import Order, OrderLine, db
from shop.views import basket

blueprint = Blueprint("checkout", __name__)

FIELDS = {"name": 80, "email": 120, "address": 400}


@blueprint.get("/checkout")
def form():
    return _form({}, {}) if basket.lines() else redirect(url_for("basket.show"))


@blueprint.post("/checkout")
def place():
    lines = basket.lines()
    if not lines:
        return redirect(url_for("basket.show"))
    values = {field: request.form.get(field, "").strip() for field in FIELDS}
    mistakes = _mistakes(values)
    if mistakes:
        return _form(values, mistakes), 422
    order = Order(**values)
    for number, line in enumerate(lines, start=1):
        product = line.product
        order.lines.append(
            OrderLine(
                place=number,
                product_slug=product.slug,
                name=product.name,
                price_cents=product.price_cents,
                quantity=line.quantity,
            )
        )
    db.session.add(order)
    db.session.commit()
    basket.empty()
    return redirect(url_for("checkout.confirmation", key=order.key), code=303)


@blueprint.get("/order/<key>")
def confirmation(key: str):
    order = db.session.scalar(select(Order).where(Order.key == key)) or abort(404)
    return render_template("order.html", order=order)


def _form(values: dict, mistakes: dict) -> str:
    lines = basket.lines()
    total = basket.total_cents(lines)
    return render_template(
        "checkout.html", lines=lines, total=total, values=values, mistakes=mistakes, limits=FIELDS
    )


def _mistakes(values: dict) -> dict:
    """What is wrong, by field; empty when the order can be placed."""
    found = {}
    for field, limit in FIELDS.items():
        if not values[field]:
            found[field] = "Please fill this in."
        elif len(values[field]) > limit:
            found[field] = f"At most {limit} characters, please."
    name, at, host = values["email"].partition("@")
    if "email" not in found and not (name and at and "." in host and " " not in values["email"]):
        found["email"] = "This does not look like an e-mail address."
    return found
