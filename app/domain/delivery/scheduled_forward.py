"""Convert a forward to a scheduled reply's row and back."""

from __future__ import annotations

import uuid
from typing import Any

from app.domain.delivery.forward import Forward
from app.domain.delivery.models import ScheduledReply
from app.domain.threads.forward_drafts import KIND as FORWARD


def kept_forward(forward: Forward) -> dict[str, Any]:
    """Return the JSON of a forward for `ScheduledReply.reply`. "text" and "html" are as typed; "forward" has the mail to send,
    including the original."""
    typed = forward.typed
    return {
        "text": typed.get("text", ""),
        "html": typed.get("html", ""),
        "options": typed.get("options", {}),
        "attachment_ids": [str(file_id) for file_id in forward.attachment_ids],
        "cc": list(forward.cc),
        "bcc": list(forward.bcc),
        FORWARD: {
            "message_id": str(forward.message_id),
            "to": list(forward.to),
            "subject": forward.subject,
            "text": forward.text,
            "html": forward.html,
            "file_ids": [str(file_id) for file_id in forward.file_ids],
        },
    }


def is_forward(row: ScheduledReply) -> bool:
    return FORWARD in row.reply


def original_id(row: ScheduledReply) -> uuid.UUID:
    """Return the id of the message that a scheduled forward forwards."""
    return uuid.UUID(row.reply[FORWARD]["message_id"])


def forward_of(row: ScheduledReply, *, seen: uuid.UUID | None) -> Forward:
    """Return the forward to queue for a scheduled row. `seen`: the newest item that its writer saw; None: newer items do not
    hold it back."""
    kept, outgoing = row.reply, row.reply[FORWARD]
    return Forward(
        message_id=original_id(row),
        to=tuple(outgoing["to"]),
        subject=outgoing["subject"],
        text=outgoing["text"],
        html=outgoing["html"],
        cc=tuple(kept["cc"]),
        bcc=tuple(kept["bcc"]),
        file_ids=tuple(uuid.UUID(text) for text in outgoing["file_ids"]),
        attachment_ids=tuple(uuid.UUID(text) for text in kept["attachment_ids"]),
        client_token=row.id,
        last_seen_message_id=seen,
        typed={name: kept[name] for name in ("text", "html", "options")},
    )
