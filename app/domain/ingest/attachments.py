"""Store the attachments of inbound messages that came with their bytes, and add rows for attachments that are still to be
fetched."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.contract.base import InboundAttachment
from app.core.storage import Storage
from app.core.text import storable, storable_json
from app.domain.threads.models import Attachment, Message


def store_attachments(
    session: Session, files: Sequence[InboundAttachment], *, message: Message, storage: Storage, now: datetime
) -> bool:
    """Add a row for each attachment. Return True if any of them is still to be fetched; the caller then records
    `AttachmentsAnnounced`."""
    for position, file in enumerate(files):
        values = _kept(file.content, storage) if file.content is not None else _announced(file)
        session.add(_row(file, message, position, values, now))
    return any(file.content is None for file in files)


def announce_attachments(session: Session, files: Sequence[InboundAttachment], *, message: Message, now: datetime) -> None:
    """Add a row for each attachment that is to be fetched later. The caller records `AttachmentsAnnounced`."""
    session.add_all(_row(file, message, position, _announced(file), now) for position, file in enumerate(files))


def announce_again(session: Session, attachment_id: uuid.UUID) -> bool:
    """Make a failed attachment pending again. The caller then records `AttachmentsAnnounced`.

    Return False, and change nothing, if the attachment had not failed, or if it is not known where to fetch it.
    """
    given_up = sa.and_(Attachment.id == attachment_id, Attachment.state == "failed", Attachment.provider != {})
    again = sa.update(Attachment).where(given_up).values(state="pending", error=None).returning(Attachment.id)
    return session.execute(again).first() is not None


def _row(file: InboundAttachment, message: Message, position: int, values: dict[str, Any], now: datetime) -> Attachment:
    return Attachment(
        message_id=message.id,
        thread_id=message.thread_id,
        position=position,
        filename=storable(file.filename)[:300],
        content_type=storable(file.content_type)[:200],
        content_id=file.content_id,
        is_inline=file.is_inline,
        created_at=now,
        **values,
    )


def _kept(content: bytes, storage: Storage) -> dict[str, Any]:
    kept = storage.put(content)
    stored = {"state": "stored", "storage_key": kept.key, "size_bytes": kept.size_bytes, "sha256": kept.sha256}
    return {**stored, "provider": {}}


def _announced(file: InboundAttachment) -> dict[str, Any]:
    handle = {"media_id": file.provider_media_id, "url": file.provider_url, "sha256": file.sha256}
    handle |= {"linked_by": file.linked_by} if file.linked_by else {}
    return {"state": "pending", "size_bytes": file.size_bytes, "sha256": None, "provider": storable_json(handle)}
