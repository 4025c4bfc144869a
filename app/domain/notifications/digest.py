"""Plan and count the daily digest of a user. The caller owns the transaction.

The row of `notification_digests` is created before the mail, one for each user and local date. There is therefore at most
one digest a day, however often the job runs. If there is nothing to report, no mail is sent.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.contract.notice_outcome import Answer, Outcome
from app.core.db import table_of
from app.core.promises import Ended, Failed
from app.core.work import Lease
from app.domain.accounts.access import visible_brand_ids
from app.domain.accounts.models import User
from app.domain.notifications.models import NotificationDigest, NotificationKind, NotificationSettings, Way
from app.domain.notifications.queries import get_preferences

TABLE = table_of(NotificationDigest)
# A server that was away longer leaves the day out: a digest of the morning is of no use at night.
HOURS_LATE = 3
_NOW = sa.func.clock_timestamp()
_LOCAL = "(:now AT TIME ZONE u.timezone)"
_PLAN = sa.text(
    "INSERT INTO notification_digests (id, user_id, digest_date, created_at, run_at, state, attempts)"  # noqa: S608 no value in it
    f" SELECT gen_random_uuid(), u.id, {_LOCAL}::date, :now, :now, 'ready', 0"
    " FROM notification_settings s JOIN users u ON u.id = s.user_id"
    " WHERE s.digest_hour IS NOT NULL AND u.disabled_at IS NULL"
    f" AND {_LOCAL} >= {_LOCAL}::date + make_interval(hours => s.digest_hour)"
    f" AND {_LOCAL} < {_LOCAL}::date + make_interval(hours => s.digest_hour + :late)"
    " ON CONFLICT (user_id, digest_date) DO NOTHING RETURNING id"
).bindparams(sa.bindparam("now", type_=sa.DateTime(timezone=True)), late=HOURS_LATE)
_MINE = (
    " FROM threads t WHERE t.assignee_user_id = :me AND t.brand_id = ANY(:brands) AND t.spam_at IS NULL"
    " AND t.response_due_at IS NOT NULL"
)
_TASKS = (
    " FROM tasks k WHERE k.assignee_user_id = :me AND k.brand_id = ANY(:brands)"
    " AND k.status IN ('open', 'in_progress', 'waiting')"
)
_COUNTS = sa.text(
    f"SELECT (SELECT count(*) {_MINE} AND t.response_due_at <= :now),"  # noqa: S608 no value in it
    f" (SELECT count(*) {_MINE} AND t.response_due_at > :now AND t.response_due_at <= :tonight),"
    f" (SELECT count(*) {_TASKS} AND k.due_at <= :now),"
    f" (SELECT count(*) {_TASKS} AND k.due_at > :now AND k.due_at <= :tonight),"
    " (SELECT count(*) FROM notifications n JOIN threads t ON t.id = n.thread_id WHERE n.user_id = :me AND n.read_at IS NULL"
    " AND t.brand_id = ANY(:brands) AND n.kind = ANY(:kinds))"
).bindparams(
    sa.bindparam("brands", type_=sa.ARRAY(sa.Uuid)),
    sa.bindparam("kinds", type_=sa.ARRAY(sa.Text)),
    sa.bindparam("me", type_=sa.Uuid),
    sa.bindparam("now", type_=sa.DateTime(timezone=True)),
    sa.bindparam("tonight", type_=sa.DateTime(timezone=True)),
)


@dataclass(frozen=True)
class Pending:
    """The counts of a user's digest: threads and tasks that are overdue or due by midnight, and unread notifications of the kinds
    the user wants by mail.
    """

    threads_overdue: int
    threads_today: int
    tasks_overdue: int
    tasks_today: int
    unread: int

    @property
    def is_nothing(self) -> bool:
        return not any((self.threads_overdue, self.threads_today, self.tasks_overdue, self.tasks_today, self.unread))


@dataclass(frozen=True)
class DueDigest:
    """A claimed digest. `is_uncertain` is True if a worker died while it was sending the mail, so that the mail may have been
    sent."""

    user: User
    pending: Pending
    is_uncertain: bool


def plan_digests(session: Session, *, now: datetime) -> Sequence[uuid.UUID]:
    """Create today's digests for the users whose digest hour has come in their time zone. Return the ids of the new digests."""
    return session.execute(_PLAN, {"now": now}).scalars().all()


def take_digest(session: Session, lease: Lease, *, now: datetime) -> DueDigest:
    """Count the content of a claimed digest, and store that sending begins now."""
    row = session.get_one(NotificationDigest, lease.row_id, populate_existing=True)
    user = session.get_one(User, row.user_id, populate_existing=True)
    uncertain = row.calling_at is not None
    session.execute(sa.update(TABLE).where(TABLE.c.id == row.id).values(calling_at=_NOW))
    return DueDigest(user, count_pending(session, user, now=now), uncertain)


def count_pending(session: Session, user: User, *, now: datetime) -> Pending:
    """Count the threads and tasks that are due for a user by the end of their local day, and their unread notifications. Two
    queries, besides those for preferences and brands."""
    wanted = get_preferences(session, user.id).wanted
    kinds = [kind.value for kind in NotificationKind if (kind, Way.EMAIL) in wanted]
    midnight = sa.select(
        sa.func.timezone(user.timezone, sa.cast(sa.cast(sa.func.timezone(user.timezone, now), sa.Date) + 1, sa.DateTime))
    )
    tonight = session.execute(midnight).scalar_one()
    values = {"me": user.id, "brands": list(visible_brand_ids(session, user)), "kinds": kinds, "now": now, "tonight": tonight}
    return Pending(*session.execute(_COUNTS, values).one())


def end_digest(outcome: Outcome, *, error: str = "") -> Ended:
    """Return the values that end a digest with this outcome, whether its mail was sent or not."""
    return Ended({"outcome": outcome, "error": error[:500], "calling_at": None, "ended_at": _NOW})


def ending_of(answer: Answer) -> Ended | Failed:
    """Convert an answer of the mail server into what happens to the digest: it ends, or it is tried again."""
    if answer.outcome is not None:
        return end_digest(answer.outcome, error="" if answer.ok else answer.words)
    return Failed(end_digest(Outcome.REFUSED, error=answer.words), {"error": answer.words[:500], "calling_at": None})


def stop_digest(session: Session, user_id: uuid.UUID) -> None:
    """Switch the digest of this user off."""
    mine = NotificationSettings.user_id == user_id
    session.execute(sa.update(NotificationSettings).where(mine).values(digest_hour=None))
