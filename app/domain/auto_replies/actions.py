"""Answer a message automatically, at most once, and record the decision; save a channel's automatic answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from app.core.db import advisory_xact_lock
from app.core.ids import new_id
from app.core.runtime import runtime
from app.core.text import mark as N_
from app.domain.accounts.models import Brand
from app.domain.auto_replies.evaluate import Look, look_at
from app.domain.auto_replies.models import AutoReply, AutoReplyDecision, AutoReplyKind
from app.domain.auto_replies.queries import address_of, find_decision, read_auto_replies
from app.domain.auto_replies.texts import SUBJECT_MARKS
from app.domain.connections.models import Channel, Medium
from app.domain.delivery.actions import Reply, ReplyContext, UnableToReply, queue_reply
from app.domain.events.actions import Actor, Subject, record
from app.domain.events.models import Event
from app.domain.threads.actions import lock_thread
from app.domain.threads.models import Message, MessageType, Thread
from app.mail.headers import strip_reply_marks

NO_CHANNEL = N_("The channel cannot send messages")
KIND = "auto_reply"


@dataclass(frozen=True)
class AutoReplyContent:
    """The automatic answer of a channel for one occasion. `texts`: language → text with variables."""

    kind: AutoReplyKind
    is_on: bool
    texts: Mapping[str, str]


def save_auto_replies(
    session: Session, channel: Channel, contents: tuple[AutoReplyContent, ...], *, now: datetime, actor: Actor
) -> None:
    """Save the automatic answers of a channel, one for each given occasion."""
    for content in contents:
        values = {"is_on": content.is_on, "texts": dict(content.texts), "updated_at": now, "updated_by_user_id": actor.user_id}
        statement = postgresql.insert(AutoReply).values(channel_id=channel.id, kind=content.kind, **values)
        session.execute(statement.on_conflict_do_update(index_elements=["channel_id", "kind"], set_=values))
    payload = {"channel_id": str(channel.id), "on": [content.kind.value for content in contents if content.is_on]}
    about, subject = ("channel", channel.id), Subject(brand_id=channel.brand_id)
    record(session, "AutoRepliesChanged", subject=subject, now=now, actor=actor, payload=payload, about=about)


def answer_message(session: Session, event: Event, *, now: datetime) -> AutoReplyDecision | None:
    """Decide whether the message of a `MessageReceived` event is answered automatically, and queue the answer.

    Return the stored decision, or None if no occasion applies or the message was decided before. The decisions of a brand
    are made one after another, so that parallel workers count each other's answers in the limits.
    """
    message = session.get(Message, event.message_id) if event.message_id else None
    if message is None or message.message_type != MessageType.INCOMING or message.channel_id is None:
        return None
    rules = read_auto_replies(session, message.channel_id)
    if not any(rule.is_on for rule in rules.values()):
        return None
    advisory_xact_lock(session, f"auto-replies:{message.brand_id}")
    if find_decision(session, message.id) is not None:
        return None
    thread = lock_thread(session, message.thread_id)
    look = look_at(session, message, thread, rules=rules, now=now)
    if look is None:
        return None
    sent, reason = (None, look.reason) if look.reason else _send(session, message, thread, look, event, now)
    return _note(session, message, look.kind, reason=reason, sent=sent, now=now)


def _send(
    session: Session, message: Message, thread: Thread, look: Look, event: Event, now: datetime
) -> tuple[Message | None, str]:
    """Queue the answer and return (message, ""). If the channel cannot send it, return (None, reason)."""
    channel = session.get_one(Channel, message.channel_id)
    house = runtime()
    if channel.adapter_key not in house.adapters.senders:
        return None, NO_CHANNEL
    brand = session.get_one(Brand, thread.brand_id)
    context = ReplyContext(
        rules=house.adapters.rules[channel.channel_type.value],
        mail_keys=house.mail_keys,
        mail_domain=house.settings.mail_domain,
        now=now,
    )
    reply = Reply(thread_id=thread.id, text=look.text, channel_id=channel.id, is_automatic=True)
    actor = Actor(caused_by=event, by={"kind": KIND, "name": look.kind.value})
    try:
        with session.begin_nested():
            answer = queue_reply(session, reply, channel=channel, author=actor, author_name=brand.name, context=context)[0]
    except UnableToReply as error:
        return None, str(error)
    if channel.medium == Medium.EMAIL:
        answer.subject = (SUBJECT_MARKS[look.language] + strip_reply_marks(message.subject))[:998].strip()
    answer.meta = {**answer.meta, KIND: look.kind.value}
    session.flush()
    return answer, ""


def _note(
    session: Session, message: Message, kind: AutoReplyKind, *, reason: str, sent: Message | None, now: datetime
) -> AutoReplyDecision:
    decision = AutoReplyDecision(
        id=new_id(),
        message_id=message.id,
        thread_id=message.thread_id,
        brand_id=message.brand_id,
        channel_id=message.channel_id,
        contact_id=message.sender_contact_id,
        address=address_of(message),
        kind=kind,
        reason=reason,
        sent_message_id=sent.id if sent else None,
        decided_at=now,
    )
    session.add(decision)
    session.flush()
    return decision
