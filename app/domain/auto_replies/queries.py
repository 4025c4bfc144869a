"""Read automatic answers, decisions, and the facts that speak for or against an answer."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.domain.auto_replies.eligibility import ONCE_IN, TALKING, Letter
from app.domain.auto_replies.models import AutoReply, AutoReplyDecision, AutoReplyKind
from app.domain.connections.models import Channel, Medium
from app.domain.connections.queries import own_mail_addresses
from app.domain.contacts.actions import IdentityInput
from app.domain.contacts.models import Contact, ContactIdentity
from app.domain.threads.automatic import is_automatic_answer
from app.domain.threads.calls import is_no_missed_call
from app.domain.threads.models import Message, MessageType, Thread
from app.domain.threads.spam import is_blocked


def is_answering(session: Session, channel_id: uuid.UUID) -> bool:
    """Return whether the channel has an automatic answer that is on."""
    on = sa.select(AutoReply.kind).where(AutoReply.channel_id == channel_id, AutoReply.is_on)
    return session.execute(on.limit(1)).first() is not None


def read_auto_replies(session: Session, channel_id: uuid.UUID) -> dict[AutoReplyKind, AutoReply]:
    """Return a channel's automatic answers by occasion, on or off; occasions that nobody saved are missing."""
    query = sa.select(AutoReply).where(AutoReply.channel_id == channel_id)
    return {row.kind: row for row in session.execute(query).scalars()}


def list_auto_replies_on(session: Session, channel_ids: Sequence[uuid.UUID]) -> set[tuple[uuid.UUID, AutoReplyKind]]:
    """Return the automatic answers of these channels that are switched on, as pairs of channel id and occasion."""
    query = sa.select(AutoReply.channel_id, AutoReply.kind).where(AutoReply.is_on, AutoReply.channel_id.in_(channel_ids))
    return {(row.channel_id, row.kind) for row in session.execute(query)}


def find_decision(session: Session, message_id: uuid.UUID) -> AutoReplyDecision | None:
    return session.execute(sa.select(AutoReplyDecision).where(AutoReplyDecision.message_id == message_id)).scalar_one_or_none()


@dataclass(frozen=True)
class DecisionRow:
    """A decision with the names of its channel and contact and the number of its thread, for the log."""

    decision: AutoReplyDecision
    channel: str
    thread_number: int
    contact: str


def list_decisions(session: Session, *, brand_ids: Sequence[uuid.UUID], limit: int) -> list[DecisionRow]:
    """List the decisions of these brands, the newest first."""
    query = (
        sa.select(AutoReplyDecision, Channel.name, Thread.number, Contact.name)
        .join(Channel, Channel.id == AutoReplyDecision.channel_id)
        .join(Thread, Thread.id == AutoReplyDecision.thread_id)
        .outerjoin(Contact, Contact.id == AutoReplyDecision.contact_id)
        .where(AutoReplyDecision.brand_id.in_(brand_ids))
        .order_by(AutoReplyDecision.decided_at.desc(), AutoReplyDecision.id.desc())
        .limit(limit)
    )
    return [DecisionRow(decision, channel, number, name or "") for decision, channel, number, name in session.execute(query)]


def list_last_messages(session: Session, channel_id: uuid.UUID, *, limit: int) -> list[Message]:
    """List recent incoming messages of a channel, automatic mail included; the newest first."""
    query = sa.select(Message).where(Message.channel_id == channel_id, Message.message_type == MessageType.INCOMING)
    return list(session.execute(query.order_by(Message.occurred_at.desc(), Message.id.desc()).limit(limit)).scalars())


def address_of(message: Message) -> str:
    """Return the address an answer to the message would go to, in lower case: a mail address, or an identity of a chat."""
    wanted = message.meta.get("reply_to") or message.sender.get("address") or ""
    return str(wanted).strip().lower()


def read_letter(session: Session, message: Message, thread: Thread, *, now: datetime) -> Letter:
    """Read the facts about a message from which `why_not` decides. About five small queries."""
    is_mail, meta = message.medium == Medium.EMAIL, message.meta
    sender, answer_to = str(message.sender.get("address") or "").lower(), address_of(message)
    own = own_mail_addresses(session) if is_mail else frozenset()
    authentication = meta.get("authentication") or {}
    return Letter(
        automatic=message.automatic,
        is_mail=is_mail,
        sender=sender,
        answer_to=answer_to,
        is_own=any(_without_tag(address) in own for address in (sender, answer_to)),
        is_spam=thread.spam_at is not None,
        is_blocked=_is_blocked(session, message),
        is_bulk=bool(meta.get("list_id")),
        asks_for_silence=bool(meta.get("asks_no_automatic_answer")),
        is_forged=authentication.get("dmarc") == "fail",
        recipients=sum(len(message.recipients.get(name) or ()) for name in ("to", "cc")),
        is_newest=not _exists(session, _of_person(message.thread_id), Message.seq > message.seq),
        in_talks=_exists(session, *_talk(message.thread_id, since=now - TALKING)),
        age=now - min(message.created_at, message.occurred_at),
        had_lately=_had_lately(session, message, answer_to, since=now - ONCE_IN),
        sent_this_hour=_sent_since(session, message.channel_id, now - timedelta(hours=1)),
    )


def _without_tag(address: str) -> str:
    """Return the mail address without its plus-tag, so that a plus-address of ours counts as ours."""
    local, at, domain = address.rpartition("@")
    return f"{local.partition('+')[0]}{at}{domain}"


def _is_blocked(session: Session, message: Message) -> bool:
    if message.sender_contact_id is None:
        return False
    ways = sa.select(ContactIdentity).where(ContactIdentity.contact_id == message.sender_contact_id)
    identities = [IdentityInput(way.kind, way.value, way.scope) for way in session.execute(ways).scalars()]
    return is_blocked(session, brand_id=message.brand_id, identities=identities)


def _exists(session: Session, *where: sa.ColumnElement[bool]) -> bool:
    return session.execute(sa.select(Message.id).where(*where).limit(1)).first() is not None


def _of_person(thread_id: uuid.UUID) -> sa.ColumnElement[bool]:
    incoming = Message.message_type == MessageType.INCOMING
    return sa.and_(Message.thread_id == thread_id, incoming, Message.automatic.is_(None))


def _talk(thread_id: uuid.UUID, *, since: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    ours = sa.and_(Message.message_type.in_([MessageType.OUTGOING, MessageType.PHONE_CALL]), is_no_missed_call())
    return Message.thread_id == thread_id, ours, Message.automatic.is_(None), Message.created_at > since


def _had_lately(session: Session, message: Message, address: str, *, since: datetime) -> bool:
    """Return whether this address or contact got an automatic answer from the brand after `since`, or anybody got one in this
    thread."""
    whom: sa.ColumnElement[bool] = AutoReplyDecision.address == address
    if message.sender_contact_id is not None:
        whom = sa.or_(whom, AutoReplyDecision.contact_id == message.sender_contact_id)
    sent = (AutoReplyDecision.sent_message_id.is_not(None), AutoReplyDecision.decided_at > since)
    query = sa.select(AutoReplyDecision.id).where(AutoReplyDecision.brand_id == message.brand_id, whom, *sent)
    if session.execute(query.limit(1)).first() is not None:
        return True
    return _exists(session, Message.thread_id == message.thread_id, is_automatic_answer(), Message.created_at > since)


def _sent_since(session: Session, channel_id: Any, since: datetime) -> int:
    sent = AutoReplyDecision.sent_message_id.is_not(None)
    query = sa.select(sa.func.count()).where(
        AutoReplyDecision.channel_id == channel_id, sent, AutoReplyDecision.decided_at > since
    )
    return int(session.execute(query).scalar_one())
