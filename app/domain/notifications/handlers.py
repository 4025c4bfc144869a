"""Decide which users are notified of events on threads. The handlers run in the transaction of the change; see app/wiring.py."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from app.core.db import table_of
from app.domain.accounts.models import TeamMember, User
from app.domain.accounts.permissions import Permission, users_with
from app.domain.events.models import Event
from app.domain.notifications.actions import News, tell
from app.domain.notifications.models import Notification, NotificationKind, Way
from app.domain.threads.automatic import by_people, in_older_threads
from app.domain.threads.models import Message, Thread
from app.domain.threads.people_models import ThreadWatcher
from app.domain.threads.row_moves import move_rows, moved_ids, parse_move, remove_rows, return_rows

NOTIFICATIONS = table_of(Notification)


def tell_mentioned(session: Session, event: Event) -> None:
    """Handle `NoteAdded`: notify the users that the note mentions."""
    mentioned = [uuid.UUID(user_id) for user_id in event.payload.get("mentions", ())]
    if mentioned:
        tell(session, _news(event, NotificationKind.MENTION), to=User.id.in_(mentioned), caused_by=event)


def tell_assignee(session: Session, event: Event) -> None:
    """Handle `ThreadAssigned`: notify the new assignee, unless they assigned the thread to themselves."""
    assignee = event.payload.get("to")
    if assignee is not None and assignee != str(event.actor_user_id):
        tell(session, _news(event, NotificationKind.ASSIGNMENT), to=User.id == uuid.UUID(assignee), caused_by=event)


def tell_team(session: Session, event: Event) -> None:
    """Handle `ThreadHandedOver`: notify the team that got the thread, except the user who handed it over."""
    if event.payload.get("to") is not None:
        members = sa.select(TeamMember.user_id).where(TeamMember.team_id == uuid.UUID(event.payload["to"]))
        tell(session, _news(event, NotificationKind.TEAM), to=User.id.in_(members), caused_by=event)


def tell_followers(session: Session, events: Sequence[Event]) -> None:
    """Handle `MessageReceived`: notify the thread's assignee and watchers, unless a machine wrote the message or the thread is
    spam."""
    thread_ids = [event.thread_id for event in by_people(session, in_older_threads(events))]
    if not thread_ids:
        return
    watchers = sa.select(sa.func.array_agg(ThreadWatcher.user_id)).where(ThreadWatcher.thread_id == Thread.id).scalar_subquery()
    followed = sa.select(Thread.id, Thread.assignee_user_id, watchers.label("watchers"))
    followed = followed.where(Thread.id == sa.any_(sa.literal(thread_ids, sa.ARRAY(sa.Uuid))), Thread.spam_at.is_(None))
    followers = {row.id: {row.assignee_user_id, *(row.watchers or ())} - {None} for row in session.execute(followed)}
    for event in events:
        if event.thread_id in followers and (users := followers[event.thread_id]):
            tell(session, _news(event, NotificationKind.MESSAGE), to=User.id.in_(users), caused_by=event)


def tell_writer_of_held(session: Session, event: Event) -> None:
    """Handle `ScheduledReplyHeld`: notify the user who scheduled the reply."""
    writer = uuid.UUID(event.payload["user_id"])
    tell(session, _news(event, NotificationKind.HELD), to=User.id == writer, caused_by=event)


def tell_of_unsent(session: Session, event: Event) -> None:
    """Handle `SendFailed`: notify the writer of the message and the assignee of the thread."""
    message = session.get_one(Message, event.message_id)
    thread = session.get_one(Thread, event.thread_id)
    concerned = {message.sender_user_id, thread.assignee_user_id} - {None}
    tell(session, _news(event, NotificationKind.UNSENT), to=User.id.in_(concerned), caused_by=event)


def tell_escalation(session: Session, event: Event) -> None:
    """Handle `EscalationStepReached`: notify the users that the step names, in the ways that it names. Quiet hours do not delay
    this if the step says so."""
    told = [uuid.UUID(user_id) for user_id in event.payload["user_ids"]]
    through = frozenset(Way(way) for way in event.payload["through"])
    if told and through:
        news, now = _news(event, NotificationKind.ESCALATION), bool(event.payload["in_quiet_hours"])
        tell(session, news, to=User.id.in_(told), caused_by=event, through=through, in_quiet_hours=now)


def tell_administrators(session: Session, event: Event) -> None:
    """Handle `ChannelAlerted`: notify every administrator."""
    if event.brand_id is None:
        raise ValueError(f"{event.type} names no brand")
    about = {"channel_id": uuid.UUID(event.payload["channel_id"]), "text": event.payload["text"]}
    news = News(NotificationKind.CHANNEL, event.brand_id, None, None, event.actor_user_id, event.occurred_at, **about)
    tell(session, news, to=users_with(Permission.ALERTS_RECEIVE), caused_by=event)


def follow_merged_thread(session: Session, event: Event) -> None:
    """Handle `ThreadsMerged` and `SplitUndone`: move watchers and notifications to the thread that is kept."""
    move = parse_move(event)
    if move.gone is None:
        return
    stays = sa.literal(move.thread_id, sa.Uuid)
    theirs = sa.select(stays, ThreadWatcher.user_id, ThreadWatcher.created_at).where(ThreadWatcher.thread_id == move.gone)
    columns = ["thread_id", "user_id", "created_at"]
    session.execute(postgresql.insert(ThreadWatcher).from_select(columns, theirs).on_conflict_do_nothing())
    other = NOTIFICATIONS.alias("other")
    twin = sa.exists(sa.select(other.c.id).where(other.c.thread_id == move.thread_id, _same_news(other)))
    doubled = sa.and_(NOTIFICATIONS.c.thread_id == move.gone, _is_unread_message(NOTIFICATIONS), twin)
    remove_rows(session, NOTIFICATIONS, move_id=move.noted_as, where=doubled)
    move_rows(session, NOTIFICATIONS, move_id=move.noted_as, origin=move.gone, target=move.thread_id)


def follow_split(session: Session, event: Event) -> None:
    """Handle `ThreadSplit`: move the notifications of the moved messages to the new thread."""
    move = parse_move(event)
    about = NOTIFICATIONS.c.message_id.in_(moved_ids(move.id, "messages"))
    move_rows(session, NOTIFICATIONS, move_id=move.id, origin=move.thread_id, target=move.other, where=(about,))


def go_back(session: Session, event: Event) -> None:
    """Handle `MergeUndone` and `SplitUndone`: return notifications to the thread from which they were moved. If a user then has
    two unread ones in that thread, only the newer is kept."""
    move = parse_move(event)
    other = NOTIFICATIONS.alias("other")
    twin = sa.exists(sa.select(other.c.id).where(other.c.thread_id == move.target, _same_news(other)))
    back = NOTIFICATIONS.c.id.in_(moved_ids(move.id, NOTIFICATIONS.name))
    doubled = sa.and_(NOTIFICATIONS.c.thread_id == move.origin, _is_unread_message(NOTIFICATIONS), back, twin)
    remove_rows(session, NOTIFICATIONS, move_id=None, where=doubled)
    return_rows(session, NOTIFICATIONS, move_id=move.id, origin=move.origin, target=move.target)


def _is_unread_message(table: sa.FromClause) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.kind == NotificationKind.MESSAGE, table.c.read_at.is_(None))


def _same_news(other: sa.FromClause) -> sa.ColumnElement[bool]:
    """Return the SQL condition that `other` is an unread notification of messages for the same user. A user has at most one of
    these per thread."""
    return sa.and_(_is_unread_message(other), other.c.user_id == NOTIFICATIONS.c.user_id)


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
