"""Queue a mail that answers no message, in a new thread or in an existing one. Its address is locked until the transaction
ends."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy.orm import Session

from app.contract.base import DeliveryStatus, Identity, IdentityKind, Party
from app.core.db import advisory_xact_lock
from app.core.text import mark as N_
from app.domain.connections.models import Channel, Medium
from app.domain.contacts.actions import IdentityInput, find_or_create_contact, identity_lock_key, normalise_identity
from app.domain.delivery.actions import SWITCHED_OFF, ReplyContext, address_mail, continue_mail
from app.domain.delivery.envelope import new_delivery, party_json
from app.domain.delivery.errors import ChannelOff, UnableToReply
from app.domain.events.actions import Actor, record
from app.domain.suppressions.actions import stop_words
from app.domain.suppressions.queries import find_stopped
from app.domain.threads.actions import NewMessage, NewThread, add_message, change_status, create_thread, lock_thread, subject_of
from app.domain.threads.models import Message, MessageType, Thread, ThreadStatus


@dataclass(frozen=True)
class FirstMail:
    """A mail to one address that answers no message. `template`: a template stored at the provider, {"name", "language",
    "components"}. `is_bulk`: the mail is part of a mailing and is not sent to people who unsubscribed. `then`: the status of
    the new thread."""

    to: str
    subject: str
    text: str
    html: str = ""  # cleaned by `clean_rich`; `text` says the same
    name: str = ""
    template: dict[str, Any] | None = None
    unsubscribe_url: str = ""
    is_bulk: bool = False
    then: ThreadStatus = ThreadStatus.WAITING_CUSTOMER
    meta: dict[str, Any] = field(default_factory=dict)


def queue_first_mail(
    session: Session, mail: FirstMail, *, channel: Channel, author: Actor, author_name: str, context: ReplyContext
) -> Message:
    """Create a thread with the mail, and promise its delivery. Raises UnableToReply (ChannelOff); then nothing is written."""
    check_mail(session, mail, channel)
    lock_address(session, mail.to)
    contact = find_or_create_contact(session, [IdentityInput("email", mail.to)], name=mail.name[:200], now=context.now)
    new = NewThread(
        brand_id=channel.brand_id,
        medium=Medium.EMAIL.value,
        subject=mail.subject,
        channel_id=channel.id,
        contact_id=contact.id,
    )
    thread = lock_thread(session, create_thread(session, new, now=context.now, at=context.now).id)
    message = add_message(session, thread, _message(mail, channel, author, author_name, context), now=context.now)
    _promise(session, thread, message, mail, channel, context)
    change_status(session, thread_id=thread.id, status=mail.then, actor=author, now=context.now)
    record(session, "MessageQueued", subject=subject_of(thread, message), now=context.now, actor=author)
    return message


def queue_mail_in_thread(
    session: Session, mail: FirstMail, *, thread: Thread, channel: Channel, author: Actor, author_name: str, context: ReplyContext
) -> Message:
    """Write the mail in a locked thread, as an answer to the contact's last mail there, and promise its delivery.

    The mail is automatic: the thread's clocks, status and drafts stay (`mail.then` is ignored).

    Raises UnableToReply (ChannelOff); then nothing is written.
    """
    check_mail(session, mail, channel)
    new = replace(_message(mail, channel, author, author_name, context), message_type=MessageType.AUTO_RESPONSE)
    message = add_message(session, thread, new, now=context.now)
    _promise(session, thread, message, mail, channel, context, continues=True)
    record(session, "MessageQueued", subject=subject_of(thread, message), now=context.now, actor=author)
    return message


def lock_address(session: Session, address: str) -> None:
    """Lock the mail address until the transaction ends, so that no other transaction creates its contact."""
    identity = normalise_identity("email", address, "")
    if identity is not None:
        advisory_xact_lock(session, identity_lock_key(identity))


def _promise(
    session: Session,
    thread: Thread,
    message: Message,
    mail: FirstMail,
    channel: Channel,
    context: ReplyContext,
    *,
    continues: bool = False,
) -> None:
    recipient = Party((Identity(IdentityKind.EMAIL, mail.to),), name=mail.name)
    outgoing: dict[str, Any] = {"to": [party_json(recipient)], "template": mail.template}
    outgoing |= {"unsubscribe_url": mail.unsubscribe_url} if mail.unsubscribe_url else {}
    delivery = new_delivery(message, channel.id, outgoing, now=context.now)
    address_mail(session, thread, message, channel, delivery, context)
    if continues:
        continue_mail(session, thread, channel, delivery)
    session.add(delivery)
    session.flush()


def check_mail(session: Session, mail: FirstMail, channel: Channel) -> None:
    """Raise UnableToReply (ChannelOff) if this mail cannot be sent over the channel or its address is stopped."""
    if channel.medium != Medium.EMAIL:
        raise UnableToReply("channel_id", N_("Choose a mailbox of this brand"))
    if not channel.is_active:
        raise ChannelOff("channel_id", SWITCHED_OFF % {"name": channel.name})
    identity = normalise_identity("email", mail.to, "")
    if identity is None:
        raise UnableToReply("to", N_("Not a valid email address"))
    stopped = find_stopped(session, brand_id=channel.brand_id, addresses=[mail.to], is_bulk=mail.is_bulk)
    if stopped:
        raise UnableToReply("to", stop_words(mail.to, stopped[mail.to.lower()]))


def _message(mail: FirstMail, channel: Channel, author: Actor, author_name: str, context: ReplyContext) -> NewMessage:
    values = {
        "sender_user_id": author.user_id,
        "sender": {"name": author_name, "address": channel.display_address},
        "recipients": {"to": [{"name": mail.name, "address": mail.to}]},
        "delivery_status": DeliveryStatus.PENDING.value,
        "html": mail.html,
        "meta": mail.meta,
    }
    return NewMessage(
        message_type=MessageType.OUTGOING,
        medium=Medium.EMAIL.value,
        occurred_at=context.now,
        text=mail.text,
        subject=mail.subject,
        channel_id=channel.id,
        values=values,
    )
