"""Convert database rows to the schemas of the API."""

from __future__ import annotations

from typing import Any

from app.api.schemas.contacts import ContactOut, IdentityOut
from app.api.schemas.messages import AttachmentOut, MessageDirection, MessageOut
from app.api.schemas.threads import ThreadOut
from app.contract.base import DeliveryStatus
from app.domain.contacts.queries import ContactRecord
from app.domain.threads.api_queries import MessageRecord, ThreadRecord
from app.domain.threads.models import Attachment, Message, MessageType

ATTACHMENT_URL = "/api/v1/communication/attachments/{id}/content"
DIRECTIONS = {
    MessageType.INCOMING: MessageDirection.INCOMING,
    MessageType.OUTGOING: MessageDirection.OUTGOING,
    MessageType.AUTO_RESPONSE: MessageDirection.OUTGOING,
    MessageType.INTERNAL_NOTE: MessageDirection.INTERNAL,
    MessageType.SYSTEM_NOTIFICATION: MessageDirection.INTERNAL,
    MessageType.PHONE_CALL: MessageDirection.INTERNAL,
}
SHOWN_META = ("reply_to", "location", "contacts", "template", "interactive", "order", "referral", "call")


def thread_out(record: ThreadRecord) -> ThreadOut:
    thread = record.thread
    return ThreadOut(
        id=thread.id,
        thread_subject=thread.subject,
        thread_type=thread.thread_type,
        priority=thread.priority,
        status=thread.status,
        channel_id=thread.channel_id,
        brand=record.brand_key,
        order_id=record.order_id,
        customer_contact_id=thread.contact_id,
        partner_contact_id=thread.partner_contact_id,
        assigned_to_contact_id=record.assigned_to_contact_id,
        assigned_team_id=thread.team_id,
        created_by_contact_id=record.created_by_contact_id,
        created_at=thread.created_at,
        last_message_at=thread.last_message_at,
        response_due_at=thread.response_due_at,
        snoozed_until=thread.snoozed_until,
        tags=list(thread.tags),
        external_references=dict(thread.external_references),
        unread=record.unread,
    )


def message_out(record: MessageRecord) -> MessageOut:
    message = record.message
    direction = DIRECTIONS[message.message_type]
    incoming, outgoing = direction == MessageDirection.INCOMING, direction == MessageDirection.OUTGOING
    return MessageOut(
        id=message.id,
        thread_id=message.thread_id,
        channel_id=message.channel_id,
        message_type=message.message_type,
        direction=direction,
        sender_contact_id=message.sender_contact_id or record.sender_user_contact_id,
        sender_external=(message.sender or None) if incoming else None,
        recipient_contact_id=record.thread_contact_id if outgoing else None,
        recipient_external=(message.recipients or None) if direction != MessageDirection.INTERNAL else None,
        subject=message.subject,
        message_content=message.text,
        message_html=message.html,
        attachments=[attachment_out(a) for a in record.attachments],
        external_message_id=message.external_id,
        delivery_status=DeliveryStatus(message.delivery_status) if message.delivery_status else None,
        read_at=message.read_at,
        created_at=message.occurred_at,
        sent_at=message.sent_at,
        metadata=_metadata(message),
    )


def _metadata(message: Message) -> dict[str, Any]:
    """Return the message's `metadata`: values that only some messages have, such as "edits" or "reactions". Empty values are
    left out."""
    shown = {
        "kind": message.kind,
        "automatic": message.automatic,
        "delivery_reason": message.delivery_reason,
        "reply_to_message_id": message.reply_to_message_id,
        "revoked_at": message.revoked_at,
        "edits": message.edits,
        "reactions": message.reactions,
        **{name: message.meta[name] for name in SHOWN_META if name in message.meta},
    }
    return {name: value for name, value in shown.items() if value}


def attachment_out(attachment: Attachment) -> AttachmentOut:
    return AttachmentOut(
        id=attachment.id,
        filename=attachment.filename,
        content_type=attachment.content_type,
        size_bytes=attachment.size_bytes,
        sha256=attachment.sha256,
        state=attachment.state,  # type: ignore[arg-type]
        is_inline=attachment.is_inline,
        created_at=attachment.created_at,
        url=ATTACHMENT_URL.format(id=attachment.id),
    )


def contact_out(record: ContactRecord) -> ContactOut:
    contact = record.contact
    values: dict[str, list[str]] = {"email": [], "phone": [], "wa_id": []}
    for identity in record.identities:
        values.setdefault(identity.kind, []).append(identity.value)
    return ContactOut(
        id=contact.id,
        contact_type=contact.contact_type,
        name=contact.name,
        parent_organization_id=contact.parent_organization_id,
        language=contact.language,
        job_title=contact.job_title,
        address=contact.address,
        note=contact.note,
        emails=values["email"],
        phones=values["phone"],
        whatsapp_numbers=[f"+{digits}" for digits in values["wa_id"]],
        identities=[
            IdentityOut(kind=i.kind, value=i.value, display=i.display, former_since=i.former_since)  # type: ignore[arg-type]
            for i in record.identities
        ],
        created_at=contact.created_at,
        updated_at=contact.updated_at,
    )
