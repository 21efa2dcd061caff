"""The database and what is kept in it. Money is whole cents, times are UTC."""

import secrets
import sqlite3
from datetime import UTC, datetime

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import ForeignKey, String, event
from sqlalchemy.engine import Engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    pass


db = SQLAlchemy(model_class=Base)


class Category(db.Model):
    __tablename__ = "category"

    slug: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str] = mapped_column(String(60))
    place: Mapped[int]


class Product(db.Model):
    __tablename__ = "product"

    slug: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    summary: Mapped[str] = mapped_column(String(160))
    description: Mapped[str]
    price_cents: Mapped[int]
    place: Mapped[int]
    category_slug: Mapped[str] = mapped_column(ForeignKey("category.slug"))
    category: Mapped[Category] = relationship()


class Order(db.Model):
    """An order as it was placed. Its number is for people, its key for links: nobody guesses it."""

    __tablename__ = "customer_order"

    number: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(32), unique=True, default=lambda: secrets.token_urlsafe(18))
    placed_at: Mapped[datetime] = mapped_column(default=lambda: datetime.now(UTC))
    name: Mapped[str] = mapped_column(String(80))
    email: Mapped[str] = mapped_column(String(120))
    address: Mapped[str] = mapped_column(String(400))
    lines: Mapped[list["OrderLine"]] = relationship(back_populates="order", order_by="OrderLine.place")

    @property
    def total_cents(self) -> int:
        return sum(line.cents for line in self.lines)


class OrderLine(db.Model):
    """What was bought, with the name and price of that day."""

    __tablename__ = "order_line"

    order_number: Mapped[int] = mapped_column(ForeignKey("customer_order.number"), primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True)
    product_slug: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(80))
    price_cents: Mapped[int]
    quantity: Mapped[int]
    order: Mapped[Order] = relationship(back_populates="lines")

    @property
    def cents(self) -> int:
        return self.price_cents * self.quantity


@event.listens_for(Engine, "connect")
def _tune_sqlite(connection, _record) -> None:
    """Readers never wait for the writer, and a writer waits for its turn instead of failing."""
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA busy_timeout = 5000")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA foreign_keys = ON")
