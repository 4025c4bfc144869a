"""Read live figures directly from threads: overdue, due soon, unassigned, waiting longest, and the load of each user."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by
from sqlalchemy.orm import Session

from app.domain.accounts.models import User
from app.domain.analytics.kinds import Kind
from app.domain.analytics.slices import FACTS, NONE, SCOPES, Slice, predicate
from app.domain.contacts.models import Contact
from app.domain.orders.models import Order, OrderThread
from app.domain.routing.queries import list_workers
from app.domain.threads.models import Thread

LIVE_SHOWN = 200


class Live(StrEnum):
    """A kind of live figure: the number of threads in some state now. The figure opens the list of these threads."""

    OVERDUE = "overdue"
    DUE_SOON = "due_soon"
    UNASSIGNED = "unassigned"
    WAITING = "waiting"  # for an answer of ours


@dataclass(frozen=True)
class Standing:
    """All live figures of a slice. `counts` has the number of threads of each figure.

    `oldest_at` is when the longest wait began, and `oldest_medium` is the medium of that thread. `arrived` has the number of
    matters that began in each requested slice.
    """

    counts: dict[Live, int]
    oldest_at: datetime | None
    oldest_medium: str
    arrived: tuple[int, ...]


@dataclass(frozen=True)
class Load:
    """The open work and the capacity of one user or team, in weights of threads."""

    id: uuid.UUID
    name: str
    open: int
    capacity: int

    @property
    def is_over(self) -> bool:
        return self.open > self.capacity > 0


@dataclass(frozen=True)
class LiveRow:
    """A thread in the list of a live figure."""

    id: uuid.UUID
    number: int
    subject: str
    contact_name: str
    user_name: str
    medium: str
    due_at: datetime | None
    waiting_since: datetime | None


_WAITS = sa.and_(Thread.is_open, Thread.snoozed_until.is_(None), Thread.status != "waiting_customer")


def live_condition(live: Live, now: datetime) -> sa.ColumnElement[bool]:
    """Return the SQL condition for the threads that a live figure counts. The caller adds the condition for what the viewer may
    see."""
    return {
        Live.OVERDUE: sa.and_(_WAITS, Thread.response_due_at < now),
        Live.DUE_SOON: sa.and_(_WAITS, Thread.response_due_at >= now, Thread.response_due_at < now + timedelta(hours=1)),
        Live.UNASSIGNED: sa.and_(_WAITS, Thread.assignee_user_id.is_(None)),
        Live.WAITING: sa.and_(_WAITS, Thread.response_due_at.is_not(None)),
    }[live]


def of_slice(slice: Slice) -> sa.ColumnElement[bool]:
    """Return the SQL condition for threads that fit the filters of a slice. The days of the slice are ignored."""
    found = [Thread.brand_id.in_(slice.brand_ids), Thread.spam_at.is_(None), Thread.medium != "internal"]
    if slice.own_user_id is not None:
        found.append(Thread.assignee_user_id == slice.own_user_id)
    columns: dict[str, Any] = {
        "brand_id": Thread.brand_id,
        "channel_id": Thread.channel_id,
        "medium": Thread.medium,
        "team_id": Thread.team_id,
        "user_id": Thread.assignee_user_id,
        "thread_type": Thread.thread_type,
        "priority": Thread.priority,
    }
    for name, column in columns.items():
        value = getattr(slice, name)
        if value is not None:
            found.append(column.is_(None) if value == NONE else column == value)
    return sa.and_(*found, *_of_partner(slice))


def _of_partner(slice: Slice) -> list[sa.ColumnElement[bool]]:
    """Return the SQL conditions for the partner filter of a slice: the thread is about an order of that partner, or about no
    partner's order. Return [] if the slice has no partner filter."""
    if slice.partner_id is None:
        return []
    about = sa.exists().where(OrderThread.thread_id == Thread.id, OrderThread.order_id == Order.id)
    if isinstance(slice.partner_id, uuid.UUID):
        return [about.where(Order.account_contact_id == slice.partner_id)]
    return [sa.not_(about.where(Order.account_contact_id.is_not(None)))]


def read_standing(session: Session, slice: Slice, *, now: datetime, arrived_in: Sequence[Slice] = ()) -> Standing:
    """Read all live figures of a slice, and how many matters began in each slice of `arrived_in`. One query."""
    counts = [sa.func.count().filter(live_condition(live, now)).label(live.value) for live in Live]
    waits = live_condition(Live.WAITING, now)
    since = sa.func.coalesce(Thread.last_inbound_at, Thread.created_at)
    named = aggregate_order_by(Thread.medium, since.asc(), Thread.id.asc())
    media = sa.cast(sa.func.array_agg(named).filter(waits), ARRAY(sa.Text)).label("media")
    found = sa.select(*counts, sa.func.min(since).filter(waits).label("oldest_at"), media)
    inner = found.where(Thread.is_open, of_slice(slice)).subquery()
    arrived = [_arrived(one).label(f"arrived_{number}") for number, one in enumerate(arrived_in)]
    row = session.execute(sa.select(inner, inner.c.media[1].label("medium"), *arrived)).one()
    came = tuple(getattr(row, column.name) for column in arrived)
    return Standing({live: getattr(row, live.value) for live in Live}, row.oldest_at, row.medium or "", came)


def _arrived(slice: Slice) -> sa.ScalarSelect[int]:
    count = sa.select(sa.func.count()).select_from(FACTS).join(SCOPES, SCOPES.c.id == FACTS.c.scope_id)
    return count.where(FACTS.c.kind == int(Kind.RECEIVED), predicate(slice)).scalar_subquery()


def list_live(session: Session, slice: Slice, live: Live, *, now: datetime, limit: int = LIVE_SHOWN) -> Sequence[LiveRow]:
    """List the threads of a live figure, the earliest due time first."""
    query = (
        sa.select(
            Thread.id,
            Thread.number,
            Thread.subject,
            sa.func.coalesce(Contact.name, ""),
            sa.func.coalesce(User.name, ""),
            Thread.medium,
            Thread.response_due_at,
            sa.func.coalesce(Thread.last_inbound_at, Thread.created_at),
        )
        .outerjoin(Contact, Contact.id == Thread.contact_id)
        .outerjoin(User, User.id == Thread.assignee_user_id)
        .where(Thread.is_open, of_slice(slice), live_condition(live, now))
        .order_by(Thread.response_due_at.asc().nulls_last(), Thread.id)
        .limit(limit)
    )
    return [LiveRow(*row) for row in session.execute(query)]


def list_loads(session: Session, slice: Slice, *, now: datetime) -> list[Load]:
    """List the open work and the capacity of each user of the slice's brands, as sums of thread weights. Sorted by user name."""
    workers = list_workers(session, now=now)
    seen = [one for one in workers if one.capacity > 0 and not one.brands.isdisjoint(slice.brand_ids)]
    if isinstance(slice.user_id, uuid.UUID):
        seen = [one for one in seen if one.user_id == slice.user_id]
    if isinstance(slice.team_id, uuid.UUID):
        seen = [one for one in seen if slice.team_id in one.teams]
    return [Load(one.user_id, one.name, one.load, one.capacity) for one in seen]


def list_team_loads(session: Session, slice: Slice, names: Mapping[uuid.UUID, str], *, now: datetime) -> list[Load]:
    """List the open work and the capacity of each team, summed over its members, in order of team name. A member of two teams
    counts in both."""
    workers = [one for one in list_workers(session, now=now) if one.capacity > 0 and not one.brands.isdisjoint(slice.brand_ids)]
    found = []
    for team_id, name in sorted(names.items(), key=lambda item: item[1].casefold()):
        theirs = [one for one in workers if team_id in one.teams]
        if theirs:
            found.append(Load(team_id, name, sum(one.load for one in theirs), sum(one.capacity for one in theirs)))
    return found
