"""React to a chat message with an emoji: the reaction is shown at once, promised to the provider, and marked if refused."""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.contract.base import ChannelRules, Reason
from app.core.ids import new_id
from app.core.text import mark as N_
from app.domain.connections.models import Channel, Medium
from app.domain.delivery.actions import window_closes_at
from app.domain.delivery.chat_parts import find_answered
from app.domain.delivery.errors import UnableToReply, WindowClosed
from app.domain.delivery.reports import reason_json
from app.domain.delivery.signal_models import ChatSignal, SignalKind
from app.domain.events.actions import Actor, record
from app.domain.threads.actions import lock_thread, subject_of
from app.domain.threads.changes import OUTGOING, apply_change
from app.domain.threads.models import Message, Thread

EMOJI = ("👍", "❤️", "😂", "😮", "😢", "🙏")


def react(
    session: Session, *, message_id: uuid.UUID, emoji: str, rules: ChannelRules, actor: Actor, author_name: str, now: datetime
) -> None:
    """Set our reaction to a chat message, or remove it (`emoji` ""). Raises `UnableToReply` if we cannot react to this message,
    and `WindowClosed` if the channel's window for free messages is over."""
    if emoji not in ("", *EMOJI):
        raise UnableToReply("emoji", N_("This reaction does not exist"))
    message = session.get_one(Message, message_id)
    thread = lock_thread(session, message.thread_id)
    channel = session.get(Channel, message.channel_id) if message.channel_id else None
    if channel is None or channel.medium != Medium.WHATSAPP or find_answered(session, thread, message_id, channel) is None:
        raise UnableToReply("message_id", N_("You cannot react to this message"))
    closes_at = window_closes_at(thread, rules)
    if closes_at is not None and closes_at <= now:
        raise WindowClosed("message_id", N_("This message is over 24 hours old: WhatsApp no longer accepts reactions to it"))
    change = {"kind": "reaction", "text": emoji, "by": author_name, "who": "us", "side": OUTGOING, "at": now.isoformat()}
    if not apply_change(session, message_id, change, now=now):
        return
    session.add(
        ChatSignal(
            id=new_id(), kind=SignalKind.REACTION, channel_id=channel.id, message_id=message_id, emoji=emoji, created_at=now
        )
    )
    session.flush()
    record(session, "ReactionSent", subject=subject_of(thread, message), now=now, actor=actor, payload={"emoji": emoji})


def note_refused_reaction(session: Session, signal: ChatSignal, reason: Reason, *, now: datetime) -> None:
    """Replace our reaction on the message by a note that the provider refused it, with the reason."""
    message = session.get_one(Message, signal.message_id, with_for_update=True)
    mine = [r for r in message.reactions if r.get("who") == "us"]
    if not mine or mine[0]["emoji"] != signal.emoji:
        return  # another one took its place meanwhile
    refused = {**mine[0], "emoji": "", "refused": signal.emoji, "reason": reason_json(reason)}
    message.reactions = [*(r for r in message.reactions if r.get("who") != "us"), refused]
    session.execute(sa.update(Thread).where(Thread.id == message.thread_id).values(version=Thread.version + 1))
    thread = session.get_one(Thread, message.thread_id)
    record(session, "MessageChanged", subject=subject_of(thread, message), now=now, payload={"kind": "reaction"})
