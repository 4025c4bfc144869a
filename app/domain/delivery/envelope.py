"""Convert between a delivery's stored JSON and the `OutgoingMessage` that an adapter sends."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from app.contract.base import DeliveryStatus, Identity, IdentityKind, OutgoingAttachment, OutgoingMessage, OutgoingTemplate, Party
from app.contract.choices import read_choices
from app.core.storage import Storage
from app.core.work import READY
from app.domain.connections.models import Channel, Medium
from app.domain.delivery.models import Delivery
from app.domain.threads.models import Attachment, Message
from app.mail.html import text_to_html
from app.mail.rich import with_signature


def new_delivery(message: Message, channel_id: uuid.UUID, outgoing: dict[str, Any], *, now: datetime) -> Delivery:
    """Return a new delivery of a message, not yet in a session. `outgoing` has the keys that `outgoing_message` reads."""
    return Delivery(
        message_id=message.id,
        thread_id=message.thread_id,
        channel_id=channel_id,
        outgoing=outgoing,
        progress={},
        created_at=now,
        state=READY,
        attempts=0,
        status=DeliveryStatus.PENDING,
    )


def party_json(party: Party) -> dict[str, Any]:
    return {
        "name": party.name,
        "identities": [{"kind": i.kind.value, "value": i.value, "scope": i.scope} for i in party.identities],
    }


def read_party(data: dict[str, Any]) -> Party:
    identities = (Identity(IdentityKind(i["kind"]), i["value"], i.get("scope", "")) for i in data.get("identities", ()))
    return Party(identities=tuple(identities), name=data.get("name", ""))


def outgoing_message(
    delivery: Delivery, message: Message, channel: Channel, files: Sequence[OutgoingAttachment]
) -> OutgoingMessage:
    """Build the message for an adapter from stored rows alone, so that a retry sends the very same message."""
    kept = delivery.outgoing
    template = kept.get("template")
    signature = kept.get("signature", "")
    text = f"{message.text}\n\n-- \n{signature}" if signature else message.text
    html = with_signature(message.html, signature) if message.html else text_to_html(text)
    return OutgoingMessage(
        reference=str(delivery.id),
        to=tuple(read_party(p) for p in kept.get("to", ())),
        cc=tuple(read_party(p) for p in kept.get("cc", ())),
        bcc=tuple(read_party(p) for p in kept.get("bcc", ())),
        subject=message.subject,
        text=text,
        html=html if channel.medium == Medium.EMAIL else "",
        attachments=tuple(files),
        template=OutgoingTemplate(template["name"], template["language"], template.get("components", ())) if template else None,
        reply_to_external_id=kept.get("reply_to_external_id"),
        message_id_header=delivery.rfc822_message_id,
        in_reply_to=kept.get("in_reply_to"),
        references=tuple(kept.get("references", ())),
        reply_address=kept.get("reply_address"),
        is_automatic=message.message_type == "auto_response",
        unsubscribe_url=kept.get("unsubscribe_url", ""),
        choices=read_choices(kept.get("choices")),
    )


def read_files(attachments: Sequence[Attachment], storage: Storage) -> list[OutgoingAttachment]:
    """Load the files of a message from the store. Raises FileMissing."""
    files = []
    for attachment in attachments:
        if attachment.storage_key is None:
            continue
        with storage.open(attachment.storage_key) as file:
            files.append(OutgoingAttachment(attachment.filename, attachment.content_type, file.read(), attachment.content_id))
    return files
