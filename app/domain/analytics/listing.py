"""List the facts behind a figure, newest first, by the predicate that counts them. The URL holds the place of the last row."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime
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
    """List the facts behind a figure, or with `is_per` those of its denominator, newest first. `after`: the (time, id) of the
    previous page's last row.
    """
    query = _ROWS.where(of_measure(measure, is_per=is_per), predicate(slice))
    if after is not None:
        query = query.where(sa.tuple_(FACTS.c.at, FACTS.c.id) < sa.tuple_(*map(sa.literal, after)))
    rows = session.execute(query.order_by(FACTS.c.at.desc(), FACTS.c.id.desc()).limit(limit))
    return [_row(row, slice) for row in rows]


def place_text(row: FactRow) -> str:
    """Return the place of a row as text for a URL: time and id."""
    return f"{row.at.isoformat()},{row.id}"


def read_place(text: str) -> Place | None:
    """Return the place that `place_text` wrote; None for any other text."""
    at, _comma, fact_id = text.rpartition(",")
    try:
        found = datetime.fromisoformat(at)
    except ValueError:
        return None
    return (found, int(fact_id)) if found.tzinfo and fact_id.isascii() and fact_id.isdigit() and len(fact_id) < 19 else None


Customer = sa.orm.aliased(Contact)
_NOW = sa.func.coalesce(ThreadAlias.thread_id, FACTS.c.thread_id)
_ROWS = (
    sa.select(
        FACTS.c.id,
        FACTS.c.kind,
        FACTS.c.at,
        FACTS.c.local_day,
        FACTS.c.local_hour,
        FACTS.c.open_seconds,
        FACTS.c.wall_seconds,
        FACTS.c.met,
        FACTS.c.score,
        FACTS.c.amount,
        FACTS.c.currency,
        Order.id.label("order_id"),
        Order.order_number,
        SCOPES.c.brand_id,
        SCOPES.c.medium,
        SCOPES.c.thread_type,
        SCOPES.c.priority,
        Thread.id.label("thread_id"),
        Thread.brand_id.label("seen_in"),
        Thread.number,
        sa.func.coalesce(Thread.subject, Task.title, "").label("subject"),
        sa.func.coalesce(Contact.name, Customer.name, "").label("contact_name"),
        sa.func.coalesce(User.name, "").label("user_name"),
        sa.func.coalesce(Team.name, "").label("team_name"),
        Brand.name.label("brand_name"),
    )
    .select_from(FACTS)
    .join(SCOPES, SCOPES.c.id == FACTS.c.scope_id)
    .join(Brand, Brand.id == SCOPES.c.brand_id)
    .outerjoin(ThreadAlias, ThreadAlias.old_id == FACTS.c.thread_id)
    .outerjoin(Thread, Thread.id == _NOW)
    .outerjoin(Contact, Contact.id == Thread.contact_id)
    .outerjoin(Task, sa.and_(FACTS.c.kind == int(Kind.TASK), Task.id == FACTS.c.subject_id))
    .outerjoin(Order, sa.and_(FACTS.c.kind.in_(sorted(map(int, ORDER_KINDS))), Order.id == FACTS.c.subject_id))
    .outerjoin(Customer, Customer.id == Order.customer_contact_id)
    .outerjoin(User, User.id == SCOPES.c.user_id)
    .outerjoin(Team, Team.id == SCOPES.c.team_id)
)


def _row(row: Any, slice: Slice) -> FactRow:
    names = [field for field in FactRow.__dataclass_fields__ if field not in ("kind", "number", "subject", "contact_name")]
    values = {name: getattr(row, name) for name in names}
    is_seen = row.seen_in is None or row.seen_in in slice.brand_ids
    return FactRow(
        kind=Kind(row.kind),
        number=row.number if is_seen else None,
        subject=row.subject if is_seen else "",
        contact_name=row.contact_name if is_seen else "",
        **values,
    )
