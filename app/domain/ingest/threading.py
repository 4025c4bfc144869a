"""Find the thread to which a message belongs (threading), and say why (evidence).

For mail, the kinds of evidence are, strongest first, within a brand: our signed plus-address; our signed Message-ID; a known
Message-ID in In-Reply-To or References; the provider's conversation id together with a common participant; our subject token
in a mail from a participant. A Message-ID is also known if a stored mail only names it, because a reply may come before its
original. Empty ids never match.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.contract.base import InboundMessage, MailEvidence
from app.core.text import known
from app.core.text import mark as N_
from app.domain.threads.models import CLOSED_STATUSES, Message, MessageKey, Thread, ThreadAlias, ThreadStatus
from app.domain.threads.move_models import ThreadMove
from app.mail.addressing import read_message_id, read_plus_token
from app.mail.headers import normalise_subject

_NUMBER_IN_SUBJECT = known("the subject has #%(number)s, and the sender takes part in the thread")

MAX_NAMED_IDS = 60
REOPEN_DAYS = 14
STALE_DAYS = 30


@dataclass(frozen=True)
class Match:
    """The thread of a message and the evidence for it. `thread_id` is None if the message needs a new thread.

    `by`: the kind of evidence. `detail`: an explanation for the page. `also`: other threads that contain the same
    Message-IDs. `suggested_thread_id`: a closed thread that the page suggests.
    """

    thread_id: uuid.UUID | None
    by: str
    detail: str = ""
    also: tuple[uuid.UUID, ...] = ()
    suggested_thread_id: uuid.UUID | None = None

    def as_evidence(self) -> dict[str, Any]:
        """Return the evidence as JSON to store on the message."""
        suggested = {"suggested_thread_id": str(self.suggested_thread_id)} if self.suggested_thread_id else {}
        return {"by": self.by, "detail": self.detail, **suggested}


@dataclass(frozen=True)
class MailContext:
    brand_id: uuid.UUID
    mailbox: str
    keys: Sequence[bytes]
    now: datetime
    own_domains: frozenset[str] = field(default_factory=frozenset)


def mid_key(message_id: str) -> str:
    return f"mid:{message_id.strip().lower()}"


def conversation_key(mailbox: str, conversation_id: str) -> str:
    return f"conv:{mailbox.lower()}:{conversation_id}"


def is_usable_id(message_id: str | None) -> bool:
    """Return True if a Message-ID can identify a mail. None, and ids without letters and digits such as "<>" and
    "<@>", cannot.
    """
    return message_id is not None and any(c.isalnum() for c in message_id)


def own_id(evidence: MailEvidence) -> str | None:
    """Return the mail's own Message-ID. Return None if it is missing or not usable."""
    return evidence.message_id if is_usable_id(evidence.message_id) else None


def named_ids(evidence: MailEvidence) -> tuple[str, ...]:
    """Return the usable Message-IDs that a mail names, without repeats, at most MAX_NAMED_IDS.

    The order is: In-Reply-To, then References from the last to the first, then the ids of bounced mails.
    """
    named = (*evidence.in_reply_to, *reversed(evidence.references), *evidence.bounced_message_ids)
    unique = tuple(dict.fromkeys(i for i in named if is_usable_id(i)))
    return unique if len(unique) <= MAX_NAMED_IDS else (*unique[: MAX_NAMED_IDS - 10], *unique[-10:])


def thread_lock_keys(message: InboundMessage) -> list[str]:
    """Return the names of the advisory locks for a mail's ids. They prevent that a reply and its original create two threads at
    the same time."""
    evidence = message.evidence
    if evidence is None:
        return []
    own = own_id(evidence)
    return [mid_key(i) for i in (*([own] if own else ()), *named_ids(evidence))]


def match_mail(session: Session, message: InboundMessage, context: MailContext) -> Match:
    """Return the thread of a mail, with the evidence. If there is no evidence for a thread, `thread_id` is None."""
    evidence = message.evidence
    if evidence is None:
        return Match(None, "new")
    match = (
        _by_plus_token(session, evidence, context)
        or _by_signed_id(session, evidence, context)
        or _by_known_id(session, evidence, context)
        or _by_conversation(session, evidence, context)
        or _by_subject_token(session, message, context)
    )
    return _guard(session, match, message, context) if match else Match(None, "new")


def _by_plus_token(session: Session, evidence: MailEvidence, context: MailContext) -> Match | None:
    for token in evidence.plus_tokens:
        number = read_plus_token(token, keys=context.keys, today=context.now.date())
        thread_id = _thread_by_number(session, number, context.brand_id) if number is not None else None
        if thread_id:
            return _split_off(session, thread_id, evidence, context) or Match(
                thread_id, "plus_address", N_("sent to our reply address for this thread")
            )
    return None


def _split_off(session: Session, thread_id: uuid.UUID, evidence: MailEvidence, context: MailContext) -> Match | None:
    """If the thread was split, return the match by the Message-IDs that the reply names. The reply's plus-address names only
    the old thread.

    Return None if the thread was not split, or if no id matches.
    """
    split = (ThreadMove.from_thread_id == thread_id, ThreadMove.kind == "split", ThreadMove.undone_at.is_(None))
    if session.execute(sa.select(ThreadMove.id).where(*split).limit(1)).first() is None:
        return None
    return _by_signed_id(session, evidence, context) or _by_known_id(session, evidence, context)


def were_parted(session: Session, one: uuid.UUID, other: uuid.UUID) -> bool:
    """Return whether somebody split these threads or undid their merge, so that they must not be merged again."""
    between = sa.or_(
        sa.and_(ThreadMove.from_thread_id == one, ThreadMove.to_thread_id == other),
        sa.and_(ThreadMove.from_thread_id == other, ThreadMove.to_thread_id == one),
    )
    parted = sa.or_(
        sa.and_(ThreadMove.kind == "split", ThreadMove.undone_at.is_(None)),
        sa.and_(ThreadMove.kind == "merge", ThreadMove.undone_at.is_not(None)),
    )
    return session.execute(sa.select(ThreadMove.id).where(between, parted).limit(1)).first() is not None


def _by_signed_id(session: Session, evidence: MailEvidence, context: MailContext) -> Match | None:
    for message_id in named_ids(evidence):
        signed = read_message_id(message_id, keys=context.keys)
        if signed is None:
            continue
        number, our_message_id = signed
        found = session.execute(
            sa.select(Message.thread_id).where(Message.id == our_message_id, Message.brand_id == context.brand_id)
        ).scalar_one_or_none()
        thread_id = found or _thread_by_number(session, number, context.brand_id)
        if thread_id:
            return Match(thread_id, "signed_message_id", N_("answers a message we sent"))
    return None


def _by_known_id(session: Session, evidence: MailEvidence, context: MailContext) -> Match | None:
    named = [mid_key(i) for i in named_ids(evidence)]
    own_message_id = own_id(evidence)
    own = [mid_key(own_message_id)] if own_message_id else []
    if not named and not own:
        return None
    rows = session.execute(
        sa.select(MessageKey.value, MessageKey.role, Message.thread_id)
        .join(Message, Message.id == MessageKey.message_id)
        .where(MessageKey.brand_id == context.brand_id, MessageKey.value.in_([*named, *own]))
    ).all()
    ranked = sorted((rank, str(row.thread_id)) for row in rows if (rank := _rank(row.value, row.role, named, own)) is not None)
    threads = tuple(dict.fromkeys(uuid.UUID(thread_id) for _, thread_id in ranked))
    if not threads:
        return None
    return Match(threads[0], "message_id", _words(ranked[0][0]), also=threads[1:])


def _rank(value: str, role: str, named: list[str], own: list[str]) -> tuple[int, int] | None:
    if value in named:
        return (0 if role == "own" else 1, named.index(value))
    return (2, 0) if value in own and role == "named" else None


def _words(rank: tuple[int, int]) -> str:
    return (
        N_("answers a message in this thread"),
        N_("refers to the same earlier message as this thread"),
        N_("the reply to this message arrived first"),
    )[rank[0]]


def _by_conversation(session: Session, evidence: MailEvidence, context: MailContext) -> Match | None:
    if not evidence.conversation_id or not evidence.conversation_id.strip():
        return None
    value = conversation_key(context.mailbox, evidence.conversation_id)
    rows = session.execute(
        sa.select(Message.thread_id, Message.sender, Message.recipients)
        .join(MessageKey, MessageKey.message_id == Message.id)
        .where(MessageKey.brand_id == context.brand_id, MessageKey.value == value)
        .order_by(Message.occurred_at.desc())
        .limit(20)
    ).all()
    others = frozenset(evidence.participants) - {context.mailbox.lower()}
    for row in rows:
        if others & participants_of(row.sender, row.recipients):
            return Match(
                row.thread_id, "conversation", N_("the mailbox puts the message in the same conversation, with the same people")
            )
    return None


def _by_subject_token(session: Session, message: InboundMessage, context: MailContext) -> Match | None:
    token = message.evidence.subject_token if message.evidence else None
    thread_id = _thread_by_number(session, token, context.brand_id) if token is not None else None
    if thread_id is None or message.sender.address().lower() not in thread_participants(session, thread_id):
        return None
    return Match(thread_id, "subject_token", _NUMBER_IN_SUBJECT % {"number": token})


def _thread_by_number(session: Session, number: int, brand_id: uuid.UUID) -> uuid.UUID | None:
    found = session.execute(sa.select(Thread.id).where(Thread.number == number, Thread.brand_id == brand_id)).scalar_one_or_none()
    if found:
        return found
    alias = (
        sa.select(Thread.id)
        .join(ThreadAlias, ThreadAlias.thread_id == Thread.id)
        .where(ThreadAlias.old_number == number, Thread.brand_id == brand_id)
    )
    return session.execute(alias).scalar_one_or_none()


def participants_of(sender: dict[str, Any], recipients: dict[str, Any]) -> frozenset[str]:
    """Return the lower-case addresses of sender, To and Cc of a stored message."""
    people: Iterable[dict[str, Any]] = (sender, *recipients.get("to", []), *recipients.get("cc", []))
    return frozenset(str(p.get("address", "")).lower() for p in people if p.get("address"))


def thread_participants(session: Session, thread_id: uuid.UUID) -> frozenset[str]:
    """Return the lower-case addresses of sender, To and Cc in the thread's newest 200 messages."""
    rows = session.execute(
        sa.select(Message.sender, Message.recipients)
        .where(Message.thread_id == thread_id)
        .order_by(Message.occurred_at.desc())
        .limit(200)
    ).all()
    return frozenset().union(*(participants_of(row.sender, row.recipients) for row in rows))


def _guard(session: Session, match: Match, message: InboundMessage, context: MailContext) -> Match:
    """Return the match. But if its thread was closed long ago and subject or sender differ, return a match for a new thread
    that suggests the old one."""
    thread = session.get(Thread, match.thread_id)
    if thread is None or thread.resolved_at is None or context.now - thread.resolved_at < timedelta(days=STALE_DAYS):
        return match
    same_subject = normalise_subject(message.subject) == normalise_subject(thread.subject)
    known_sender = message.sender.address().lower() in thread_participants(session, thread.id)
    if same_subject and known_sender:
        return match
    return Match(None, "new", N_("may belong to an old, closed thread"), suggested_thread_id=thread.id)


def match_chat(
    session: Session, message: InboundMessage, *, brand_id: uuid.UUID, channel_id: uuid.UUID, contact_id: uuid.UUID, now: datetime
) -> Match:
    """Return the thread of a chat message. It is the thread of the quoted message if that is running, otherwise the contact's
    newest running thread on this channel.

    If there is neither, `thread_id` is None.
    """
    if message.reply_to_external_id:
        quoted = session.execute(
            sa.select(Thread.id)
            .join(Message, Message.thread_id == Thread.id)
            .where(
                Message.external_id == message.reply_to_external_id,
                Message.brand_id == brand_id,
                Thread.contact_id == contact_id,
                is_running(now),
            )
            .limit(1)
        ).scalar_one_or_none()
        if quoted:
            return Match(quoted, "quoted_message", N_("quotes a message in this thread"))
    newest = session.execute(
        sa.select(Thread.id)
        .where(Thread.contact_id == contact_id, Thread.channel_id == channel_id, is_running(now))
        .order_by(Thread.last_message_at.desc(), Thread.id.desc())
        .limit(1)
    ).scalar_one_or_none()
    return Match(newest, "same_chat", N_("the ongoing chat with this contact")) if newest else Match(None, "new")


def is_running(now: datetime) -> sa.ColumnElement[bool]:
    """Return the SQL condition for threads that may take new messages: the thread is open, or was resolved or marked as spam
    recently."""
    may_go_on = sa.or_(Thread.status == ThreadStatus.RESOLVED, Thread.spam_at.is_not(None))
    recently = sa.and_(may_go_on, Thread.resolved_at > now - timedelta(days=REOPEN_DAYS))
    return sa.or_(Thread.status.not_in(CLOSED_STATUSES), recently)
