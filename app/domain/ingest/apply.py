"""Apply a parsed inbound message in the caller's transaction: contact, thread, message, files and events.

A repeat is harmless. A message is unique by its external id and content, and a report by its fingerprint. A change sets
values instead of adding them. The caller holds the advisory locks that `lock_keys` names.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.contract.base import Automatic, Direction, InboundMessage, Party
from app.core.text import mark as N_
from app.core.text import storable, storable_json
from app.domain.connections.models import Channel
from app.domain.contacts.actions import find_or_create_contact, identity_lock_key
from app.domain.contacts.models import Contact
from app.domain.delivery.reports import note_own_copy, record_report
from app.domain.events.actions import record
from app.domain.ingest.attachments import store_attachments
from app.domain.ingest.changes import apply_to_its_message, find_message_id, wait_for_quoted
from app.domain.ingest.consent import hear_consent
from app.domain.ingest.context import ApplyContext, ItemResult, counterpart, identities_of, key_of
from app.domain.ingest.match_contact import join_known_person, note_in_use, take_new_identities
from app.domain.ingest.threading import (
    MailContext,
    Match,
    conversation_key,
    match_chat,
    match_mail,
    mid_key,
    named_ids,
    own_id,
    thread_lock_keys,
    were_parted,
)
from app.domain.surveys.actions import take_chat_answer
from app.domain.threads.actions import (
    NewMessage,
    NewThread,
    add_message,
    create_thread,
    lock_thread,
    subject_of,
)
from app.domain.threads.changes import apply_pending_changes
from app.domain.threads.courtesy import receive
from app.domain.threads.merge import is_untouched, merge_threads, summarise_again
from app.domain.threads.models import Message, MessageKey, MessageType, Thread, ThreadStatus
from app.domain.threads.spam import is_blocked, mark_spam
from app.mail.addressing import read_message_id
from app.mail.html import sanitise


def lock_keys(messages: Sequence[InboundMessage], *, brand_id: uuid.UUID, own_addresses: frozenset[str]) -> set[str]:
    """Return the names of the advisory locks for these messages: one for each identity and each Message-ID that the messages
    name."""
    keys = {identity_lock_key(i) for m in messages for i in identities_of(counterpart(m, own_addresses))}
    keys |= {identity_lock_key(i) for m in messages for i in identities_of(Party(m.new_identities))}
    return keys | {f"{brand_id}:{key}" for m in messages for key in thread_lock_keys(m)}


def apply_message(session: Session, message: InboundMessage, context: ApplyContext) -> ItemResult:
    """Store one inbound message in its thread, with contact, files and events, and return the result. For a message that is
    stored already, return the result "duplicate"."""
    known = _known(session, message, context)
    if known is not None:
        return known
    if message.change is not None:
        return apply_to_its_message(session, message, context)
    contact = _contact(session, message, context)
    match = _match(session, message, context, contact)
    message = _as_score(session, message, context, match)
    thread = _thread(session, message, context, contact, match)
    stored = _store(session, message, context, contact, thread, match)
    _after_storing(session, message, context, thread, stored, match)
    label = (
        "bounce"
        if message.automatic == Automatic.BOUNCE
        else "automatic"
        if message.automatic
        else "threaded"
        if match.thread_id
        else "new"
    )
    return ItemResult(label, thread.id, stored.id, match.detail)


def _known(session: Session, message: InboundMessage, context: ApplyContext) -> ItemResult | None:
    own = note_own_copy(session, message, now=context.now) if message.our_reference else None
    if own is not None:
        return ItemResult("duplicate", own.thread_id, own.id, N_("our own copy of a message we sent"))
    if context.precheck is not None and storable(message.external_id) not in context.precheck.messages:
        return _came_back(session, message, context)
    same = sa.and_(
        Message.brand_id == context.channel.brand_id,
        Message.medium == context.channel.medium.value,
        Message.external_id == storable(message.external_id),
        Message.content_hash == message.content_hash,
    )
    row = session.execute(sa.select(Message.id, Message.thread_id).where(same)).first()
    if row is not None:
        return ItemResult("duplicate", row.thread_id, row.id, N_("already stored"))
    return _came_back(session, message, context)


def _came_back(session: Session, message: InboundMessage, context: ApplyContext) -> ItemResult | None:
    message_id = message.evidence.message_id if message.evidence else None
    signed = read_message_id(message_id, keys=context.mail_keys) if message_id else None
    row = session.execute(sa.select(Message.id, Message.thread_id).where(Message.id == signed[1])).first() if signed else None
    return ItemResult("duplicate", row.thread_id, row.id, N_("our own message came back")) if row else None


def _contact(session: Session, message: InboundMessage, context: ApplyContext) -> Contact | None:
    party = counterpart(message, context.own_addresses)
    identities = identities_of(party)
    if not identities:
        return None
    is_new = context.precheck is not None and context.precheck.is_stranger(identities)
    contact = context.precheck.created.get(key_of(identities[0])) if context.precheck is not None else None
    if contact is None:
        contact = find_or_create_contact(session, identities, name=storable(party.name)[:200], now=context.now, is_new=is_new)
    contact = join_known_person(session, contact, identities, now=context.now)
    if message.direction == Direction.INCOMING and not message.new_identities and contact.created_at < context.now:
        note_in_use(session, contact, identities, at=message.occurred_at)
    new = identities_of(Party(message.new_identities))
    return take_new_identities(session, contact, new, former=identities, at=message.occurred_at, now=context.now)


def _as_score(session: Session, message: InboundMessage, context: ApplyContext, match: Match) -> InboundMessage:
    """If the message answers the thread's open survey question with a score, record the score and return the message marked as
    automatic. Return any other message unchanged."""
    is_plain = message.direction == Direction.INCOMING and message.automatic is None and not message.is_past
    if not is_plain or message.evidence is not None or message.attachments or match.thread_id is None:
        return message
    is_score = take_chat_answer(session, match.thread_id, storable(message.text), now=context.now)
    return replace(message, automatic=Automatic.SURVEY) if is_score else message


def _match(session: Session, message: InboundMessage, context: ApplyContext, contact: Contact | None) -> Match:
    if message.evidence is not None:
        mail = MailContext(
            brand_id=context.channel.brand_id, mailbox=context.channel.address, keys=context.mail_keys, now=context.now
        )
        return match_mail(session, message, mail)
    if contact is None or (context.precheck is not None and contact.created_at == context.now):
        return Match(None, "new")
    return match_chat(
        session, message, brand_id=context.channel.brand_id, channel_id=context.channel.id, contact_id=contact.id, now=context.now
    )


def _thread(session: Session, message: InboundMessage, context: ApplyContext, contact: Contact | None, match: Match) -> Thread:
    if match.thread_id is None:
        new = NewThread(
            brand_id=context.channel.brand_id,
            medium=context.channel.medium.value,
            subject=storable(message.subject),
            channel_id=context.channel.id,
            contact_id=contact.id if contact else None,
        )
        thread = create_thread(session, new, now=context.now, at=_occurred_at(message, context))
        if message.is_past:  # nobody waits in it; what they write from now on goes on here or begins another
            thread.status, thread.resolved_at = ThreadStatus.RESOLVED, thread.created_at
            session.flush()
        return thread  # nobody else has seen it yet
    thread = lock_thread(session, match.thread_id)
    for other_id in match.also:
        thread = _join(session, thread, other_id, context.now)
    if thread.contact_id is None and contact is not None and message.automatic is None:
        thread.contact_id = contact.id
    return thread


def _join(session: Session, thread: Thread, other_id: uuid.UUID, now: datetime) -> Thread:
    """Merge two threads that the same mail belongs to, if nobody has worked on the younger one. Return the thread that is kept,
    or `thread` if they are not merged."""
    other = lock_thread(session, other_id)
    keep, gone = (thread, other) if thread.number < other.number else (other, thread)
    if keep.id == gone.id or not is_untouched(session, gone) or were_parted(session, keep.id, gone.id):
        return thread
    merged = merge_threads(session, keep_id=keep.id, merge_id=gone.id, now=now)
    summarise_again(session, merged)
    return merged


def _occurred_at(message: InboundMessage, context: ApplyContext) -> datetime:
    return min(message.occurred_at, context.now)


def _store(
    session: Session, message: InboundMessage, context: ApplyContext, contact: Contact | None, thread: Thread, match: Match
) -> Message:
    incoming = message.direction == Direction.INCOMING
    values: dict[str, Any] = {
        "kind": message.kind,
        "sender_contact_id": contact.id if contact and incoming else None,
        "sender": _party_json(message.sender),
        "recipients": {
            "to": [_party_json(p) for p in message.recipients[:200]],
            "cc": [_party_json(p) for p in message.cc[:200]],
        },
        "html": sanitise(storable(message.html)).html if message.html else "",
        "external_id": storable(message.external_id),
        "content_hash": message.content_hash,
        "automatic_reason": storable(message.automatic_reason),
        "evidence": match.as_evidence(),
        "meta": storable_json({**message.meta, **_references(message)}),
        "inbound_event_id": context.event_id,
        "raw_key": context.storage.put(context.raw_mail).key if context.raw_mail is not None else None,
        "delivery_status": None if incoming else "sent",
        "sent_at": None if incoming else message.occurred_at,
        "reply_to_message_id": _quoted(session, message, context),
    }
    new = NewMessage(
        message_type=MessageType.INCOMING if incoming else MessageType.OUTGOING,
        medium=context.channel.medium.value,
        occurred_at=_occurred_at(message, context),
        text=storable(message.text),
        subject=storable(message.subject),
        channel_id=context.channel.id,
        automatic=message.automatic.value if message.automatic else None,
        opens_window=message.opens_window and incoming,
        values=values,
    )
    return add_message(session, thread, new, now=context.now)


def _references(message: InboundMessage) -> dict[str, list[str]]:
    """Return {"references": the Message-IDs that a reply has to repeat}, or {} if there are none. Of more than eleven ids, only
    the first and the last ten are returned."""
    references = list(message.evidence.references) if message.evidence else []
    return {"references": references if len(references) <= 11 else [references[0], *references[-10:]]} if references else {}


def _party_json(party: Party) -> dict[str, str]:
    return {"name": storable(party.name)[:200], "address": storable(party.address())[:320]}


def _quoted(session: Session, message: InboundMessage, context: ApplyContext) -> uuid.UUID | None:
    if not message.reply_to_external_id:
        return None
    return find_message_id(session, message.reply_to_external_id, context)


def _after_storing(
    session: Session, message: InboundMessage, context: ApplyContext, thread: Thread, stored: Message, match: Match
) -> None:
    _store_keys(session, message, context, stored)
    pending = store_attachments(session, message.attachments, message=stored, storage=context.storage, now=context.now)
    if context.precheck is None or stored.external_id in context.precheck.changed:
        apply_pending_changes(session, stored, now=context.now)
    if message.reply_to_external_id and stored.reply_to_message_id is None:
        wait_for_quoted(session, message, stored, context)
    if _is_unwanted(session, message, context, thread, stored):
        mark_spam(session, thread_id=thread.id, now=context.now, because="sender")
    if message.direction == Direction.INCOMING and message.automatic is None and not message.is_past:
        receive(session, thread, stored, has_files=bool(message.attachments), now=context.now)
    if match.by == "message_id":
        summarise_again(session, thread)
    if message.consent is not None:
        hear_consent(session, message, channel=context.channel, thread=thread, stored=stored)
    for report in message.bounces:
        record_report(session, report, channel_id=context.channel.id, now=context.now)
    record(
        session,
        "PastMessageStored" if message.is_past else "MessageReceived",
        subject=subject_of(thread, stored),
        now=context.now,
    )
    if pending:
        record(session, "AttachmentsAnnounced", subject=subject_of(thread, stored), now=context.now)
    note_heard(context.channel, context.now)


def _is_unwanted(session: Session, message: InboundMessage, context: ApplyContext, thread: Thread, stored: Message) -> bool:
    """Return True if the message makes its thread spam: the brand has blocked the sender, and the thread's contact is the
    sender."""
    theirs = stored.sender_contact_id is not None and stored.sender_contact_id == thread.contact_id
    if not theirs or thread.spam_at is not None:
        return False
    identities = identities_of(counterpart(message, context.own_addresses))
    if context.precheck is not None and context.precheck.is_unblocked(identities):
        return False
    return is_blocked(session, brand_id=thread.brand_id, identities=identities)


def note_heard(channel: Channel, now: datetime) -> None:
    """Set the time of the channel's last inbound event, at most once a minute, so that parallel workers do not wait for the
    row.
    """
    if channel.last_inbound_at is None or now - channel.last_inbound_at > timedelta(minutes=1):
        channel.last_inbound_at = now


def _store_keys(session: Session, message: InboundMessage, context: ApplyContext, stored: Message) -> None:
    evidence = message.evidence
    if evidence is None:
        return
    keys = {mid_key(i): "named" for i in named_ids(evidence)}
    own = own_id(evidence)
    if own:
        keys[mid_key(own)] = "own"
    if evidence.conversation_id and evidence.conversation_id.strip():
        keys[conversation_key(context.channel.address, evidence.conversation_id)] = "own"
    session.add_all(
        MessageKey(brand_id=stored.brand_id, value=storable(v), message_id=stored.id, role=role) for v, role in keys.items()
    )
