"""Board of orders: a column per status, cards moved by mouse and keys."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from app.core.db import db
from app.domain.accounts.queries import list_brands
from app.domain.orders.models import OrderStatus
from app.domain.orders.settings import list_column_limits
from app.domain.orders.summaries import COUNTED, ColumnSums, is_large, list_columns, sum_by_status, sum_shown
from app.web.accounts.session import current_viewer
from app.web.orders.blueprint import bp
from app.web.orders.filters import Filters, choices, read_filters
from app.web.orders.row_cache import cards_html
from app.web.pages import page

CARDS = 20


@dataclass(frozen=True)
class Filled:
    """The number of a brand's orders in a column (`count`), and the brand's limit for it (`most`).

    `brand_name` is "" if the board shows only one brand.
    """

    brand_name: str
    count: int
    most: int

    @property
    def is_over(self) -> bool:
        return self.count > self.most


@dataclass(frozen=True)
class Column:
    """A column of the board: the orders in one status. `sums` are its count and totals, `cards` the HTML of its first orders.

    `filled`: how full the column is for the one brand shown. If several brands are shown, it has only the brands over their
    limit.
    """

    status: OrderStatus
    sums: ColumnSums
    cards: Sequence[Markup]
    filled: Sequence[Filled]

    @property
    def count_words(self) -> str:
        """The number of orders as text. It ends with "+", as in "999+" or "20+", if not all were counted."""
        return f"{min(self.sums.count, COUNTED - 1)}+" if self.sums.is_more else str(self.sums.count)


@bp.get("/orders/board")
def board() -> ResponseReturnValue:
    """Show the newest orders of each status, filtered by `filters.FIELDS`, with the number and the total of each column.

    For a large town, a column is counted only if all of its orders are shown. As a fragment: `order-board`.
    """
    session, viewer, filters = db.session(), current_viewer(), read_filters(request.args)
    asked: dict[str, Any] = {"viewer": viewer, "conditions": replace(filters.conditions, status=None)}
    orders, limits = list_columns(session, limit=CARDS, **asked), _limits(filters)
    is_counted = not (filters.conditions.place and is_large(session, filters.conditions.place))
    sums = sum_by_status(session, **asked) if is_counted else sum_shown(orders, limit=CARDS)
    kept = {name: value for name, value in filters.kept.items() if name not in ("status", "columns")}
    columns = []
    for status in OrderStatus:
        found, cards = sums.get(status, ColumnSums()), cards_html(orders.get(status, []), kept)
        columns.append(Column(status, found, cards, _filled(status, found, limits)))
    whole: dict[str, Any] = {} if request.headers.get("HX-Request") else {"choices": choices()}
    return page("orders/board.html", blocks=("order_board",), columns=columns, kept=kept, **whole)


def _limits(filters: Filters) -> dict[uuid.UUID, tuple[str, Mapping[OrderStatus, int]]]:
    """Return the pair (name, column limits by status) of each brand on the board, by brand id.

    The name is "" if only one brand is shown. Return {} if other filters hide orders, as the counts would then be too low.
    """
    if set(filters.kept) - {"brand", "status", "columns"}:
        return {}
    wanted, seen = filters.conditions.brand_id, current_viewer().brand_ids
    shown = [one for one in seen if wanted in (None, one)]
    limits = list_column_limits(db.session(), shown)
    names = {brand.id: brand.name for brand in list_brands(db.session())} if limits and len(shown) > 1 else {}
    return {brand_id: (names.get(brand_id, ""), found) for brand_id, found in limits.items()}


def _filled(
    status: OrderStatus, sums: ColumnSums, limits: Mapping[uuid.UUID, tuple[str, Mapping[OrderStatus, int]]]
) -> list[Filled]:
    found = [
        Filled(name, sums.of_brand.get(brand_id, 0), most[status]) for brand_id, (name, most) in limits.items() if status in most
    ]
    return sorted((one for one in found if one.is_over or not one.brand_name), key=lambda one: one.brand_name)
