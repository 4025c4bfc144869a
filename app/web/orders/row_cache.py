"""Cache the cards of the board and the rows of the list as HTML, as app/web/inbox/row_cache.py does those of threads: most are as
they were when the page was last drawn."""

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
    """All that the HTML of a card depends on, beside the reader's language and where the application is mounted. `opened`: the
    list an order is opened from, as the address of its page has it."""

    order: OrderSummary
    opened: Fields


@dataclass(frozen=True, slots=True)
class RowLook:
    """The same for a row. `time` is in the reader's words; `columns` are those of `filters.COLUMNS`."""

    order: OrderSummary
    opened: Fields
    lines: tuple[tuple[Decimal, str], ...]
    time: str
    columns: tuple[str, ...]
    is_pickable: bool


def cards_html(orders: Iterable[OrderSummary], kept: Mapping[str, str]) -> list[Markup]:
    """A card for each of these orders of one column of a board that `kept` limits."""
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
    """An `<li>` for each order of a list that `kept` limits."""
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
