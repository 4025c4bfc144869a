"""Queue the forward of a message by mail to somebody outside the thread. An answer to it joins the thread, because the reply
address is signed."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.contract.base import DeliveryStatus, Identity, IdentityKind, Party
from app.core.ids import new_id
from app.core.text import known
from app.core.text import mark as N_
from app.domain.connections.models import Channel, Medium
from app.domain.delivery.actions import (
    SWITCHED_OFF,
    ChannelOff,
    ReplyContext,
    UnableToReply,
    address_mail,
    check_not_scheduled,
)
from app.domain.delivery.envelope import new_delivery, party_json
from app.domain.delivery.suppression_check import check_addresses
from app.domain.delivery.third_parties import FORWARD_OF
from app.domain.events.actions import Actor, record
from app.domain.threads.actions import (
    NewMessage,
    add_message,
    attach_uploads,
    check_nothing_newer,
    discard_draft,
    find_by_client_token,
    lock_thread,
    subject_of,
)
from app.domain.threads.forward_drafts import KIND
from app.domain.threads.models import Attachment, Message, MessageType, Thread
from app.domain.threads.recall_state import check_not_taken_back, note_wait, seen_before, standing_of

FILES_TOO_LARGE = known("Together the files exceed %(limit)s MB: remove some")

FORWARDED_TYPES = frozenset({MessageType.INCOMING, MessageType.OUTGOING, MessageType.AUTO_RESPONSE})


@dataclass(frozen=True)
class Forward:
    """A forward as its writer submits it. `text` includes the quoted original; addresses are in lower case.

    `typed`: the fields the form shows again if the forward is taken back: "text", "html" and "options" as in Draft.
    """

    message_id: uuid.UUID
    to: tuple[str, ...]
    subject: str
    text: str
    html: str = ""  # the same with formatting; "" where it was written plain
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()
    file_ids: tuple[uuid.UUID, ...] = ()  # of the original's files: those that go along
    attachment_ids: tuple[uuid.UUID, ...] = ()  # uploads of the writer
    client_token: uuid.UUID | None = None
    last_seen_message_id: uuid.UUID | None = None
    wait_seconds: int = 0  # so long it can be taken back before it may leave
    typed: dict[str, Any] = field(default_factory=dict)


def queue_forward(
    session: Session, forward: Forward, *, channel: Channel, author: Actor, author_name: str, context: ReplyContext
) -> Message:
    """Write the message of a forward and promise its delivery; the thread's status stays.

    A repeat with the same `client_token` returns the first message. Raises ThreadMovedOn, UnableToReply, AlreadyTakenBack; then
    nothing is written.
    """
    original = get_original(session, forward)
    thread = lock_thread(session, original.thread_id)
    repeat = find_by_client_token(session, author.user_id, forward.client_token)
    if repeat is not None:
        return repeat
    check_not_taken_back(session, author.user_id, forward.client_token)
    check_not_scheduled(session, author.user_id, forward.client_token, thread)
    seen = seen_before(session, thread, forward.last_seen_message_id)
    check_nothing_newer(session, thread, last_seen_message_id=seen, user_id=author.user_id)
    files = check_forward(session, forward, channel, author, context)
    before = standing_of(thread)
    message = _add_message(session, thread, forward, channel, author, author_name, context)
    uploads = attach_uploads(session, message, forward.attachment_ids, user_id=author.user_id)
    copies = _copy_files(session, message, files, context, after=len(uploads))
    _add_delivery(session, thread, message, forward, channel, copies, context)
    payload = {FORWARD_OF: str(original.id)}
    record(session, "MessageQueued", subject=subject_of(thread, message), now=context.now, actor=author, payload=payload)
    discard_draft(session, user_id=author.user_id, thread_id=thread.id, kind=KIND)
    if forward.wait_seconds:
        leaves_at = context.now + timedelta(seconds=forward.wait_seconds)
        note_wait([message], before=before, thread=thread, leaves_at=leaves_at)
    session.flush()
    return message


def _people(forward: Forward) -> dict[str, tuple[str, ...]]:
    """Return the addresses by "to", "cc" and "bcc". An address that occurs in several of these is kept only in the first."""
    cc = tuple(address for address in forward.cc if address not in forward.to)
    bcc = tuple(address for address in forward.bcc if address not in (*forward.to, *cc))
    return {"to": forward.to, "cc": cc} | ({"bcc": bcc} if bcc else {})


def _add_message(
    session: Session,
    thread: Thread,
    forward: Forward,
    channel: Channel,
    author: Actor,
    author_name: str,
    context: ReplyContext,
) -> Message:
    people = _people(forward)
    values = {
        "sender_user_id": author.user_id,
        "sender": {"name": author_name, "address": channel.display_address},
        "recipients": {kind: [{"name": "", "address": address} for address in people[kind]] for kind in people},
        "client_token": forward.client_token,
        "delivery_status": DeliveryStatus.PENDING.value,
        "html": forward.html,
        "meta": {FORWARD_OF: str(forward.message_id)},
    }
    new = NewMessage(
        message_type=MessageType.OUTGOING,
        medium=channel.medium.value,
        occurred_at=context.now,
        text=forward.text,
        subject=forward.subject,
        channel_id=channel.id,
        values=values,
    )
    return add_message(session, thread, new, now=context.now)


def _add_delivery(
    session: Session,
    thread: Thread,
    message: Message,
    forward: Forward,
    channel: Channel,
    copies: Sequence[Attachment],
    context: ReplyContext,
) -> None:
    people = _people(forward)
    outgoing: dict[str, Any] = {kind: [party_json(_party(address)) for address in people[kind]] for kind in people}
    outgoing |= {"typed": forward.typed, "copied_files": [str(copy.id) for copy in copies]}
    delivery = new_delivery(message, channel.id, outgoing, now=context.now)
    if forward.wait_seconds:
        delivery.run_at = sa.func.clock_timestamp() + timedelta(seconds=forward.wait_seconds)
    address_mail(session, thread, message, channel, delivery, context)
    session.add(delivery)
    session.flush()


def get_original(session: Session, forward: Forward) -> Message:
    """Return the message to forward. Raises `UnableToReply` if it no longer exists, because its writer took it back."""
    original = session.get(Message, forward.message_id)
    if original is None:
        raise UnableToReply("message_id", N_("The message to forward no longer exists"))
    return original


def check_forward(
    session: Session, forward: Forward, channel: Channel, author: Actor, context: ReplyContext
) -> Sequence[Attachment]:
    """Return the original's files to send along. Raises UnableToReply if this mailbox cannot send this forward now."""
    _check(forward, get_original(session, forward), channel)
    check_addresses(session, brand_id=channel.brand_id, addresses=(*forward.to, *forward.cc, *forward.bcc))
    return _chosen_files(session, forward, author, context.rules.attachment_bytes)


def _check(forward: Forward, original: Message, channel: Channel) -> None:
    if original.message_type not in FORWARDED_TYPES:
        raise UnableToReply("message_id", N_("Notes cannot be forwarded: copy only what you may share"))
    if channel.medium != Medium.EMAIL or channel.brand_id != original.brand_id:
        raise UnableToReply("channel_id", N_("Choose a mailbox of this brand"))
    if not channel.is_active:
        raise ChannelOff("channel_id", SWITCHED_OFF % {"name": channel.name})
    if not forward.to:
        raise UnableToReply("to", N_("Enter a recipient"))


def _party(address: str) -> Party:
    return Party((Identity(IdentityKind.EMAIL, address),))


def _chosen_files(session: Session, forward: Forward, author: Actor, limit: int) -> Sequence[Attachment]:
    """Return the original's files to send along. Raises UnableToReply if these and the writer's uploads exceed `limit` bytes."""
    of_original = sa.and_(Attachment.message_id == forward.message_id, Attachment.storage_key.is_not(None))
    query = sa.select(Attachment).where(of_original, Attachment.id.in_(forward.file_ids)).order_by(Attachment.position)
    files = session.execute(query).scalars().all()
    own = sa.and_(Attachment.uploaded_by_user_id == author.user_id, Attachment.message_id.is_(None))
    uploads = sa.select(Attachment.size_bytes).where(own, Attachment.id.in_(forward.attachment_ids))
    sizes = [file.size_bytes or 0 for file in files]
    if forward.attachment_ids:
        sizes += [size or 0 for size in session.execute(uploads).scalars()]
    if sum(sizes) > limit:
        raise UnableToReply("attachments", FILES_TOO_LARGE % {"limit": limit // 1024 // 1024})
    return files


def _copy_files(
    session: Session, message: Message, files: Sequence[Attachment], context: ReplyContext, *, after: int
) -> list[Attachment]:
    """Add attachment rows to the forward that refer to the same stored files; the rows of the original stay. `after`: the
    position of the first new row."""
    copies = [
        Attachment(
            id=new_id(),
            message_id=message.id,
            thread_id=message.thread_id,
            position=position,
            filename=file.filename,
            content_type=file.content_type,
            size_bytes=file.size_bytes,
            sha256=file.sha256,
            storage_key=file.storage_key,
            state="stored",
            is_inline=False,
            created_at=context.now,
        )
        for position, file in enumerate(files, start=after)
    ]
    session.add_all(copies)
    session.flush()
    return copies
