"""Errors as pages of the shop."""

from flask import Flask, render_template
from werkzeug.exceptions import HTTPException


def register(app: Flask) -> None:
    app.register_error_handler(HTTPException, _show)


def _show(error: HTTPException):
    return render_template("error.html", error=error), error.code or 500
