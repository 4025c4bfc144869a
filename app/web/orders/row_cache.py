"""Cache the HTML of the cards of the board and the rows of the list, as `app/web/inbox/row_cache.py` does for threads.

Most of them have not changed since the page was last rendered.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any
from uuid import UUID

from flask import current_app, request
from flask_babel import get_locale
from markupsafe import Markup

from app.domain.orders.summaries import OrderSummary
from app.web.inbox.words import list_time
from app.web.orders.beside import BOARD

ROWS_KEPT = 4096  # about 1 kB each
Fields = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class CardLook:
    """The values on which the HTML of one card depends, besides the reader's language and the URL prefix of the application.

    `opened`: the list from which the order is opened, as query parameters of the order's URL.
    """

    order: OrderSummary
    opened: Fields


@dataclass(frozen=True, slots=True)
class RowLook:
    """The values on which the HTML of one list row depends, besides the reader's language and the URL prefix of the
    application.

    `opened`: as in `CardLook`. `time`: already formatted for the reader. `columns`: the shown columns of `filters.COLUMNS`.
    """

    order: OrderSummary
    opened: Fields
    lines: tuple[tuple[Decimal, str], ...]
    time: str
    columns: tuple[str, ...]
    is_pickable: bool


def cards_html(orders: Iterable[OrderSummary], kept: Mapping[str, str]) -> list[Markup]:
    """Return the HTML of a card for each of these orders of a board column. `kept`: the board's filters as query parameters."""
    opened, place = tuple({**kept, **BOARD}.items()), _place()
    return [_made(*place, "card", CardLook(order, opened)) for order in orders]


def rows_html(
    orders: Iterable[OrderSummary],
    *,
    lines: Mapping[UUID, Sequence[tuple[Decimal, str]]],
    kept: Mapping[str, str],
    columns: tuple[str, ...],
    is_pickable: bool,
) -> list[Markup]:
    """Return an `<li>` for each order of a list. `lines`: the order lines as pairs (quantity, description), by order id.
    `kept`: the list's filters as query parameters."""
    opened, place, made = tuple(kept.items()), _place(), list[Markup]()
    for order in orders:
        look = RowLook(order, opened, tuple(lines.get(order.id, ())), list_time(order.created_at), columns, is_pickable)
        made.append(_made(*place, "row", look))
    return made


def _place() -> tuple[str, str]:
    return str(get_locale()), request.script_root


@lru_cache(maxsize=ROWS_KEPT)
def _made(_locale: str, _root: str, name: str, look: CardLook | RowLook) -> Markup:
    macros: Any = current_app.jinja_env.get_template(f"orders/{name}.html").module
    made: Markup = getattr(macros, name)(look)
    return made
