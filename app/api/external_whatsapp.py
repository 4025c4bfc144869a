"""Serve /external/send-whatsapp: programs send a message on WhatsApp."""

from __future__ import annotations

import uuid
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.api.answers import Answer, answer
from app.api.authorize import current_viewer
from app.api.idempotency import write
from app.api.registry import Routes
from app.api.schemas.messages import MessageOut
from app.api.schemas.whatsapp import ExternalWhatsAppCreate
from app.api.serialize import message_out
from app.core.clock import utc_now
from app.core.problems import invalid
from app.core.runtime import runtime
from app.domain.accounts.access import Viewer
from app.domain.connections.models import Channel, Medium
from app.domain.connections.queries import list_channels
from app.domain.contacts.models import Contact
from app.domain.contacts.numbers import NotAnAddress, clean_phone
from app.domain.delivery.actions import Reply, ReplyContext, queue_reply
from app.domain.delivery.errors import UnableToReply
from app.domain.threads.actions import change_status
from app.domain.threads.api_queries import find_message_records
from app.domain.threads.models import Message, Thread, ThreadStatus
from app.domain.threads.write_first import Recipient, begin_thread, find_or_add_recipient, find_running

routes = Routes("External")
SEND: dict[str, Any] = {
    "to": "31687654321",
    "type": "template",
    "template": {
        "name": "order_status_update",
        "language": {"code": "nl"},
        "components": [
            {
                "type": "body",
                "parameters": [{"type": "text", "text": "CC-2026-00042"}, {"type": "text", "text": "In behandeling"}],
            }
        ],
    },
}
FIELDS = {"message_content": "text.body", "template": "template", "thread_id": "to"}


@routes.add("post", "/external/send-whatsapp", scope="threads:write", answers=MessageOut, status=202, example=SEND)
def send_whatsapp(body: ExternalWhatsAppCreate) -> Response:
    """Send one WhatsApp message.

    The message is queued, not sent yet: `delivery_status` is `pending`. Free text is allowed for 24 hours after the last
    message of the person. After that it is refused with 422: send a template instead.
    """
    return write(lambda session: _send(session, current_viewer(), body))


def _send(session: Session, viewer: Viewer, body: ExternalWhatsAppCreate) -> Answer:
    channel, now = _channel(session, viewer, body.channel_id), utc_now()
    try:
        number = clean_phone(body.to if body.to.startswith(("+", "0")) else f"+{body.to}")
    except NotAnAddress as error:
        raise invalid("to", str(error)) from error
    contact = find_or_add_recipient(session, Recipient("phone", number, body.to_name), channel, now=now)
    thread = find_running(session, contact, channel)
    begins = thread is None
    if thread is None:
        thread = begin_thread(session, contact, channel, viewer=viewer, now=now, takes_it=False)
    reply = Reply(
        thread_id=thread.id,
        text=body.text.body if body.text else "",
        channel_id=channel.id,
        template=body.template.as_ours() if body.template else None,
        answers_message_id=_answered(session, thread, contact, body),
    )
    house = runtime()
    rules = house.adapters.rules[channel.channel_type.value]
    context = ReplyContext(rules=rules, mail_keys=house.mail_keys, mail_domain=house.settings.mail_domain, now=now)
    try:
        sent = queue_reply(session, reply, channel=channel, author=viewer.actor, author_name=viewer.name, context=context)
    except UnableToReply as error:
        raise invalid(FIELDS.get(error.field, error.field), str(error)) from error
    if begins:  # the message waits for the customer, not for one of us
        change_status(session, thread_id=thread.id, status=ThreadStatus.WAITING_CUSTOMER, actor=viewer.actor, now=now)
    (record,) = find_message_records(session, viewer=viewer, message_ids=[sent[0].id])
    return answer(message_out(record), 202, location=f"/api/v1/communication/messages/{sent[0].id}")


def _answered(session: Session, thread: Thread, contact: Contact, body: ExternalWhatsAppCreate) -> uuid.UUID | None:
    if body.context is None:
        return None
    known = sa.select(Message.id).where(Message.external_id == body.context.message_id, Message.thread_id == thread.id)
    found = session.execute(known).scalar_one_or_none()
    if found is None:
        raise invalid("context.message_id", f"there is no such message in what is open with {contact.name or body.to}")
    return found


def _channel(session: Session, viewer: Viewer, channel_id: uuid.UUID | None) -> Channel:
    """Return the WhatsApp channel with this id, or for None the only one of the viewer's brands. Raises `Problem` if there is
    no such channel, or several."""
    senders = runtime().adapters.senders
    found = [
        channel
        for channel in list_channels(session, active_only=True, brand_ids=viewer.brand_ids)
        if channel.medium == Medium.WHATSAPP and channel.adapter_key in senders and channel_id in (None, channel.id)
    ]
    if channel_id is not None and not found:
        raise invalid("channel_id", "there is no such WhatsApp number that can send")
    if len(found) != 1:
        raise invalid(
            "channel_id", "name the WhatsApp number to send from" if found else "there is no WhatsApp number that can send"
        )
    return found[0]
