"""Decide which messages of a timeline are shown as a group (bursts, pictures). For display alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from app.domain.threads.models import Attachment, Message, MessageType

ONE_BREATH = timedelta(seconds=60)
PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})


def follows_on(message: Message, before: Message | None) -> bool:
    """Return whether `message` continues the burst of `before`, the message just before it.

    Messages of a burst have the same writer, medium and type, and follow each other within ONE_BREATH. Mails, calls and
    automatic messages always stand alone.
    """
    if before is None or message.medium == "email" or MessageType.PHONE_CALL in (message.message_type, before.message_type):
        return False
    if message.automatic is not None or before.automatic is not None:
        return False
    return _writer(message) == _writer(before) and timedelta(0) <= message.occurred_at - before.occurred_at <= ONE_BREATH


def _writer(message: Message) -> tuple[object, ...]:
    sender = message.sender.get("address") or message.sender.get("name") or ""
    return message.message_type, message.medium, message.sender_contact_id, message.sender_user_id, sender


def is_picture(message: Message, files: Sequence[Attachment]) -> bool:
    """Return whether the message has stored pictures and nothing else."""
    if message.text or message.html or message.revoked_at is not None or not files:
        return False
    return all(file.state == "stored" and file.content_type.split(";")[0] in PICTURES for file in files)
