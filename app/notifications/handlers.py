"""Who is told of what happens on threads. Called in the transaction of the change, see app/wiring.py."""

from __future__ import annotations

import uuid

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session, aliased

from app.accounts.models import User
from app.events.models import Event
from app.inbox.models import Message, Thread
from app.inbox.people_models import ThreadWatcher
from app.notifications.actions import News, tell
from app.notifications.models import Notification, NotificationKind


def tell_mentioned(session: Session, event: Event) -> None:
    """`NoteAdded`: the people its text names."""
    mentioned = [uuid.UUID(user_id) for user_id in event.payload.get("mentions", ())]
    if mentioned:
        tell(session, _news(event, NotificationKind.MENTION), to=User.id.in_(mentioned), caused_by=event)


def tell_assignee(session: Session, event: Event) -> None:
    """`ThreadAssigned`: whoever got it, unless they took it themselves."""
    assignee = event.payload.get("to")
    if assignee is not None and assignee != str(event.actor_user_id):
        tell(session, _news(event, NotificationKind.ASSIGNMENT), to=User.id == uuid.UUID(assignee), caused_by=event)


def tell_followers(session: Session, event: Event) -> None:
    """`MessageReceived`: the assignee and the watchers, unless a machine wrote it."""
    message = session.get(Message, event.message_id)
    if message is None or message.automatic is not None:
        return
    assignee = sa.select(Thread.assignee_user_id).where(Thread.id == event.thread_id).scalar_subquery()
    watchers = sa.select(ThreadWatcher.user_id).where(ThreadWatcher.thread_id == event.thread_id)
    to = sa.or_(User.id == assignee, User.id.in_(watchers))
    tell(session, _news(event, NotificationKind.MESSAGE), to=to, caused_by=event)


def tell_writer_of_held(session: Session, event: Event) -> None:
    """`ScheduledReplyHeld`: whoever scheduled the reply."""
    writer = uuid.UUID(event.payload["user_id"])
    tell(session, _news(event, NotificationKind.HELD), to=User.id == writer, caused_by=event)


def follow_merged_thread(session: Session, event: Event) -> None:
    """`ThreadsMerged`: watchers and notifications of the thread that goes belong to the one that stays."""
    gone = uuid.UUID(event.payload["merged_thread_id"])
    stays = sa.literal(event.thread_id, sa.Uuid)
    theirs = sa.select(stays, ThreadWatcher.user_id, ThreadWatcher.created_at).where(ThreadWatcher.thread_id == gone)
    columns = ["thread_id", "user_id", "created_at"]
    session.execute(postgresql.insert(ThreadWatcher).from_select(columns, theirs).on_conflict_do_nothing())
    unread = sa.and_(Notification.kind == NotificationKind.MESSAGE, Notification.read_at.is_(None))
    other = aliased(Notification)
    twin = sa.exists(
        sa.select(other.id).where(
            other.thread_id == event.thread_id,
            other.user_id == Notification.user_id,
            other.kind == NotificationKind.MESSAGE,
            other.read_at.is_(None),
        )
    )
    of_gone = Notification.thread_id == gone
    unsynchronised = {"synchronize_session": False}
    session.execute(sa.delete(Notification).where(of_gone, unread, twin).execution_options(**unsynchronised))
    session.execute(sa.update(Notification).where(of_gone).values(thread_id=event.thread_id).execution_options(**unsynchronised))


def _news(event: Event, kind: NotificationKind) -> News:
    if event.brand_id is None or event.thread_id is None:
        raise ValueError(f"{event.type} names no thread")
    return News(
        kind=kind,
        brand_id=event.brand_id,
        thread_id=event.thread_id,
        message_id=event.message_id,
        actor_user_id=event.actor_user_id,
        at=event.occurred_at,
    )
