"""Fetch files that a message only announced: each once, into storage, outside any transaction."""

from __future__ import annotations

import uuid

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.channels.base import ProviderError
from app.connections.models import Channel
from app.core.clock import utc_now
from app.core.crash import crash_point
from app.core.db import transaction
from app.core.runtime import runtime
from app.core.storage import StoredFile
from app.core.text import mark as N_
from app.delivery.account import account_of
from app.delivery.gated import Resting, reading
from app.events.actions import Subject, record
from app.events.jobs import NotYet
from app.events.models import Event
from app.inbox.models import Attachment, Message, Thread


def fetch_announced_media(event: Event) -> None:
    """After-commit handler. A temporary failure raises, so the outbox tries again; what was fetched stays fetched.

    While the channel rests it raises NotYet, which costs no try.
    """
    with transaction() as session:
        message = session.get(Message, event.message_id)
        channel = session.get(Channel, message.channel_id) if message and message.channel_id else None
        pending = _pending(session, message.id) if message else []
        session.expunge_all()
    if message is None or channel is None:
        return
    later: Exception | None = None
    for attachment in pending:
        try:
            _fetch(attachment, channel)
        except Resting as rest:
            later = NotYet(rest.seconds)
            break
        except ProviderError as error:
            later = error
    _announce(message)
    if later is not None:
        raise later


def _pending(session: Session, message_id: uuid.UUID) -> list[Attachment]:
    query = (
        sa.select(Attachment)
        .where(Attachment.message_id == message_id, Attachment.state == "pending")
        .order_by(Attachment.position)
    )
    return list(session.execute(query).scalars())


def _fetch(attachment: Attachment, channel: Channel) -> None:
    source = runtime().adapters.media.get(channel.adapter_key)
    media_id = attachment.provider.get("media_id")
    if source is None or not media_id:
        _fail(attachment.id, N_("There is nothing to fetch it with"))
        return
    try:
        with reading(channel):
            media = source.fetch_media(media_id=media_id, url=attachment.provider.get("url"), account=account_of(channel))
    except ProviderError as error:
        if not error.permanent:
            raise
        _fail(attachment.id, error.reason.title)
        return
    kept = runtime().storage.put(media.content)
    crash_point("media.after_store")
    _keep(attachment.id, kept, media.content_type)


def _keep(attachment_id: uuid.UUID, kept: StoredFile, content_type: str) -> None:
    with transaction() as session:
        still_pending = sa.and_(Attachment.id == attachment_id, Attachment.state == "pending")
        session.execute(
            sa.update(Attachment)
            .where(still_pending)
            .values(
                state="stored",
                storage_key=kept.key,
                size_bytes=kept.size_bytes,
                sha256=kept.sha256,
                content_type=content_type or Attachment.content_type,
            )
        )


def _fail(attachment_id: uuid.UUID, error: str) -> None:
    with transaction() as session:
        session.execute(
            sa.update(Attachment)
            .where(Attachment.id == attachment_id, Attachment.state == "pending")
            .values(state="failed", error=error)
        )


def _announce(message: Message) -> None:
    with transaction() as session:
        session.execute(sa.update(Thread).where(Thread.id == message.thread_id).values(version=Thread.version + 1))
        subject = Subject(brand_id=message.brand_id, thread_id=message.thread_id, message_id=message.id)
        record(session, "AttachmentsFetched", subject=subject, now=utc_now())
