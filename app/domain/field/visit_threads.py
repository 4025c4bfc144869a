"""List the threads of a technician's visits."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from app.domain.accounts.access import Viewer
from app.domain.field.queries import SHOWN_TYPES, Line, VisitRow, line_of, list_own_visits, today_of
from app.domain.threads.models import Message, MessageType

BEFORE, AFTER = timedelta(days=7), timedelta(days=7)


@dataclass(frozen=True)
class VisitThread:
    """A thread of a technician's visits. `visit`: the next visit in the thread, or the last one if none is to come. `last`: the
    newest message that is not a note, None if there is none."""

    visit: VisitRow
    last: Line | None

    @property
    def is_unanswered(self) -> bool:
        return self.last is not None and not self.last.is_ours


def list_visit_threads(session: Session, *, viewer: Viewer, now: datetime) -> list[VisitThread]:
    """List the threads of the viewer's visits, from a week ago to a week ahead. Unanswered threads come first, then the newest.

    Makes one query besides those of `list_own_visits`.
    """
    today = today_of(viewer, now)
    days = list_own_visits(session, viewer=viewer, first=today - BEFORE, last=today + AFTER)
    visits: dict[uuid.UUID, VisitRow] = {}
    for _day, of_day in sorted(days.items()):
        for visit in of_day:
            known = visits.get(visit.thread_id) if visit.thread_id else None
            if visit.thread_id is not None and (known is None or known.row.local_start.date() < today):
                visits[visit.thread_id] = visit
    last = _last_lines(session, list(visits))
    found = [VisitThread(visit, last.get(thread_id)) for thread_id, visit in visits.items()]
    newest = sorted(found, key=lambda one: one.last.at if one.last else one.visit.row.appointment.created_at, reverse=True)
    return sorted(newest, key=lambda one: not one.is_unanswered)


def _last_lines(session: Session, thread_ids: list[uuid.UUID]) -> dict[uuid.UUID, Line]:
    """Return {thread id: last message of the thread}. Internal notes are left out."""
    kinds = [kind for kind in SHOWN_TYPES if kind != MessageType.INTERNAL_NOTE]
    query = sa.select(Message).ext(distinct_on(Message.thread_id))
    query = query.where(Message.thread_id.in_(thread_ids), Message.message_type.in_(kinds), Message.revoked_at.is_(None))
    rows = session.execute(query.order_by(Message.thread_id, Message.seq.desc())).scalars()
    return {message.thread_id: line_of(message) for message in rows}
