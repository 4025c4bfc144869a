"""Queue a reply: write message, delivery and event in one transaction. No provider is called here."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.contract.base import ChannelRules, DeliveryStatus, Identity, IdentityKind, Party
from app.core.text import known
from app.core.text import mark as N_
from app.core.work import READY
from app.domain.connections.models import Channel, Medium
from app.domain.delivery.chat_parts import add_chat_parts, check_chat_parts, check_files, check_template_file, takes_caption
from app.domain.delivery.envelope import new_delivery, party_json
from app.domain.delivery.errors import ChannelOff as ChannelOff
from app.domain.delivery.errors import UnableToReply as UnableToReply
from app.domain.delivery.errors import WindowClosed as WindowClosed
from app.domain.delivery.models import Delivery, ScheduledReply
from app.domain.delivery.read_marks import mark_seen
from app.domain.delivery.recipient import check_opt_out, find_recipient, last_incoming
from app.domain.delivery.reports import lock_delivery
from app.domain.delivery.suppression_check import check_addresses
from app.domain.events.actions import Actor, record
from app.domain.threads.actions import (
    NewMessage,
    add_message,
    after_reply,
    attach_uploads,
    change_status,
    check_nothing_newer,
    discard_draft,
    find_by_client_token,
    lock_thread,
    subject_of,
)
from app.domain.threads.handover import name_of_only_answerer
from app.domain.threads.models import Attachment, Message, MessageKey, MessageType, Thread, ThreadStatus
from app.domain.threads.recall_state import AlreadyTakenBack, check_not_taken_back, note_wait, seen_before, standing_of
from app.domain.threads.snooze import snooze_thread
from app.domain.threads.unsent import clear_unsent
from app.mail.addressing import make_message_id, make_plus_token, plus_address
from app.mail.compose import is_real_id
from app.mail.headers import strip_reply_marks

WINDOW_MARGIN = timedelta(minutes=2)
KEPT_REFERENCES = 10
MAY_BE_SENT_AGAIN = frozenset({DeliveryStatus.FAILED, DeliveryStatus.EXPIRED, DeliveryStatus.UNKNOWN})


class NothingToSend(Exception):
    """The message has no delivery: it came in, or was not sent by us."""


ONLY_THEIRS = known("Only %(name)s can answer this thread: take it over first")
SWITCHED_OFF = known("%(name)s is switched off: choose another channel")
OTHER_BRAND = known("%(name)s belongs to another brand")
TOO_LONG = known("%(count)s characters: this channel takes at most %(limit)s")
FILE_TOO_LARGE = known("%(name)s is larger than %(limit)s MB")


@dataclass(frozen=True)
class ReplyContext:
    """What is needed to queue a reply besides the reply itself: the channel's rules, the keys that sign mail addresses, and the
    time."""

    rules: ChannelRules
    mail_keys: Sequence[bytes] = field(repr=False)
    mail_domain: str
    now: datetime


@dataclass(frozen=True)
class Reply:
    """A reply as its writer submits it. `client_token` is unique per composer form; `last_seen_message_id` is the newest item the
    writer saw."""

    thread_id: uuid.UUID
    text: str = ""
    html: str = ""  # of a formatted mail, cleaned by `clean_rich`; `text` says the same without formatting
    channel_id: uuid.UUID | None = None
    template: dict[str, Any] | None = None
    attachment_ids: tuple[uuid.UUID, ...] = ()
    last_seen_message_id: uuid.UUID | None = None
    client_token: uuid.UUID | None = None
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()
    signature: str = ""  # goes out under the text of a mail, in its plain and its HTML part
    options: dict[str, Any] = field(default_factory=dict)  # what the composer shows again if it is taken back
    wait_seconds: int = 0  # so long it can be taken back before it may leave
    then_status: ThreadStatus | None = None  # what the thread becomes with the send
    snooze_until: datetime | None = None  # the thread rests until then
    is_automatic: bool = False  # a rule sends it: it says so, and nobody has answered yet
    answers_message_id: uuid.UUID | None = None  # of a chat: the message that is quoted
    choices: dict[str, Any] | None = None  # of a chat: what may be tapped, as `Choices.to_json` makes it
    takes_thread: bool = True  # a thread nobody has becomes the writer's


def window_closes_at(thread: Thread, rules: ChannelRules) -> datetime | None:
    """Return when free text stops being allowed on this thread. If the window never opened, the result is a past time. Return
    None if the channel has no such window."""
    if rules.window is None:
        return None
    opened = thread.window_opened_at
    return thread.created_at if opened is None else opened + rules.window - WINDOW_MARGIN


def queue_reply(
    session: Session, reply: Reply, *, channel: Channel, author: Actor, author_name: str, context: ReplyContext
) -> list[Message]:
    """Write the pending messages of a reply and promise their delivery. Return the messages in order of sending.

    On a channel that allows one file per message, each file gets its own message. A repeat with the same `client_token`
    returns the first message. Raises ThreadMovedOn (nothing is written), WindowClosed, UnableToReply, ThreadMissing,
    AlreadyTakenBack.
    """
    thread = lock_thread(session, reply.thread_id)
    repeat = find_by_client_token(session, author.user_id, reply.client_token)
    if repeat is not None:
        return [repeat]
    check_not_taken_back(session, author.user_id, reply.client_token)
    check_not_scheduled(session, author.user_id, reply.client_token, thread)
    seen = seen_before(session, thread, reply.last_seen_message_id)
    check_nothing_newer(session, thread, last_seen_message_id=seen, user_id=author.user_id)
    check_may_answer(session, thread, author)
    check_reply(session, thread, reply, channel, context)
    recipient = find_recipient(session, thread, channel, context.rules)
    if channel.medium == Medium.EMAIL:
        check_addresses(session, brand_id=thread.brand_id, addresses=(recipient.address(), *reply.cc, *reply.bcc))
    before = standing_of(thread)
    messages: list[Message] = []
    for index, (text, files) in enumerate(_portions(session, reply, context.rules)):
        token = reply.client_token if index == 0 else None
        html = reply.html if channel.medium == Medium.EMAIL else ""
        what = MessageType.AUTO_RESPONSE if reply.is_automatic else MessageType.OUTGOING
        message = _add_outgoing(session, thread, channel, what, text, html, author, author_name, token, context.now)
        attach_uploads(session, message, files, user_id=author.user_id)
        delivery = _add_delivery(session, thread, message, channel, recipient, reply, context)
        if index == 0:
            add_chat_parts(session, thread, message, delivery, reply, channel)
        record(session, "MessageQueued", subject=subject_of(thread, message), now=context.now, actor=author)
        messages.append(message)
    discard_draft(session, user_id=author.user_id, thread_id=thread.id, kind="reply")
    if not reply.is_automatic:
        after_reply(session, thread, actor=author, now=context.now, takes=reply.takes_thread)
        mark_seen(session, thread, now=context.now)
    if reply.then_status is not None:
        change_status(session, thread_id=thread.id, status=reply.then_status, actor=author, now=context.now)
    if reply.snooze_until is not None:
        snooze_thread(session, thread_id=thread.id, until=reply.snooze_until, actor=author, now=context.now)
    if reply.wait_seconds:
        note_wait(messages, before=before, thread=thread, leaves_at=context.now + timedelta(seconds=reply.wait_seconds))
    session.flush()
    return messages


def check_not_scheduled(session: Session, user_id: uuid.UUID | None, token: uuid.UUID | None, thread: Thread) -> None:
    """Raise `AlreadyTakenBack` if the composer form with this token was submitted before as a reply or forward for later."""
    if find_scheduled_by_token(session, user_id, token) is not None:
        raise AlreadyTakenBack(thread.id)


def find_scheduled_by_token(session: Session, user_id: uuid.UUID | None, token: uuid.UUID | None) -> ScheduledReply | None:
    """Return the scheduled reply or forward that an earlier submission of the same composer form made, in any state. Return
    None if there is none."""
    if token is None or user_id is None:
        return None
    mine = sa.and_(ScheduledReply.user_id == user_id, ScheduledReply.client_token == token)
    return session.execute(sa.select(ScheduledReply).where(mine)).scalar_one_or_none()


def check_may_answer(session: Session, thread: Thread, author: Actor) -> None:
    """Raise `UnableToReply` if the brand allows only one user to answer the thread and the author is another user."""
    name = name_of_only_answerer(session, thread, actor=author)
    if name is not None:
        raise UnableToReply("thread_id", ONLY_THEIRS % {"name": name})


def check_reply(session: Session, thread: Thread, reply: Reply, channel: Channel, context: ReplyContext) -> None:
    """Raise `UnableToReply` (or its subclasses `ChannelOff` and `WindowClosed`) if the channel cannot send this reply on this
    thread now."""
    if not channel.is_active:
        raise ChannelOff("channel_id", SWITCHED_OFF % {"name": channel.name})
    if thread.is_ticket:
        raise UnableToReply("thread_id", N_("You cannot send messages from an internal ticket: write a note"))
    if channel.brand_id != thread.brand_id:
        raise UnableToReply("channel_id", OTHER_BRAND % {"name": channel.name})
    check_opt_out(session, thread, channel, context.rules)
    if not reply.text.strip() and not reply.attachment_ids and reply.template is None:
        raise UnableToReply("message_content", N_("Write something, or attach a file"))
    closes_at = window_closes_at(thread, context.rules)
    if closes_at is not None and closes_at <= context.now and reply.template is None:
        raise WindowClosed("message_content", N_("The 24-hour window is closed: send a template, or use another channel"))
    _check_sizes(session, reply, context.rules)
    check_chat_parts(session, thread, reply, channel, context.rules)
    check_template_file(session, reply, context.rules)
    check_files(session, reply.attachment_ids, context.rules)


def _check_sizes(session: Session, reply: Reply, rules: ChannelRules) -> None:
    if reply.attachment_ids and not rules.takes_files:
        raise UnableToReply("attachments", N_("This channel cannot send files: send a link, or use another channel"))
    if rules.text_limit is not None and len(reply.text) > rules.text_limit:
        raise UnableToReply("message_content", TOO_LONG % {"count": len(reply.text), "limit": rules.text_limit})
    if reply.attachment_ids:
        sizes = session.execute(
            sa.select(Attachment.filename, Attachment.size_bytes).where(Attachment.id.in_(reply.attachment_ids))
        ).all()
        too_big = next((row for row in sizes if (row.size_bytes or 0) > rules.attachment_bytes), None)
        if too_big is not None:
            megabytes = rules.attachment_bytes // 1024 // 1024
            raise UnableToReply("attachments", FILE_TOO_LARGE % {"name": too_big.filename, "limit": megabytes})


def _portions(session: Session, reply: Reply, rules: ChannelRules) -> list[tuple[str, tuple[uuid.UUID, ...]]]:
    with_header = reply.template is not None and reply.template.get("header")  # its file goes with it
    if rules.attachments_per_message is None or len(reply.attachment_ids) == 0 or with_header:
        return [(reply.text, reply.attachment_ids)]
    fits = len(reply.text) <= (rules.caption_limit or 0)
    fits_as_caption = not reply.text or (fits and takes_caption(session, reply.attachment_ids[0], rules))
    first_text = reply.text if fits_as_caption else ""
    portions: list[tuple[str, tuple[uuid.UUID, ...]]] = [
        (first_text if i == 0 else "", (file_id,)) for i, file_id in enumerate(reply.attachment_ids)
    ]
    return portions if fits_as_caption else [(reply.text, ()), *portions]


def _add_outgoing(
    session: Session,
    thread: Thread,
    channel: Channel,
    what: MessageType,
    text: str,
    html: str,
    author: Actor,
    author_name: str,
    token: uuid.UUID | None,
    now: datetime,
) -> Message:
    values = {
        "sender_user_id": author.user_id,
        "sender": {"name": author_name, "address": channel.display_address},
        "client_token": token,
        "delivery_status": DeliveryStatus.PENDING.value,
        "html": html,
    }
    subject = _next_subject(session, thread) if channel.medium == Medium.EMAIL else ""
    new = NewMessage(
        what, channel.medium.value, occurred_at=now, text=text, subject=subject, channel_id=channel.id, values=values
    )
    return add_message(session, thread, new, now=now)


def _next_subject(session: Session, thread: Thread) -> str:
    """Return the subject for a reply: "Re: " and the subject of the thread's newest mail, incoming or outgoing. The first
    message of a thread gets the thread's own subject."""
    mails = (
        Message.thread_id == thread.id,
        Message.medium == Medium.EMAIL.value,
        Message.automatic.is_(None),
        Message.message_type != MessageType.AUTO_RESPONSE,
        Message.subject != "",
    )
    query = sa.select(Message.subject).where(*mails).order_by(Message.occurred_at.desc(), Message.id.desc()).limit(1)
    latest = session.execute(query).scalar_one_or_none()
    begins = latest is None and thread.message_count == 0
    return thread.subject if begins else _reply_subject(latest or thread.subject)


def _reply_subject(subject: str) -> str:
    return f"Re: {strip_reply_marks(subject)}".strip()


def _add_delivery(
    session: Session, thread: Thread, message: Message, channel: Channel, recipient: Party, reply: Reply, context: ReplyContext
) -> Delivery:
    already = recipient.address().lower()
    copies = {name: [a for a in getattr(reply, name) if a.lower() != already] for name in ("cc", "bcc")}
    outgoing: dict[str, Any] = {"to": [party_json(recipient)], "template": reply.template, "options": reply.options}
    outgoing |= {
        name: [party_json(Party((Identity(IdentityKind.EMAIL, a),))) for a in addresses] for name, addresses in copies.items()
    }
    message.recipients = {
        "to": [{"name": recipient.name, "address": recipient.address()}],
        **{
            name: [{"name": "", "address": a} for a in addresses]
            for name, addresses in copies.items()
            if name == "cc" or addresses
        },
    }
    if reply.signature:
        outgoing["signature"] = reply.signature
    delivery = new_delivery(message, channel.id, outgoing, now=context.now)
    if reply.wait_seconds:
        delivery.run_at = sa.func.clock_timestamp() + timedelta(seconds=reply.wait_seconds)
    if channel.medium == Medium.EMAIL:
        address_mail(session, thread, message, channel, delivery, context)
        continue_mail(session, thread, channel, delivery)
    session.add(delivery)
    session.flush()
    return delivery


def address_mail(
    session: Session, thread: Thread, message: Message, channel: Channel, delivery: Delivery, context: ReplyContext
) -> None:
    """Set the signed Message-ID of a mail and its signed reply address."""
    key = context.mail_keys[0]
    delivery.rfc822_message_id = make_message_id(thread.number, message.id, key=key, domain=context.mail_domain)
    message.external_id, message.content_hash = delivery.rfc822_message_id, str(message.id)
    session.add(
        MessageKey(
            brand_id=message.brand_id, value=f"mid:{delivery.rfc822_message_id.lower()}", message_id=message.id, role="own"
        )
    )
    if channel.settings.get("plus_addressing", True):
        delivery.outgoing["reply_address"] = _reply_address(
            channel.address, make_plus_token(thread.number, key=key, today=context.now.date())
        )


def continue_mail(session: Session, thread: Thread, channel: Channel, delivery: Delivery) -> None:
    """Set the headers In-Reply-To and References of a mail, so that it answers the contact's last mail. Does nothing if there
    is none."""
    answered = last_incoming(session, thread, channel.medium.value)
    if answered is not None and answered.external_id and is_real_id(answered.external_id):
        references = [*answered.meta.get("references", []), answered.external_id]
        delivery.outgoing["in_reply_to"] = answered.external_id
        delivery.outgoing["references"] = (
            references if len(references) <= KEPT_REFERENCES + 1 else [references[0], *references[-KEPT_REFERENCES:]]
        )
        if answered.channel_id == channel.id:
            delivery.outgoing["reply_to_external_id"] = answered.meta.get("graph_id")


def _reply_address(mailbox: str, token: str) -> str | None:
    try:
        return plus_address(mailbox, token)
    except ValueError:  # the mailbox name leaves no room for a token; threading has other evidence
        return None


def retry_delivery(session: Session, *, message_id: uuid.UUID, actor: Actor, now: datetime) -> Delivery:
    """Queue the delivery of a message again if it failed or its outcome is unknown. A delivery in any other status is not
    changed. Return the delivery.

    Raises `NothingToSend` if the message has no delivery.
    """
    query = sa.select(Delivery.id, Delivery.thread_id).where(Delivery.message_id == message_id)
    found = session.execute(query).one_or_none()
    if found is None:
        raise NothingToSend(str(message_id))
    thread = lock_thread(session, found.thread_id)
    delivery = lock_delivery(session, found.id)
    if delivery.status not in MAY_BE_SENT_AGAIN:
        return delivery
    delivery.status, delivery.state, delivery.reason, delivery.ended_at = DeliveryStatus.PENDING, READY, None, None
    delivery.outgoing = {**delivery.outgoing, "asked_again_at": now.isoformat()}
    delivery.run_at, delivery.hinted_at, delivery.attempts, delivery.provider_message_id = (
        sa.func.clock_timestamp(),
        None,
        0,
        None,
    )
    message = session.get_one(Message, message_id)
    message.delivery_status, message.delivery_reason = DeliveryStatus.PENDING.value, None
    clear_unsent(thread)
    thread.version += 1
    session.flush()
    record(session, "MessageQueued", subject=subject_of(thread, message), now=now, actor=actor, payload={"again": True})
    return delivery
