"""Pages that only tell."""

from flask import Blueprint, render_template

blueprint = Blueprint("pages", __name__)


@blueprint.get("/about")
def about():
    return render_template("about.html")
