"""An outgoing mail as Graph's JSON, and the marks by which we recognise it later.

Graph takes x-headers and extended properties only when the draft is made, at most five headers, and no others: threading
headers come from createReply, never from us.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable

from app.channels.base import Json, OutgoingAttachment, OutgoingMessage, Party

DELIVERY_HEADER = "x-switchyard-delivery"
# A named property in a set of our own; the GUID was drawn once and must never change.
DELIVERY_PROPERTY = "String {9c8a1f52-6b0e-4a57-9d0c-3f2a7be41c88} Name switchyard-delivery"


def new_draft(message: OutgoingMessage) -> Json:
    """What must be there from the draft's first moment, so that a draft whose id we never learned can be found."""
    headers = [{"name": DELIVERY_HEADER, "value": message.reference}]
    if message.is_automatic:
        headers.append({"name": "x-auto-response-suppress", "value": "All"})
    draft: Json = {
        "internetMessageHeaders": headers,
        "singleValueExtendedProperties": [{"id": DELIVERY_PROPERTY, "value": message.reference}],
    }
    if message.message_id_header:
        draft["internetMessageId"] = f"<{message.message_id_header}>"
    if message.reply_address:
        draft["replyTo"] = [{"emailAddress": {"address": message.reply_address}}]
    return draft


def draft_content(message: OutgoingMessage) -> Json:
    """The rest, which may be written any number of times; it replaces what createReply filled in."""
    content: Json = {
        "subject": message.subject,
        "body": {"contentType": "html", "content": message.html}
        if message.html
        else {"contentType": "text", "content": message.text},
        "toRecipients": recipients(message.to),
        "ccRecipients": recipients(message.cc),
        "bccRecipients": recipients(message.bcc),
    }
    if message.message_id_header:
        content["internetMessageId"] = f"<{message.message_id_header}>"
    return content


def recipients(parties: Iterable[Party]) -> list[Json]:
    return [{"emailAddress": {"address": party.address(), "name": party.name or party.address()}} for party in parties]


def file_attachment(attachment: OutgoingAttachment) -> Json:
    """A small file whole, for one POST."""
    return {
        "@odata.type": "#microsoft.graph.fileAttachment",
        "name": attachment.filename,
        "contentType": attachment.content_type,
        "contentBytes": base64.b64encode(attachment.content).decode(),
        **_inline_fields(attachment),
    }


def attachment_item(attachment: OutgoingAttachment) -> Json:
    """A large file announced, for an upload session."""
    described = {"attachmentType": "file", "name": attachment.filename, "size": len(attachment.content)}
    return {"AttachmentItem": {**described, "contentType": attachment.content_type, **_inline_fields(attachment)}}


def reference_in(message: Json) -> str | None:
    """Our delivery id in a message asked for with its extended property."""
    for one in message.get("singleValueExtendedProperties") or ():
        if str(one.get("id", "")).lower() == DELIVERY_PROPERTY.lower():
            return str(one.get("value") or "") or None
    return None


def bare_message_id(message: Json) -> str | None:
    """The message's internetMessageId without its angle brackets."""
    return str(message.get("internetMessageId") or "").strip().strip("<>") or None


def _inline_fields(attachment: OutgoingAttachment) -> Json:
    return {"isInline": True, "contentId": attachment.content_id} if attachment.content_id else {}
