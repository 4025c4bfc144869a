"""Store each trouble of the installation, with one event when it begins and one when it is mended. The caller owns the
transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from app.core.db import advisory_xact_lock
from app.core.ids import new_id
from app.core.text import known
from app.domain.events.actions import Subject, record
from app.process.health.models import SystemTrouble, SystemWatch
from app.process.health.queries import Trouble

GAP = timedelta(minutes=5)
MENDED = known("Fixed: %(what)s")
WAS_AWAY = known("The scheduler was down for %(minutes)s minutes; delayed work is running now.")


def note_troubles(session: Session, troubles: Sequence[Trouble], *, now: datetime) -> int:
    """Store the troubles that began and end those that are over since the last check, with one event for each.

    `troubles` are all that exist now. If the last check was longer ago than `GAP`, one more event says so. Return the number
    of events.
    """
    advisory_xact_lock(session, "system-troubles")
    gap = _gap(session, now)
    unended = sa.select(SystemTrouble).where(SystemTrouble.ended_at.is_(None)).order_by(SystemTrouble.key)
    lasting = {row.key: row for row in session.execute(unended.with_for_update()).scalars()}
    present = {trouble.key: trouble for trouble in troubles}
    began = [trouble for key, trouble in present.items() if key not in lasting]
    ended = [row for key, row in lasting.items() if key not in present]
    for trouble in began:
        session.add(SystemTrouble(id=new_id(), **vars(trouble), began_at=now))
        _tell(session, trouble.text, trouble.place, now)
    for row in ended:
        row.ended_at = now
        _tell(session, MENDED % {"what": row.text}, row.place, now)
    if gap > GAP:
        _tell(session, WAS_AWAY % {"minutes": int(gap.total_seconds() // 60)}, "/settings/events", now)
    session.flush()
    return len(began) + len(ended) + (gap > GAP)


def _gap(session: Session, now: datetime) -> timedelta:
    """Return the time since the last check, and store `now` as the time of this check. Return zero at the first check."""
    row = session.get(SystemWatch, "troubles", populate_existing=True)
    last = row.looked_at if row else now
    insert = postgresql.insert(SystemWatch).values(name="troubles", looked_at=now)
    session.execute(insert.on_conflict_do_update(index_elements=["name"], set_={"looked_at": now}))
    return now - last


def _tell(session: Session, text: str, place: str, now: datetime) -> None:
    record(session, "SystemTroubleTold", subject=Subject(), now=now, payload={"text": text, "place": place})
