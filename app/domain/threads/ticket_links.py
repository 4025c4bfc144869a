"""Read the links between tickets and the threads they are about. A merged thread is replaced by the thread it was merged into."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from app.core.prepared import as_written
from app.domain.threads.models import Thread, ThreadAlias, ThreadStatus
from app.domain.threads.queries import THREAD_ID

MOST_LINKS = 20


@dataclass(frozen=True)
class LinkedThread:
    """A thread that is linked with the thread on the page.

    If `is_ticket` is True, this is a ticket about the thread on the page. Otherwise the thread on the page is a ticket about
    this thread.
    """

    id: uuid.UUID
    number: int
    title: str
    status: ThreadStatus
    is_ticket: bool

    @property
    def is_open(self) -> bool:
        return self.status not in (ThreadStatus.RESOLVED, ThreadStatus.CLOSED)


def _links_column() -> sa.Label[Any]:
    other = aliased(Thread, name="other")
    thread_id, about_id = THREAD_ID, sa.bindparam("about_id", type_=sa.Uuid)
    merged_here = sa.select(ThreadAlias.old_id).where(ThreadAlias.thread_id == thread_id)
    these = sa.func.array(sa.union_all(sa.select(sa.cast(thread_id, sa.Uuid)), merged_here).scalar_subquery())
    about_this = other.about_thread_id == sa.any_(these)
    merged_into = sa.select(ThreadAlias.thread_id).where(ThreadAlias.old_id == about_id).scalar_subquery()
    this_is_about = other.id == sa.func.coalesce(merged_into, about_id)
    in_sight = other.brand_id == sa.any_(sa.bindparam("brands", type_=sa.ARRAY(sa.Uuid)))
    # The fence (offset 0) keeps the planner from walking all threads in the order of their numbers.
    linked = (
        sa.select(other.id, other.number, other.subject, other.preview, other.status, about_this.label("is_ticket"))
        .where(sa.or_(about_this, this_is_about), in_sight, other.id != thread_id)
        .offset(sa.literal_column("0"))
        .subquery("found")
    )
    rows = sa.select(linked).order_by(linked.c.number.desc()).limit(as_written(MOST_LINKS)).subquery("linked")
    return sa.select(sa.func.json_agg(sa.literal_column("linked"))).select_from(rows).scalar_subquery().label("links")


LINKS = _links_column()
"""The links of a thread as a value of another query: run once in it, for `read_links`. Its parameters: `thread_id`, `about_id`
(what the thread is about, or None) and `brands`, the viewer's."""


def read_links(rows: Sequence[dict[str, Any]] | None) -> tuple[LinkedThread, ...]:
    """Convert the rows that `LINKS` selects into linked threads. None gives ()."""
    return tuple(
        LinkedThread(
            id=uuid.UUID(row["id"]),
            number=row["number"],
            title=row["subject"] or row["preview"],
            status=ThreadStatus(row["status"]),
            is_ticket=bool(row["is_ticket"]),
        )
        for row in rows or ()
    )
