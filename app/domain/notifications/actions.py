"""Notify users, mark notifications as read, and save preferences. The caller owns the transaction."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from app.core.db import table_of
from app.core.ids import new_id
from app.domain.accounts.models import BrandMember, User
from app.domain.accounts.permissions import Permission, users_with
from app.domain.events.actions import Actor, Subject, audit, record
from app.domain.events.models import Event
from app.domain.notifications.dispatching import Occasion, Told, hold_until, promise
from app.domain.notifications.models import (
    Notification,
    NotificationChoice,
    NotificationKind,
    NotificationSettings,
    Way,
    is_offered,
    is_usual,
)
from app.domain.notifications.quiet import NO_QUIET, Week, quiet_until, read, stored

ALL_WAYS = frozenset(Way)
TOLD_AGAIN = timedelta(hours=1)


@dataclass(frozen=True)
class News:
    """News about a thread, a channel, or the page at `place` (a path), of which users are to be notified. The user who caused
    it (`actor_user_id`) is not notified.

    If `brand_id` is None, only administrators are notified. `priority`: the priority of the order at `place`, or "" for the
    thread's priority. `team_id`: the team whose Teams channel gets the card; if None, `hook_for` chooses by the subject.
    `count`: the number of messages that this news is about.
    """

    kind: NotificationKind
    brand_id: uuid.UUID | None
    thread_id: uuid.UUID | None
    message_id: uuid.UUID | None
    actor_user_id: uuid.UUID | None
    at: datetime
    channel_id: uuid.UUID | None = None
    text: str = ""
    place: str = ""
    priority: str = ""
    team_id: uuid.UUID | None = None
    count: int = 1


def tell(
    session: Session,
    news: News,
    *,
    to: sa.ColumnElement[bool],
    caused_by: Event,
    through: frozenset[Way] = ALL_WAYS,
    in_quiet_hours: bool = False,
) -> list[uuid.UUID]:
    """Notify users of the news, and return the ids of the notified users.

    `to` is an SQL condition on `User`. Of these users, those are notified who may see the brand and want this kind of news.
    Each is notified in those ways of `through` that they want. If `in_quiet_hours` is True, quiet hours do not delay the
    news.

    News of kind `message` is added to the unread notification of its thread, if there is one. News of kind `new_work` is
    added to the unread notification of its brand; the user hears of that again after TOLD_AGAIN at the earliest.
    """
    receivers = [found for row in session.execute(_receivers(news).where(to)) if (found := _receiver(row, news, through)).ways]
    if not receivers:
        return []
    ids, again = _write(session, news, receivers)
    subject = Subject(brand_id=news.brand_id, thread_id=news.thread_id, message_id=news.message_id)
    in_app = [one.user_id for one in receivers if Way.APP in one.ways and one.user_id not in again]
    if in_app:
        payload = {"user_ids": [str(user_id) for user_id in in_app]}
        record(session, "NotificationAdded", subject=subject, now=news.at, payload=payload, caused_by=caused_by)
    told = [Told(one.user_id, ids[one.user_id], one.ways, one.quiet_until) for one in receivers if one.user_id not in again]
    promise(session, told, _occasion(news, caused_by, in_quiet_hours))
    return [receiver.user_id for receiver in receivers]


def _occasion(news: News, caused_by: Event, in_quiet_hours: bool) -> Occasion:
    thread_id = news.thread_id or caused_by.thread_id  # what is told of an order goes where its thread belongs
    return Occasion(news.kind, thread_id, caused_by.id, news.at, in_quiet_hours, news.priority, news.team_id)


@dataclass(frozen=True)
class _Receiver:
    user_id: uuid.UUID
    ways: frozenset[Way]
    quiet_until: datetime | None


def _receiver(row: Any, news: News, through: frozenset[Way]) -> _Receiver:
    chosen = row.chosen or {}
    wanted = (way for way in through if chosen.get(way.value, is_usual(news.kind, way)) and is_offered(news.kind, way))
    return _Receiver(row.id, frozenset(wanted), quiet_until(read(row.quiet), row.timezone, news.at))


def _receivers(news: News) -> sa.Select[Any]:
    member = sa.exists(
        sa.select(BrandMember.user_id).where(BrandMember.user_id == User.id, BrandMember.brand_id == news.brand_id)
    )
    choice = NotificationChoice
    chosen = sa.select(sa.func.jsonb_object_agg(choice.way, choice.wanted)).where(
        choice.user_id == User.id, choice.kind == news.kind
    )
    may_see = sa.or_(users_with(Permission.BRANDS_ALL), member)  # without a brand nobody is a member
    conditions = [User.disabled_at.is_(None), may_see]
    if news.actor_user_id is not None:
        conditions.append(User.id != news.actor_user_id)
    columns = (User.id, User.timezone, NotificationSettings.quiet, chosen.scalar_subquery().label("chosen"))
    settings = sa.outerjoin(User, NotificationSettings, NotificationSettings.user_id == User.id)
    return sa.select(*columns).select_from(settings).where(*conditions).order_by(User.id)


def _write(session: Session, news: News, receivers: list[_Receiver]) -> tuple[dict[uuid.UUID, uuid.UUID], frozenset[uuid.UUID]]:
    """Write the notifications. Return {user id: notification id}, and a set of user ids.

    The set has the users whose unread "new work" notification was only updated. They are not disturbed again so soon.
    """
    values = {
        "ids": [new_id() for _ in receivers],
        "user_ids": [receiver.user_id for receiver in receivers],
        "in_apps": [Way.APP in receiver.ways for receiver in receivers],
        "kind": news.kind,
        "thread_id": news.thread_id,
        "channel_id": news.channel_id,
        "brand_id": news.brand_id if news.place else None,
        "place": news.place,
        "text": news.text,
        "message_id": news.message_id,
        "actor_user_id": news.actor_user_id,
        "count": news.count,
        "created_at": news.at,
    }
    is_new_work = news.kind == NotificationKind.NEW_WORK
    rows = session.connection().execute(_inserting(is_new_work), values).all()
    again = (row.user_id for row in rows if is_new_work and row.created_at != news.at)
    return {row.user_id: row.id for row in rows}, frozenset(again)


@lru_cache(maxsize=2)
def _inserting(is_new_work: bool) -> sa.Insert:
    """Build the SQL statement that writes one notification for each of several users. For the kinds `message` and `new_work`,
    it updates a user's unread notification of the same thread or place instead, if there is one.

    The statement is built only once, because the values are parameters. For new work, the same message is counted only once,
    and `created_at` stays the time at which the user was last notified.
    """
    table = table_of(Notification)
    of_each: dict[str, type[sa.types.TypeEngine[Any]]] = {"id": sa.Uuid, "user_id": sa.Uuid, "in_app": sa.Boolean}
    arrays = [sa.bindparam(f"{name}s", type_=sa.ARRAY(kind)) for name, kind in of_each.items()]
    columns = [sa.column(name, kind) for name, kind in of_each.items()]
    each = sa.func.unnest(*arrays).table_valued(*columns, name="each").render_derived()
    about = ("thread_id", "channel_id", "brand_id", "message_id", "actor_user_id")
    shared = ("kind", "place", "text", "count", "created_at", *about)
    of_all = [sa.cast(sa.bindparam(name, type_=table.c[name].type), table.c[name].type) for name in shared]
    insert = postgresql.insert(table).from_select([*of_each, *shared], sa.select(*each.c, *of_all))
    new, old = insert.excluded, table.c
    is_same, is_recent = old.message_id == new.message_id, old.created_at > new.created_at - TOLD_AGAIN
    joined = {"message_id": new.message_id, "in_app": new.in_app, "count": old["count"] + 1, "created_at": new.created_at}
    if is_new_work:
        joined |= {
            "in_app": sa.or_(old.in_app, new.in_app),
            "count": sa.case((is_same, old["count"]), else_=old["count"] + new["count"]),
            "created_at": sa.case((is_recent, old.created_at), else_=new.created_at),
        }
    unread = f"read_at IS NULL AND kind = '{NotificationKind.NEW_WORK if is_new_work else NotificationKind.MESSAGE}'"
    join = insert.on_conflict_do_update(
        index_elements=["user_id", "place" if is_new_work else "thread_id"], index_where=sa.text(unread), set_=joined
    )
    return join.returning(old.user_id, old.id, old.created_at)


def mark_read(
    session: Session,
    *,
    user_id: uuid.UUID,
    now: datetime,
    notification_id: uuid.UUID | None = None,
    thread_id: uuid.UUID | None = None,
) -> int:
    """Mark notifications of the user as read: the given one, those of the given thread, or all if neither is given. Return how
    many were unread."""
    statement = sa.update(Notification).where(Notification.user_id == user_id, Notification.read_at.is_(None)).values(read_at=now)
    if notification_id is not None:
        statement = statement.where(Notification.id == notification_id)
    if thread_id is not None:
        statement = statement.where(Notification.thread_id == thread_id)
    return len(session.execute(statement.returning(Notification.id)).all())


@dataclass(frozen=True)
class Wishes:
    """A user's preferences as the form sends them. A pair of kind and way that is missing in `wanted` is not wanted."""

    wanted: Collection[tuple[NotificationKind, Way]]
    quiet: Week = NO_QUIET
    shows_content: bool = False
    digest_hour: int | None = None


def set_preferences(session: Session, wishes: Wishes, *, user_id: uuid.UUID, now: datetime, actor: Actor) -> None:
    """Save a user's preferences. Dispatches that quiet hours hold back now wait for the end of the new quiet hours."""
    session.execute(sa.delete(NotificationChoice).where(NotificationChoice.user_id == user_id))
    pairs = [(kind, way) for kind in NotificationKind for way in Way if is_offered(kind, way)]
    session.add_all(NotificationChoice(user_id=user_id, kind=k, way=w, wanted=(k, w) in wishes.wanted) for k, w in pairs)
    values = {"quiet": stored(wishes.quiet), "shows_content": wishes.shows_content, "digest_hour": wishes.digest_hour}
    insert = postgresql.insert(NotificationSettings).values(user_id=user_id, **values)
    session.execute(insert.on_conflict_do_update(index_elements=["user_id"], set_=values))
    zone = session.execute(sa.select(User.timezone).where(User.id == user_id)).scalar_one()
    hold_until(session, user_id=user_id, at=quiet_until(wishes.quiet, zone, now) or now)
    session.flush()
    detail = {"unwanted": [f"{k.value} {w.value}" for k, w in pairs if (k, w) not in wishes.wanted]}
    audit(session, action="NotificationsChosen", object_type="user", object_id=str(user_id), now=now, actor=actor, detail=detail)
