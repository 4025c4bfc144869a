"""List the facts behind a figure, newest first, with the same condition that counts them. The URL of the next page contains the
time and id of the last row."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.domain.accounts.models import Brand, Team, User
from app.domain.analytics.kinds import ORDER_KINDS, Kind
from app.domain.analytics.measures import Measure
from app.domain.analytics.slices import FACTS, SCOPES, Slice, of_measure, predicate
from app.domain.contacts.models import Contact
from app.domain.orders.models import Order
from app.domain.tasks.models import Task
from app.domain.threads.models import Thread, ThreadAlias

PAGE = 50
Place = tuple[datetime, int]


@dataclass(frozen=True)
class FactRow:
    """A fact with its thread, contact, user, team and brand. `thread_id` None: no thread, or an erased one; `number` None: the
    reader may not open the thread."""

    id: int
    kind: Kind
    at: datetime
    local_day: date
    local_hour: int
    thread_id: uuid.UUID | None
    number: int | None
    subject: str
    contact_name: str
    user_name: str
    team_name: str
    brand_name: str
    medium: str
    thread_type: str
    priority: str
    open_seconds: int | None
    wall_seconds: int | None
    met: bool | None
    score: int | None
    amount: Decimal | None
    currency: str | None
    order_id: uuid.UUID | None
    order_number: str | None


def list_facts(
    session: Session, slice: Slice, measure: Measure, *, is_per: bool = False, after: Place | None = None, limit: int = PAGE
) -> list[FactRow]:
    """List the facts behind a figure, newest first. With `is_per`, list the facts of the figure's denominator instead.

    `after` is the (time, id) of the previous page's last row.
    """
    first, last = _instants(slice)
    wanted = [predicate(slice), FACTS.c.at.between(first, min(last, after[0]) if after else last)]
    if after is not None:  # the bound above begins the walk: a pair of columns alone only ends one
        wanted.append(sa.tuple_(FACTS.c.at, FACTS.c.id) < sa.tuple_(*map(sa.literal, after)))
    kinds = measure.counted_kinds(is_per=is_per)
    of_each = [_NEWEST.where(of_measure(measure, is_per=is_per, kind=kind), *wanted).limit(limit) for kind in kinds]
    found = sa.union_all(*of_each).subquery()
    newest = sa.select(found).order_by(found.c.at.desc(), found.c.id.desc()).limit(limit).subquery()
    rows = session.execute(_rows_of(newest))
    return [_row(row, slice) for row in rows]


def place_text(row: FactRow) -> str:
    """Return the position of a row in the list (its time and id) as text for a URL."""
    return f"{row.at.isoformat()},{row.id}"


def read_place(text: str) -> Place | None:
    """Return the (time, id) from a text that `place_text` wrote, or None for any other text."""
    at, _comma, fact_id = text.rpartition(",")
    try:
        found = datetime.fromisoformat(at)
    except ValueError:
        return None
    return (found, int(fact_id)) if found.tzinfo and fact_id.isascii() and fact_id.isdigit() and len(fact_id) < 19 else None


def _instants(slice: Slice) -> tuple[datetime, datetime]:
    """Return the first and last instant at which the days of a slice can begin and end in any time zone. The range is a little
    wider than needed."""
    first, last = (datetime.combine(day, time(), UTC) for day in (slice.first, slice.last))
    return first - timedelta(days=1), last + timedelta(days=2)


_NEWEST_FIRST = (FACTS.c.at.desc(), FACTS.c.id.desc())
_NEWEST = sa.select(FACTS).join(SCOPES, SCOPES.c.id == FACTS.c.scope_id).order_by(*_NEWEST_FIRST)
Customer = sa.orm.aliased(Contact)


def _rows_of(facts: sa.Subquery) -> sa.Select[*tuple[Any, ...]]:
    """Return the query for the fields of a `FactRow` and the brand of its thread. The facts come first in the joins, because
    PostgreSQL keeps the written order of so many joins."""
    now = sa.func.coalesce(ThreadAlias.thread_id, facts.c.thread_id)
    return (
        sa.select(
            facts.c.id,
            facts.c.kind,
            facts.c.at,
            facts.c.local_day,
            facts.c.local_hour,
            Thread.id,
            Thread.number,
            sa.func.coalesce(Thread.subject, Task.title, ""),
            sa.func.coalesce(Contact.name, Customer.name, ""),
            sa.func.coalesce(User.name, ""),
            sa.func.coalesce(Team.name, ""),
            Brand.name,
            SCOPES.c.medium,
            SCOPES.c.thread_type,
            SCOPES.c.priority,
            facts.c.open_seconds,
            facts.c.wall_seconds,
            facts.c.met,
            facts.c.score,
            facts.c.amount,
            facts.c.currency,
            Order.id,
            Order.order_number,
            Thread.brand_id,
        )
        .select_from(facts)
        .join(SCOPES, SCOPES.c.id == facts.c.scope_id)
        .join(Brand, Brand.id == SCOPES.c.brand_id)
        .outerjoin(ThreadAlias, ThreadAlias.old_id == facts.c.thread_id)
        .outerjoin(Thread, Thread.id == now)
        .outerjoin(Contact, Contact.id == Thread.contact_id)
        .outerjoin(Task, sa.and_(facts.c.kind == int(Kind.TASK), Task.id == facts.c.subject_id))
        .outerjoin(Order, sa.and_(facts.c.kind.in_(sorted(map(int, ORDER_KINDS))), Order.id == facts.c.subject_id))
        .outerjoin(Customer, Customer.id == Order.customer_contact_id)
        .outerjoin(User, User.id == SCOPES.c.user_id)
        .outerjoin(Team, Team.id == SCOPES.c.team_id)
        .order_by(facts.c.at.desc(), facts.c.id.desc())
    )


def _row(row: Sequence[Any], slice: Slice) -> FactRow:
    fact_id, kind, *values, thread_brand_id = row
    found = FactRow(fact_id, Kind(kind), *values)
    if thread_brand_id is None or thread_brand_id in slice.brand_ids:
        return found
    return replace(found, number=None, subject="", contact_name="")
