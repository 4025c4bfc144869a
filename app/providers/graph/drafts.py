"""Build an outgoing mail as Graph's JSON, with the marks by which we recognise it later.

Graph takes extended properties and headers only when the draft is made: at most five headers, and only x-headers. So in JSON
the threading headers come from createReply, never from us. If there is nothing to reply to, the draft begins as MIME.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable

from app.contract.base import Json, OutgoingAttachment, OutgoingMessage, Party

DELIVERY_HEADER = "x-switchyard-delivery"
# A named property in a set of our own; the GUID was drawn once and must never change.
DELIVERY_PROPERTY = "String {9c8a1f52-6b0e-4a57-9d0c-3f2a7be41c88} Name switchyard-delivery"


def new_draft(message: OutgoingMessage) -> Json:
    """Return the JSON that creates a draft. It contains the marks by which we find the draft if we never receive its id."""
    draft: Json = {
        "internetMessageHeaders": [{"name": DELIVERY_HEADER, "value": message.reference}],
        "singleValueExtendedProperties": [{"id": DELIVERY_PROPERTY, "value": message.reference}],
    }
    if message.message_id_header:
        draft["internetMessageId"] = f"<{message.message_id_header}>"
    if message.reply_address:
        draft["replyTo"] = [{"emailAddress": {"address": message.reply_address}}]
    return draft


def mime_skeleton(message: OutgoingMessage) -> bytes:
    """Return a mail without content, with the headers that JSON cannot set. The draft made from it gets its content later.

    The headers contain only ids of ours and of mails that we read. Each id has a line of its own, so no line is broken
    inside an id.
    """
    headers = {
        "Message-ID": _bracketed(message.message_id_header),
        "In-Reply-To": _bracketed(message.in_reply_to),
        "References": "\r\n ".join(_bracketed(one) for one in message.references),
        "Reply-To": message.reply_address or "",
        "Auto-Submitted": "auto-replied" if message.is_automatic else "",
        "X-Auto-Response-Suppress": "All" if message.is_automatic else "",
        "List-Unsubscribe": f"<{message.unsubscribe_url}>" if message.unsubscribe_url else "",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click" if message.unsubscribe_url else "",
        DELIVERY_HEADER: message.reference,
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=utf-8",
    }
    lines = [f"{name}: {value}" for name, value in headers.items() if value]
    return "\r\n".join([*lines, "", ""]).encode("utf-8", "replace")


def draft_content(message: OutgoingMessage) -> Json:
    """Return the content of the draft as JSON, which may be written repeatedly; it replaces what createReply filled in."""
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
    """Return a small file as JSON, for one POST."""
    return {
        "@odata.type": "#microsoft.graph.fileAttachment",
        "name": attachment.filename,
        "contentType": attachment.content_type,
        "contentBytes": base64.b64encode(attachment.content).decode(),
        **_inline_fields(attachment),
    }


def attachment_item(attachment: OutgoingAttachment) -> Json:
    """Return the JSON that opens an upload session for a large file."""
    described = {"attachmentType": "file", "name": attachment.filename, "size": len(attachment.content)}
    return {"AttachmentItem": {**described, "contentType": attachment.content_type, **_inline_fields(attachment)}}


def reference_in(message: Json) -> str | None:
    """Return our delivery id from a message that was requested with its extended property. Return None if it has none."""
    for one in message.get("singleValueExtendedProperties") or ():
        if str(one.get("id", "")).lower() == DELIVERY_PROPERTY.lower():
            return str(one.get("value") or "") or None
    return None


def bare_message_id(message: Json) -> str | None:
    """Return the message's internetMessageId without its angle brackets. Return None if it has none."""
    return str(message.get("internetMessageId") or "").strip().strip("<>") or None


def _bracketed(message_id: str | None) -> str:
    return f"<{''.join(message_id.split())}>" if message_id else ""


def _inline_fields(attachment: OutgoingAttachment) -> Json:
    return {"isInline": True, "contentId": attachment.content_id} if attachment.content_id else {}
