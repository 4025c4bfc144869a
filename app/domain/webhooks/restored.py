"""Pause every endpoint when the database was restored or copied; a person then resumes each of them.

A database is recognised by its server's id and its timeline. Another server has another id, and a restored server has
another timeline.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.core.db import Base, advisory_xact_lock
from app.core.log import get_logger
from app.domain.events.actions import SYSTEM, audit
from app.domain.webhooks.models import EndpointState, WebhookEndpoint

REASON = "restored"
ACTUAL = sa.text("SELECT system_identifier || '/' || left(pg_walfile_name(pg_current_wal_lsn()), 8) FROM pg_control_system()")
log = get_logger(__name__)


class DatabaseIdentity(Base):
    """The single row with the identity of this database."""

    __tablename__ = "database_identity"

    is_it: Mapped[bool] = mapped_column(primary_key=True, default=True)
    name: Mapped[str]
    noted_at: Mapped[datetime]

    __table_args__ = (sa.CheckConstraint("is_it", name="one"),)


def is_another_database(session: Session, *, now: datetime) -> bool:
    """Return whether the database is another one than at the last start. Called at each start, before anything is sent.

    The first start stores the identity and returns False. Returns False, too, if the server does not tell its identity.
    """
    advisory_xact_lock(session, "database identity")
    try:
        with session.begin_nested():
            actual = session.execute(ACTUAL).scalar_one()
    except ProgrammingError:
        log.warning("database_not_known")
        return False
    known = session.get(DatabaseIdentity, True, populate_existing=True)
    if known is None:
        session.add(DatabaseIdentity(is_it=True, name=actual, noted_at=now))
        session.flush()
        return False
    if known.name == actual:
        return False
    known.name, known.noted_at = actual, now
    session.flush()
    return True


def hold_every_endpoint(session: Session, *, now: datetime) -> int:
    """Pause all active endpoints until a person resumes them. Return how many."""
    active = sa.and_(WebhookEndpoint.state == EndpointState.ACTIVE, WebhookEndpoint.deleted_at.is_(None))
    held = sa.update(WebhookEndpoint).where(active).returning(WebhookEndpoint.id)
    values = {"state": EndpointState.PAUSED, "state_reason": REASON, "state_changed_at": now}
    count = len(session.execute(held.values(values).execution_options(synchronize_session=False)).all())
    log.error("callbacks_held_after_restore", endpoints=count)
    detail = {"endpoints": count}
    audit(session, action="CallbacksHeld", object_type="database", object_id="", now=now, actor=SYSTEM, detail=detail)
    return count
