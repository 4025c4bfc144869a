"""Read order values by month, partner and currency. Currencies are never added up."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.money import round2
from app.domain.analytics.kinds import Kind
from app.domain.analytics.slices import FACTS, SCOPES, Slice, predicate


@dataclass(frozen=True)
class Worth:
    """The number and value of orders of one month, partner and currency. `currency` None: orders without a price. `month` is the
    first day of the month."""

    month: date
    partner_id: uuid.UUID | None
    currency: str | None
    n: int
    amount: Decimal


def read_worth(session: Session, slice: Slice) -> list[Worth]:
    """List number and value of the slice's orders by month, partner and currency, in this order. One query."""
    month = sa.cast(sa.func.date_trunc("month", FACTS.c.local_day), sa.Date).label("month")
    keys = (month, SCOPES.c.partner_id, FACTS.c.currency)
    sums = (sa.func.count().label("n"), sa.func.coalesce(sa.func.sum(FACTS.c.amount), 0).label("amount"))
    query = sa.select(*keys, *sums).join(SCOPES, SCOPES.c.id == FACTS.c.scope_id)
    query = query.where(FACTS.c.kind == int(Kind.ORDER), predicate(slice)).group_by(*keys).order_by(*keys)
    return [Worth(row.month, row.partner_id, row.currency, row.n, Decimal(row.amount)) for row in session.execute(query)]


def averages(rows: Iterable[Worth]) -> list[tuple[str, int, Decimal]]:
    """Return for each currency its code, the number of orders and their average value."""
    found: dict[str, tuple[int, Decimal]] = {}
    for row in rows:
        if row.currency is not None:
            n, amount = found.get(row.currency, (0, Decimal(0)))
            found[row.currency] = (n + row.n, amount + row.amount)
    return [(currency, n, round2(amount / n)) for currency, (n, amount) in sorted(found.items())]
