"""Schedule replies and forwards for later: store, change, send now, hold, cancel. When a row is due, it is queued with all
checks of a reply.

If a message arrives in the thread before that time, the reply is held until its writer decides. A row is changed under the
lock of its thread and claimed by compare-and-set. So if it is cancelled, edited, sent by hand and due at the same time, only
one of these happens. A repeat is harmless.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.db import table_of
from app.core.ids import new_id
from app.core.work import DONE, READY, claim, finish
from app.domain.accounts.models import User
from app.domain.connections.models import Channel
from app.domain.delivery.actions import (
    ChannelOff,
    Reply,
    ReplyContext,
    UnableToReply,
    WindowClosed,
    check_may_answer,
    check_reply,
    find_scheduled_by_token,
    queue_reply,
)
from app.domain.delivery.forward import Forward, check_forward, get_original, queue_forward
from app.domain.delivery.models import ScheduledReply
from app.domain.delivery.scheduled_forward import forward_of, is_forward, kept_forward
from app.domain.events.actions import SYSTEM, Actor, record
from app.domain.events.models import Event
from app.domain.threads.actions import (
    ThreadMovedOn,
    check_nothing_newer,
    discard_draft,
    find_by_client_token,
    lock_thread,
    subject_of,
)
from app.domain.threads.forward_drafts import KIND as FORWARD
from app.domain.threads.models import Message, Thread
from app.domain.threads.recall_state import check_not_taken_back, seen_before

TABLE = table_of(ScheduledReply)
HELD = "held"
WAITING = (READY, HELD)
NEWER, WINDOW, CHANNEL_OFF, WRITER_GONE, BROKEN = "newer", "window", "channel_off", "writer_gone", "broken"
SPAM = "spam"


class NoLongerScheduled(Exception):
    """The scheduled reply was sent or cancelled meanwhile. `thread_id`: its thread, None if there is no such row."""

    def __init__(self, thread_id: uuid.UUID | None = None) -> None:
        super().__init__(str(thread_id))
        self.thread_id = thread_id


class NotTheScheduler(Exception):
    """The user did not write the scheduled reply; only its writer may change it or send it now."""


def schedule_reply(
    session: Session, reply: Reply, *, at: datetime, channel: Channel, author: Actor, context: ReplyContext
) -> ScheduledReply | Message:
    """Schedule a reply for the time `at`. A repeat with the same `client_token` returns the first row, or the message if the
    form was already sent at once. Raises the same errors as `queue_reply`."""
    thread = lock_thread(session, reply.thread_id)
    repeat = _find_repeat(session, author, reply.client_token)
    if repeat is not None:
        return repeat
    seen = _check_current(session, thread, reply, author)
    check_may_answer(session, thread, author)
    check_reply(session, thread, reply, channel, context)
    row = _new_row(reply, _kept(reply), at=at, thread=thread, channel=channel, author=author, seen=seen, now=context.now)
    return _promise(session, thread, row, author=author, draft="reply", now=context.now)


def schedule_forward(
    session: Session, forward: Forward, *, at: datetime, channel: Channel, author: Actor, context: ReplyContext
) -> ScheduledReply | Message:
    """Schedule a forward for the time `at`. A repeat with the same `client_token` returns the first row, or the message if the
    form was already sent at once. Raises the same errors as `queue_forward`."""
    thread = lock_thread(session, get_original(session, forward).thread_id)
    repeat = _find_repeat(session, author, forward.client_token)
    if repeat is not None:
        return repeat
    seen = _check_current(session, thread, forward, author)
    check_forward(session, forward, channel, author, context)
    kept = kept_forward(forward)
    row = _new_row(forward, kept, at=at, thread=thread, channel=channel, author=author, seen=seen, now=context.now)
    return _promise(session, thread, row, author=author, draft=FORWARD, now=context.now)


def _find_repeat(session: Session, author: Actor, token: uuid.UUID | None) -> ScheduledReply | Message | None:
    form_of = (author.user_id, token)
    return find_scheduled_by_token(session, *form_of) or find_by_client_token(session, *form_of)


def _check_current(session: Session, thread: Thread, asked: Reply | Forward, author: Actor) -> uuid.UUID | None:
    """Return the id of the newest message that the writer saw. Raises `AlreadyTakenBack` if the message of this form was taken
    back, and `ThreadMovedOn` if the thread has newer messages."""
    check_not_taken_back(session, author.user_id, asked.client_token)
    seen = seen_before(session, thread, asked.last_seen_message_id)
    check_nothing_newer(session, thread, last_seen_message_id=seen, user_id=author.user_id)
    return seen


def _new_row(
    asked: Reply | Forward,
    kept: dict[str, Any],
    *,
    at: datetime,
    thread: Thread,
    channel: Channel,
    author: Actor,
    seen: uuid.UUID | None,
    now: datetime,
) -> ScheduledReply:
    return ScheduledReply(
        id=new_id(),
        thread_id=thread.id,
        channel_id=channel.id,
        user_id=author.user_id,
        reply=kept,
        hold_if_newer=True,
        last_seen_message_id=seen,
        client_token=asked.client_token,
        created_at=now,
        state=READY,
        run_at=at,
        attempts=0,
    )


def _promise(
    session: Session, thread: Thread, row: ScheduledReply, *, author: Actor, draft: str, now: datetime
) -> ScheduledReply:
    session.add(row)
    discard_draft(session, user_id=row.user_id, thread_id=thread.id, kind=draft)
    _note(session, thread, "ReplyScheduled", row, author, now)
    return row


def _kept(reply: Reply) -> dict[str, Any]:
    return {
        "text": reply.text,
        "html": reply.html,
        "template": reply.template,
        "attachment_ids": [str(file_id) for file_id in reply.attachment_ids],
        "cc": list(reply.cc),
        "bcc": list(reply.bcc),
        "signature": reply.signature,
        "options": reply.options,
        "answers": str(reply.answers_message_id) if reply.answers_message_id else None,
        "choices": reply.choices,
    }


def _reply_of(row: ScheduledReply, thread: Thread, *, seen: uuid.UUID | None) -> Reply:
    kept = row.reply
    return Reply(
        thread_id=thread.id,
        text=kept["text"],
        html=kept.get("html", ""),
        channel_id=row.channel_id,
        template=kept.get("template"),
        attachment_ids=tuple(uuid.UUID(text) for text in kept.get("attachment_ids", ())),
        last_seen_message_id=seen,
        client_token=row.id,
        cc=tuple(kept.get("cc", ())),
        bcc=tuple(kept.get("bcc", ())),
        signature=kept.get("signature", ""),
        options=kept.get("options", {}),
        answers_message_id=uuid.UUID(kept["answers"]) if kept.get("answers") else None,
        choices=kept.get("choices"),
    )


def _lock(session: Session, scheduled_id: uuid.UUID) -> tuple[Thread, ScheduledReply]:
    """Lock and return a scheduled reply and its present thread. Raises `NoLongerScheduled` if the reply no longer waits."""
    where = sa.select(ScheduledReply.thread_id).where(ScheduledReply.id == scheduled_id)
    thread_id = session.execute(where).scalar_one_or_none()
    if thread_id is None:
        raise NoLongerScheduled
    thread = lock_thread(session, thread_id)
    waiting = sa.and_(ScheduledReply.id == scheduled_id, ScheduledReply.state.in_(WAITING))
    query = sa.select(ScheduledReply).where(waiting).with_for_update().execution_options(populate_existing=True)
    row = session.execute(query).scalar_one_or_none()
    if row is None:
        raise NoLongerScheduled(thread.id)
    return thread, row


def send_due_reply(session: Session, scheduled_id: uuid.UUID, *, context: ReplyContext) -> Message | None:
    """Queue a scheduled reply if it is due, and return its message; None if it is not due, was held or no longer waits."""
    try:
        thread, row = _lock(session, scheduled_id)
    except NoLongerScheduled:
        return None
    lease = claim(session, TABLE, row.id)
    if lease is None:
        return None
    session.refresh(row)
    try:
        with session.begin_nested():
            seen = row.last_seen_message_id if row.hold_if_newer else None
            message = _queue(session, thread, row, context, seen=seen)
    except (ThreadMovedOn, UnableToReply, _WriterGone) as error:
        finish(session, TABLE, lease, state=HELD, values={"held_because": _why(error)})
        _note(session, thread, "ScheduledReplyHeld", row, SYSTEM, context.now)
        return None
    finish(session, TABLE, lease, state=DONE, values={"message_id": message.id, "ended_at": context.now})
    return message


def send_scheduled_now(
    session: Session, scheduled_id: uuid.UUID, *, actor: Actor, context: ReplyContext, seen: uuid.UUID | None
) -> Message:
    """Queue a scheduled reply now, on its writer's request, and return its message. `seen`: the newest item the writer saw.

    Raises NoLongerScheduled, NotTheScheduler, ThreadMovedOn, UnableToReply; then nothing is changed.
    """
    thread, row = _lock(session, scheduled_id)
    _check_own(row, actor)
    message = _queue(session, thread, row, context, seen=seen)
    row.state, row.held_because, row.message_id, row.ended_at = DONE, None, message.id, context.now
    session.flush()
    return message


class _WriterGone(Exception):
    """The writer of the scheduled reply was disabled."""


def _queue(session: Session, thread: Thread, row: ScheduledReply, context: ReplyContext, *, seen: uuid.UUID | None) -> Message:
    channel, writer = session.get_one(Channel, row.channel_id), session.get_one(User, row.user_id)
    if writer.disabled_at is not None:
        raise _WriterGone
    author = Actor(user_id=row.user_id)
    if is_forward(row):
        forward = forward_of(row, seen=seen)
        return queue_forward(session, forward, channel=channel, author=author, author_name=writer.name, context=context)
    reply = _reply_of(row, thread, seen=seen)
    return queue_reply(session, reply, channel=channel, author=author, author_name=writer.name, context=context)[0]


def _why(error: Exception) -> str:
    codes = {ThreadMovedOn: NEWER, WindowClosed: WINDOW, ChannelOff: CHANNEL_OFF, _WriterGone: WRITER_GONE}
    return codes.get(type(error)) or str(error)


def _check_own(row: ScheduledReply, actor: Actor) -> None:
    if row.user_id != actor.user_id:
        raise NotTheScheduler


def hold_scheduled(session: Session, scheduled_id: uuid.UUID, *, why: str, now: datetime, caused_by: Event | None = None) -> None:
    """Hold a scheduled reply until its writer decides. Does nothing if it is held already or has ended. `why`: NEWER, WINDOW or
    another code, or the reason in words."""
    try:
        thread, row = _lock(session, scheduled_id)
    except NoLongerScheduled:
        return
    if row.state == READY:
        row.state, row.held_because = HELD, why
        session.flush()
        _note(session, thread, "ScheduledReplyHeld", row, SYSTEM, now, caused_by=caused_by)


def reschedule(
    session: Session,
    scheduled_id: uuid.UUID,
    *,
    at: datetime,
    seen: uuid.UUID | None,
    actor: Actor,
    context: ReplyContext,
) -> None:
    """Move a scheduled reply to another time. A reply that was held waits again. `seen`: the newest item that the writer saw.

    Raises NoLongerScheduled, NotTheScheduler, ThreadMovedOn, UnableToReply; then nothing is changed.
    """
    thread, row = _lock(session, scheduled_id)
    _check_own(row, actor)
    seen = seen_before(session, thread, seen)
    check_nothing_newer(session, thread, last_seen_message_id=seen, user_id=actor.user_id)
    _check_can_go(session, thread, row, context)
    row.state, row.held_because, row.run_at, row.hinted_at = READY, None, at, None
    row.last_seen_message_id = seen or row.last_seen_message_id
    session.flush()
    _note(session, thread, "ScheduledReplyChanged", row, actor, context.now)


def _check_can_go(session: Session, thread: Thread, row: ScheduledReply, context: ReplyContext) -> None:
    channel = session.get_one(Channel, row.channel_id)
    if is_forward(row):
        check_forward(session, forward_of(row, seen=None), channel, Actor(user_id=row.user_id), context)
    else:
        check_reply(session, thread, _reply_of(row, thread, seen=None), channel, context)


def cancel_scheduled(session: Session, scheduled_id: uuid.UUID, *, actor: Actor, now: datetime) -> ScheduledReply:
    """Cancel a scheduled reply and return it. Its attached files remain available as uploads of the writer. Raises
    `NoLongerScheduled` if it does not wait any more."""
    thread, row = _lock(session, scheduled_id)
    row.state, row.held_because, row.ended_at = "cancelled", None, now
    session.flush()
    _note(session, thread, "ScheduledReplyCancelled", row, actor, now)
    return row


def _note(
    session: Session,
    thread: Thread,
    event: str,
    row: ScheduledReply,
    actor: Actor,
    now: datetime,
    caused_by: Event | None = None,
) -> None:
    thread.version += 1
    session.flush()
    payload = {"id": str(row.id), "user_id": str(row.user_id)}
    about = ("scheduled_reply", row.id)
    subject = subject_of(thread)
    record(session, event, subject=subject, now=now, actor=actor, payload=payload, about=about, caused_by=caused_by)
