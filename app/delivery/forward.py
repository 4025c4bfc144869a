"""Pass a message on by mail to somebody outside the thread. Their answer comes back to it by the signed address."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.channels.base import DeliveryStatus, Identity, IdentityKind, Party
from app.connections.models import Channel, Medium
from app.core.ids import new_id
from app.core.text import known
from app.core.text import mark as N_
from app.delivery.actions import SWITCHED_OFF, ChannelOff, ReplyContext, UnableToReply, address_mail
from app.delivery.envelope import new_delivery, party_json
from app.delivery.third_parties import FORWARD_OF
from app.events.actions import Actor, record
from app.inbox.actions import NewMessage, add_message, find_by_client_token, lock_thread, subject_of
from app.inbox.models import Attachment, Message, MessageType

FILES_TOO_LARGE = known("The files are larger than %(limit)s MB together: leave some out")

FORWARDED_TYPES = frozenset({MessageType.INCOMING, MessageType.OUTGOING, MessageType.AUTO_RESPONSE})


@dataclass(frozen=True)
class Forward:
    """What the writer asked for. `text` is all of it, the quoted original included; addresses are lower case."""

    message_id: uuid.UUID
    to: tuple[str, ...]
    subject: str
    text: str
    cc: tuple[str, ...] = ()
    attachment_ids: tuple[uuid.UUID, ...] = ()  # of the original's files: those that go along
    client_token: uuid.UUID | None = None


def queue_forward(
    session: Session, forward: Forward, *, channel: Channel, author: Actor, author_name: str, context: ReplyContext
) -> Message:
    """Write the outgoing message and promise its delivery; the state of the thread stays as it is.

    The same `client_token` again returns what it made before. Raises UnableToReply.
    """
    original = session.get_one(Message, forward.message_id)
    thread = lock_thread(session, original.thread_id)
    repeat = find_by_client_token(session, author.user_id, forward.client_token)
    if repeat is not None:
        return repeat
    _check(forward, original, channel)
    files = _chosen_files(session, forward, context.rules.attachment_bytes)
    people = {"to": forward.to, "cc": tuple(address for address in forward.cc if address not in forward.to)}
    values = {
        "sender_user_id": author.user_id,
        "sender": {"name": author_name, "address": channel.display_address},
        "recipients": {kind: [{"name": "", "address": address} for address in people[kind]] for kind in people},
        "client_token": forward.client_token,
        "delivery_status": DeliveryStatus.PENDING.value,
        "meta": {FORWARD_OF: str(original.id)},
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
    message = add_message(session, thread, new, now=context.now)
    _copy_files(session, message, files, context)
    outgoing = {kind: [party_json(_party(address)) for address in people[kind]] for kind in people}
    delivery = new_delivery(message, channel.id, outgoing, now=context.now)
    address_mail(session, thread, message, channel, delivery, context)
    session.add(delivery)
    session.flush()
    payload = {FORWARD_OF: str(original.id)}
    record(session, "MessageQueued", subject=subject_of(thread, message), now=context.now, actor=author, payload=payload)
    return message


def _check(forward: Forward, original: Message, channel: Channel) -> None:
    if original.message_type not in FORWARDED_TYPES:
        raise UnableToReply("message_id", N_("A note stays inside: copy what may be told"))
    if channel.medium != Medium.EMAIL or channel.brand_id != original.brand_id:
        raise UnableToReply("channel_id", N_("Choose a mailbox of this brand"))
    if not channel.is_active:
        raise ChannelOff("channel_id", SWITCHED_OFF % {"name": channel.name})
    if not forward.to:
        raise UnableToReply("to", N_("Say who it is for"))


def _party(address: str) -> Party:
    return Party((Identity(IdentityKind.EMAIL, address),))


def _chosen_files(session: Session, forward: Forward, limit: int) -> Sequence[Attachment]:
    of_original = sa.and_(Attachment.message_id == forward.message_id, Attachment.storage_key.is_not(None))
    query = sa.select(Attachment).where(of_original, Attachment.id.in_(forward.attachment_ids)).order_by(Attachment.position)
    files = session.execute(query).scalars().all()
    if sum(file.size_bytes or 0 for file in files) > limit:
        raise UnableToReply("attachments", FILES_TOO_LARGE % {"limit": limit // 1024 // 1024})
    return files


def _copy_files(session: Session, message: Message, files: Sequence[Attachment], context: ReplyContext) -> None:
    """The same stored bytes under a new row: the original keeps its own."""
    session.add_all(
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
        for position, file in enumerate(files)
    )
    session.flush()
