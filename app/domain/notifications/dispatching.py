"""Promise to send notifications outside the app (dispatches), claim these promises by target, and fold several into one.

The caller owns the transaction. There is only one dispatch for each event, way and target, however often the event is
processed. While a dispatch of a notification waits, there is no second one for it, so ten messages in a thread are sent as
one. Dispatches that were held in quiet hours are sent as one when quiet hours end.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from app.contract.notice_outcome import Answer, Outcome
from app.core.db import advisory_xact_lock, table_of
from app.core.ids import new_id
from app.core.promises import Ended, Failed, Later
from app.core.work import DONE, READY, Lease
from app.domain.notifications.models import AT_ONCE, NotificationDispatch, NotificationKind, PushSubscription, Way
from app.domain.notifications.teams.hooks import About, hook_for

TABLE = table_of(NotificationDispatch)
# A page that shows the thread marks it read within this time, and then there is nothing to tell elsewhere.
SETTLE = timedelta(seconds=3)
# So many waiting for one target are told as one.
FOLD_FROM = 4
_NOW = sa.func.clock_timestamp()


@dataclass(frozen=True)
class Told:
    """One user with their notification, and the ways in which they want it. `quiet_until`: when the user's current quiet hours
    end, None if there are none now."""

    user_id: uuid.UUID
    notification_id: uuid.UUID
    ways: frozenset[Way]
    quiet_until: datetime | None


def promise(session: Session, told: Sequence[Told], occasion: Occasion) -> None:
    """Add a dispatch for each target by push, mail or Teams: one row per device, mail address or Teams workflow. A repeat for
    the same event adds nothing."""
    rows = [_row(occasion, target) for target in _targets(session, told, occasion)]
    if rows:
        session.execute(postgresql.insert(TABLE).values(rows).on_conflict_do_nothing())


@dataclass(frozen=True)
class Occasion:
    """What happened and led to the notifications.

    If `in_quiet_hours` is True, quiet hours do not delay the dispatches. `priority`: "" means the thread's priority.
    `team_id`: the team whose Teams channel gets the card; if None, it is chosen by the subject.
    """

    kind: NotificationKind
    thread_id: uuid.UUID | None
    event_id: uuid.UUID
    at: datetime
    in_quiet_hours: bool
    priority: str = ""
    team_id: uuid.UUID | None = None

    @property
    def soon(self) -> datetime:
        return self.at if self.kind in AT_ONCE else self.at + SETTLE


@dataclass(frozen=True)
class _Target:
    way: Way
    target_id: uuid.UUID
    told: tuple[Told, ...]
    subscription_id: uuid.UUID | None = None
    hook_id: uuid.UUID | None = None

    def held_until(self, occasion: Occasion) -> datetime | None:
        """Return the time until which quiet hours hold the dispatch back. Return None if it is sent without this delay.

        A Teams card is held only if all its users have quiet hours now, until the first user's quiet hours end.
        """
        ends = [one.quiet_until for one in self.told]
        return None if occasion.in_quiet_hours or None in ends else min(end for end in ends if end)


def _row(occasion: Occasion, target: _Target) -> dict[str, Any]:
    held, first = target.held_until(occasion), target.told[0]
    return {
        "id": new_id(),
        "way": target.way,
        "target_id": target.target_id,
        "notification_id": first.notification_id,
        "event_id": occasion.event_id,
        "user_id": first.user_id,
        "subscription_id": target.subscription_id,
        "hook_id": target.hook_id,
        "told_user_ids": [str(one.user_id) for one in target.told],
        "is_held": held is not None,
        "run_at": held or occasion.soon,
        "state": READY,
        "attempts": 0,
        "created_at": occasion.at,
    }


def _targets(session: Session, told: Sequence[Told], occasion: Occasion) -> Iterator[_Target]:
    by_push = {one.user_id: one for one in told if Way.PUSH in one.ways}
    if by_push:
        query = sa.select(PushSubscription.id, PushSubscription.user_id).where(PushSubscription.user_id.in_(by_push))
        for row in session.execute(query.order_by(PushSubscription.id)):
            yield _Target(Way.PUSH, row.id, (by_push[row.user_id],), subscription_id=row.id)
    # What is no deadline waits for the digest.
    by_mail = [one for one in told if Way.EMAIL in one.ways and occasion.kind in AT_ONCE]
    yield from (_Target(Way.EMAIL, one.user_id, (one,)) for one in by_mail)
    by_card = tuple(one for one in told if Way.TEAMS in one.ways)
    if by_card:
        about = About(occasion.kind, occasion.thread_id, occasion.priority, occasion.team_id)
        hook_id = hook_for(session, about, user_ids=[one.user_id for one in by_card])
        if hook_id is not None:
            yield _Target(Way.TEAMS, hook_id, by_card, hook_id=hook_id)


def hold_until(session: Session, *, user_id: uuid.UUID, at: datetime) -> None:
    """Set the due time of the user's dispatches that wait for the end of quiet hours to `at`, the end of the new quiet hours."""
    waits = sa.and_(TABLE.c.user_id == user_id, TABLE.c.is_held, TABLE.c.state == READY)
    session.execute(sa.update(TABLE).where(waits).values(run_at=at, hinted_at=None))


@dataclass(frozen=True)
class Batch:
    """Notifications to send in one call: those of the claimed dispatch (`lead`) and of the dispatches folded into it."""

    lead: NotificationDispatch
    notification_ids: tuple[uuid.UUID, ...]
    told_user_ids: tuple[uuid.UUID, ...]
    is_uncertain: bool  # a call was begun before and nobody knows how it ended


def lock_target(session: Session, dispatch_id: uuid.UUID) -> None:
    """Lock the target of a dispatch, so that two workers with dispatches for the same target do not send them separately."""
    found = session.execute(sa.select(TABLE.c.target_id).where(TABLE.c.id == dispatch_id)).scalar_one_or_none()
    advisory_xact_lock(session, f"dispatches {found}")


def take_batch(session: Session, lease: Lease) -> Batch:
    """Fold the other waiting dispatches for the same target into the claimed one, if they may be sent together. Store that the
    call begins, and return the batch."""
    lead = session.get_one(NotificationDispatch, lease.row_id, populate_existing=True)
    _fold(session, lead)
    together = sa.select(TABLE.c.notification_id, TABLE.c.told_user_ids)
    together = together.where(sa.or_(TABLE.c.id == lead.id, TABLE.c.folded_into_id == lead.id))
    rows = session.execute(together.order_by(TABLE.c.created_at, TABLE.c.id)).all()
    ids = tuple(dict.fromkeys(row.notification_id for row in rows))
    told = tuple(dict.fromkeys(uuid.UUID(user_id) for row in rows for user_id in row.told_user_ids))
    uncertain = lead.calling_at is not None
    session.execute(sa.update(TABLE).where(TABLE.c.id == lead.id).values(calling_at=_NOW))
    return Batch(lead, ids, told, uncertain)


def _fold(session: Session, lead: NotificationDispatch) -> None:
    same = (TABLE.c.target_id == lead.target_id, TABLE.c.way == lead.way, TABLE.c.id != lead.id)
    due = sa.select(TABLE.c.id, TABLE.c.is_held).where(*same, TABLE.c.state == READY, TABLE.c.run_at <= _NOW)
    rows = session.execute(due.with_for_update(skip_locked=True)).all()
    if not rows or not (lead.is_held or any(row.is_held for row in rows) or folds_always(lead.way) or len(rows) + 1 >= FOLD_FROM):
        return
    values = {"state": DONE, "outcome": Outcome.FOLDED, "folded_into_id": lead.id, "ended_at": _NOW}
    session.execute(sa.update(TABLE).where(TABLE.c.id.in_([row.id for row in rows])).values(values))
    # What had been folded into one of these goes along.
    moved = sa.update(TABLE).where(TABLE.c.folded_into_id.in_([row.id for row in rows]))
    session.execute(moved.values(folded_into_id=lead.id))


def folds_always(way: Way) -> bool:
    """Return True if waiting dispatches of this way are always folded. This is so for Teams cards, because Teams allows few
    calls."""
    return way == Way.TEAMS


def end(outcome: Outcome, *, error: str = "") -> Ended:
    """Return the values that end dispatches which are sent or can never be sent. `error` is in English, "" if there is none."""
    return Ended({"outcome": outcome, "error": error[:500], "calling_at": None, "ended_at": _NOW})


def wait(seconds: float) -> Later:
    """Make dispatches wait `seconds` for their turn; this does not count as a try. Return the `Later` that the job needs for
    this.

    If a newer dispatch of the same notification waits already, the older one ends as folded instead.
    """
    return Later(seconds, {"error": "", "calling_at": None}, is_try=False, unless_unique=end(Outcome.FOLDED))


def ending_of(answer: Answer) -> Ended | Failed:
    """Convert an answer into what happens to a dispatch: it ends, or it is tried again. If a newer dispatch of the same
    notification waits already, it is not tried again but ends."""
    if answer.outcome is not None:
        return end(answer.outcome, error="" if answer.ok else answer.words)
    again = {"error": answer.words[:500], "calling_at": None}
    folded = end(Outcome.FOLDED, error=answer.words)
    given_up = end(Outcome.REFUSED, error=answer.words)
    return Failed(given_up, again, asked_seconds=answer.retry_after_seconds, unless_unique=folded)


def hasten(session: Session, target_id: uuid.UUID) -> None:
    """Make those dispatches of the target due now that wait for another try. Called when the target works again."""
    waits = sa.and_(TABLE.c.target_id == target_id, TABLE.c.state == READY, TABLE.c.attempts > 0, TABLE.c.run_at > _NOW)
    session.execute(sa.update(TABLE).where(waits).values(run_at=_NOW, hinted_at=None))
