"""Count the threads of each view for the rail, with counts that other features add, in one query.

`create_app` installs the other features' counts once, as app/wiring.py lists them.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.prepared import KEPT
from app.domain.accounts.access import Viewer
from app.domain.threads.indexes import DUE
from app.domain.threads.models import IN_INBOX
from app.domain.threads.queries import COUNT_CAP
from app.domain.threads.saved_views import IN_RAIL, SELECT_FOR_RAIL, SELECT_OWN_TEAMS, View, read_rail

_OF_VIEWS = {
    "open": IN_INBOX,  # word for word as in the partial indexes
    "mine": f"{IN_INBOX} AND assignee_user_id = :me",
    "unassigned": f"{IN_INBOX} AND assignee_user_id IS NULL",
    "overdue": f"{IN_INBOX} AND {DUE} <= now()",
    "unsent": "unsent_medium IS NOT NULL",
    "snoozed": "snoozed_until IS NOT NULL",
    "email": f"{IN_INBOX} AND medium = 'email'",
    "whatsapp": f"{IN_INBOX} AND medium = 'whatsapp'",
    "sms": f"{IN_INBOX} AND medium = 'sms'",
    "phone": f"{IN_INBOX} AND medium = 'phone'",
    "internal": f"{IN_INBOX} AND medium = 'internal'",
    "resolved": "status = 'resolved'",
    "spam": "spam_at IS NOT NULL",
}
_COUNT = "(SELECT count(*) FROM (SELECT FROM {table} WHERE {of} LIMIT {cap}) x) AS {name}"


@dataclass(frozen=True)
class Counted:
    """Rows of a feature's own table to count for the rail (sidebar).

    `where` is an SQL condition that an index can answer. It must limit the rows to `brand_id = ANY(:brands)` and may use
    `:me`, the viewer's user id.
    """

    table: str
    where: str


@dataclass(frozen=True)
class ViewCounts:
    """How many threads each view has, each at most COUNT_CAP; `others` are counts of other features, by name."""

    open: int
    mine: int
    unassigned: int
    overdue: int
    unsent: int
    snoozed: int
    email: int
    whatsapp: int
    sms: int
    phone: int
    internal: int
    resolved: int
    spam: int
    others: Mapping[str, int] = field(default_factory=dict)
    saved_views: tuple[View, ...] = ()
    teams: tuple[tuple[uuid.UUID, str], ...] = ()  # (id, name) of those the viewer belongs to, by name


def _statement(others: Mapping[str, Counted]) -> sa.TextClause:
    of_threads = {name: Counted("threads", f"brand_id = ANY(:brands) AND {of}") for name, of in _OF_VIEWS.items()}
    counted = {**of_threads, **others}
    parts = [_COUNT.format(table=what.table, of=what.where, cap=COUNT_CAP, name=name) for name, what in counted.items()]
    parts += [f"{SELECT_FOR_RAIL} AS saved_views", f"{SELECT_OWN_TEAMS} AS teams"]
    return sa.text("SELECT " + ", ".join(parts)).execution_options(**KEPT)


_counts = _statement({})


def install(others: Mapping[str, Counted]) -> None:
    """Set the counts of other features, by name. `count_views` reads them in the same query as the counts of threads."""
    global _counts
    _counts = _statement(others)


def count_views(session: Session, *, viewer: Viewer) -> ViewCounts:
    """Count the threads of each view. One query; each scan stops at COUNT_CAP rows."""
    values = {"brands": list(viewer.brand_ids), "me": viewer.user_id, "in_rail": IN_RAIL}
    numbers = dict(session.execute(_counts, values).one()._mapping)
    views = read_rail(numbers.pop("saved_views"))
    teams = tuple((uuid.UUID(team["id"]), team["name"]) for team in numbers.pop("teams"))
    threads = {name: numbers.pop(name) for name in _OF_VIEWS}
    return ViewCounts(**threads, others=numbers, saved_views=views, teams=teams)
