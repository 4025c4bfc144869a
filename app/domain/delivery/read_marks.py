"""Promise read marks and typing signs to a chat's provider.

A read mark is promised once, and only for the newest message, because it also applies to all earlier ones. The channel
settings `read_marks` and `typing` switch them off. A typing sign also marks the message as read, so it needs both settings.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from app.core.ids import new_id
from app.domain.connections.models import Channel, Medium
from app.domain.delivery.signal_models import ChatSignal, SignalKind
from app.domain.threads.models import Message, MessageType, Thread

READABLE = timedelta(days=30)  # what is older can be marked no more
TYPING_EVERY = timedelta(seconds=20)


def mark_seen(session: Session, thread: Thread, *, now: datetime) -> None:
    """Promise the read mark of the thread's newest message, once."""
    promise = read_mark(thread, now=now)
    if promise is not None:
        session.execute(promise)


def read_mark(thread: Thread, *, now: datetime) -> postgresql.Insert | None:
    """Return the statement that promises the read mark; None for a thread that is no chat."""
    if thread.medium != Medium.WHATSAPP.value:
        return None
    return _promise_for_newest(thread, SignalKind.READ, [_says(Channel, "read_marks")], now)


def show_typing(session: Session, thread: Thread, *, now: datetime) -> None:
    """Promise the typing sign for a thread, unless one was promised within TYPING_EVERY. The caller has locked the thread."""
    if thread.medium != Medium.WHATSAPP.value:
        return
    lately = sa.select(ChatSignal.id).join(Message, Message.id == ChatSignal.message_id)
    lately = lately.where(
        Message.thread_id == thread.id, ChatSignal.kind == SignalKind.TYPING, ChatSignal.created_at > now - TYPING_EVERY
    )
    where = [_says(Channel, "read_marks"), _says(Channel, "typing"), ~sa.exists(lately)]
    session.execute(_promise_for_newest(thread, SignalKind.TYPING, where, now))


def _says(channel: type[Channel], name: str) -> sa.ColumnElement[bool]:
    """Return the condition on channels that the setting `name` is not "off"."""
    said: sa.ColumnElement[bool] = channel.settings[name].astext.is_distinct_from("off")
    return said


def _promise_for_newest(
    thread: Thread, kind: SignalKind, where: list[sa.ColumnElement[bool]], now: datetime
) -> postgresql.Insert:
    newest = (
        sa.select(Message.id, Message.channel_id)
        .where(Message.thread_id == thread.id, Message.message_type == MessageType.INCOMING)
        .where(Message.medium == Medium.WHATSAPP.value, Message.external_id.is_not(None), Message.occurred_at > now - READABLE)
        .order_by(Message.occurred_at.desc(), Message.id.desc())
        .limit(1)
        .subquery("newest")
    )
    values = (sa.literal(new_id()), sa.literal(kind.value), newest.c.channel_id, newest.c.id, sa.literal(now))
    able = sa.select(*values).join(Channel, Channel.id == newest.c.channel_id).where(Channel.is_active, *where)
    columns = ["id", "kind", "channel_id", "message_id", "created_at"]
    return postgresql.insert(ChatSignal).from_select(columns, able, include_defaults=False).on_conflict_do_nothing()
