"""Export orders, articles and prices as files with the columns that an import reads. Every export is audited."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from flask import request, stream_with_context
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.core.clock import utc_now
from app.core.db import db, let_go, transaction
from app.core.keyset import Sort
from app.domain.accounts.access import Viewer
from app.domain.accounts.permissions import Permission
from app.domain.analytics.sheets import Dialect, Value, csv_lines
from app.domain.contacts.models import ContactIdentity
from app.domain.events.actions import audit
from app.domain.imports.columns import FIELDS
from app.domain.imports.queries import all_rows, get_import
from app.domain.orders.articles import stream_articles, stream_prices
from app.domain.orders.queries import LineRow, OrderRow, list_orders
from app.web.accounts.session import require
from app.web.imports import words
from app.web.imports.blueprint import bp
from app.web.imports.pages import WRONG, importer
from app.web.orders.filters import read_filters

CHUNK = 500
OLDEST = Sort("created_at", descending=False)
ORDER_HEADS = (
    "order_number", "reference", "brand", "customer_name", "email", "phone", "street", "house_number", "addition", "postal_code",
    "city", "country", "status", "priority", "notes", "article", "description", "quantity", "unit_price", "discount", "tax_code",
    "currency", "order_total", "created_at",
)  # fmt: skip
ARTICLE_HEADS = ("brand", "sku", "name", "unit_price", "currency", "tax_code", "active")
PRICE_HEADS = ("brand", "sku", "unit_price", "currency", "valid_from", "valid_until")


@bp.get("/orders/export")
def orders() -> ResponseReturnValue:
    """Export the filtered orders, one row for each order line. `format` is csv (for a spreadsheet) or programs."""
    viewer, filters = require(Permission.ORDERS_EXPORT), read_filters(request.args)

    def rows() -> Iterator[list[Value]]:
        cursor: str | None = None
        while True:
            asked: dict[str, Any] = {"conditions": filters.conditions, "sort": OLDEST, "limit": CHUNK, "with_threads": False}
            found = list_orders(db.session(), viewer=viewer, cursor=cursor, **asked)
            ways = _ways(db.session(), [row.order.customer_contact_id for row in found.items])
            let_go()
            for row in found.items:
                yield from _order_rows(row, ways[row.order.customer_contact_id], _amounts(viewer))
            cursor = found.next_cursor
            if cursor is None:
                return

    _note(viewer, "orders", sorted(filters.kept))
    return _csv(viewer, "orders", ORDER_HEADS, rows())


@bp.get("/settings/articles/export")
def articles() -> ResponseReturnValue:
    """Export the articles of the viewer's brands."""
    viewer = require(Permission.ARTICLES_MANAGE)
    write = _amounts(viewer)
    rows: list[list[Value]] = [
        [brand, one.sku, one.name, write(one.unit_price), currency, one.tax_code or "", "yes" if one.is_active else "no"]
        for one, brand, currency in stream_articles(db.session(), brand_ids=viewer.brand_ids)
    ]
    _note(viewer, "articles", ())
    return _csv(viewer, "articles", ARTICLE_HEADS, rows)


@bp.get("/settings/articles/prices/export")
def prices() -> ResponseReturnValue:
    """Export the prices of articles. Each price is valid from a day on."""
    viewer = require(Permission.ARTICLES_MANAGE)
    write = _amounts(viewer)
    rows: list[list[Value]] = [
        [brand, sku, write(one.unit_price), currency, one.valid_from, one.valid_until]
        for one, sku, brand, currency in stream_prices(db.session(), brand_ids=viewer.brand_ids)
    ]
    _note(viewer, "prices", ())
    return _csv(viewer, "prices", PRICE_HEADS, rows)


@bp.get("/imports/<uuid:import_id>/errors.csv")
def errors(import_id: uuid.UUID) -> ResponseReturnValue:
    """Export the rows that an import left out, each with the reason. After correction, the file can be imported without other
    changes."""
    viewer = importer()
    found = get_import(db.session(), viewer=viewer, import_id=import_id)
    heads = {field: head for field, head in zip(found.columns, found.heads, strict=False) if field}
    keys = [one.key for one in FIELDS[found.kind] if one.key in heads]

    def rows() -> Iterator[list[Value]]:
        for row in all_rows(db.session(), found.id, WRONG):
            why = "; ".join(words.problem_words(one, found.kind, heads) for one in row.problems)
            for place, cells in enumerate(row.cells):
                yield [row.number, why if place == 0 else "", *(cells.get(key, "") for key in keys)]

    return _csv(viewer, "errors", ("line", "problem", *(heads[key] for key in keys)), rows())


def _order_rows(row: OrderRow, ways: dict[str, str], write: Any) -> Iterator[list[Value]]:
    order, place = row.order, row.address
    parts = ("street", "house_number", "house_number_addition", "postal_code", "city", "country")
    head: list[Value] = [
        order.order_number,
        str(order.external_references.get("order_reference", "")),
        row.brand_key,
        row.customer_name,
        ways.get("email", ""),
        ways.get("phone", ""),
        *((getattr(place, name) for name in parts) if place is not None else ("",) * len(parts)),
        order.status.value,
        order.priority.value,
        order.notes,
    ]
    tail: list[Value] = [order.currency, write(order.gross_total), order.created_at]
    lines: Sequence[LineRow | None] = row.lines or (None,)
    for line in lines:
        yield [*head, *_line_cells(line, write), *tail]


def _line_cells(line: LineRow | None, write: Any) -> list[Value]:
    if line is None:
        return [""] * 6
    item, sku = line.item, line.article.sku if line.article else ""
    amounts = [write(item.quantity), write(item.unit_price), write(item.discount_amount)]
    return [sku, item.description, *amounts, item.tax_code]


def _ways(session: Session, contact_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, dict[str, str]]:
    """Return {contact id: {"email", "phone"}} with one mail address and one phone number of each contact, if known. One query."""
    found: dict[uuid.UUID, dict[str, str]] = defaultdict(dict)
    query = sa.select(ContactIdentity).where(ContactIdentity.contact_id.in_(contact_ids), ContactIdentity.former_since.is_(None))
    query = query.where(ContactIdentity.kind.in_(("email", "phone")))
    for one in session.execute(query.order_by(ContactIdentity.is_primary, ContactIdentity.created_at.desc())).scalars():
        found[one.contact_id][one.kind] = one.value
    return found


def _amounts(viewer: Viewer) -> Any:
    """Return a function that writes an amount as exact text, with the viewer's decimal mark.

    It never writes three decimals, as they could be read as thousands.
    """
    mark = "." if viewer.locale == "en" or _dialect() is Dialect.PROGRAMS else ","

    def write(amount: Decimal | None) -> str:
        if amount is None:
            return ""
        whole, _point, decimals = f"{amount.normalize():f}".partition(".")
        decimals = decimals.ljust(2, "0") if decimals else ""
        return f"{whole}{mark}{decimals}{'0' if len(decimals) == 3 else ''}" if decimals else whole

    return write


def _dialect() -> Dialect:
    return Dialect.PROGRAMS if request.args.get("format") == "programs" else Dialect.EXCEL


def _csv(viewer: Viewer, name: str, heads: Sequence[str], rows: Iterable[Sequence[Value]]) -> Response:
    lines = csv_lines(heads, rows, dialect=_dialect(), locale=viewer.locale, zone=ZoneInfo(viewer.timezone))
    response = Response(stream_with_context(lines), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}-{utc_now():%Y-%m-%d}.csv"'
    return response


def _note(viewer: Viewer, what: str, filtered_by: Sequence[str]) -> None:
    """Write an audit entry: who exported what."""
    with transaction() as session:
        about = {"action": "OrdersExported", "object_type": "export", "object_id": what}
        detail = {"filters": list(filtered_by), "format": _dialect().value}
        audit(session, now=utc_now(), actor=viewer.actor, detail=detail, **about)
