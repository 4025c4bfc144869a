"""After-commit handler that downloads announced media files and stores each of them once."""

from __future__ import annotations

import uuid
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.contract.base import ProviderError, Reason
from app.contract.fetching import FetchedMedia
from app.core.clock import utc_now
from app.core.crash import crash_point
from app.core.db import transaction
from app.core.log import get_logger
from app.core.metering import Endpoint
from app.core.runtime import runtime
from app.core.shortage import STORAGE_SECONDS
from app.core.storage import StorageFailed, StoredFile
from app.core.text import mark as N_
from app.core.work import RETRY_SECONDS
from app.domain.connections.account import account_of
from app.domain.connections.models import Channel
from app.domain.connections.provider_reads import Resting, reading
from app.domain.events.actions import Subject, record
from app.domain.events.jobs import NotYet
from app.domain.events.models import Event
from app.domain.threads.models import Attachment, Message, Thread
from app.providers.fetch_link import fetch_linked

log = get_logger(__name__)
PATIENCE = timedelta(seconds=sum(RETRY_SECONDS))  # the age an entry of the outbox has at its last try, at least


def fetch_announced_media(event: Event) -> None:
    """After-commit handler: download the announced files of a message. Files that were downloaded are kept if a later one
    fails.

    Raises `ProviderError` to be tried again. Raises `NotYet`, which does not count as a try, while the channel rests or the
    file store fails. A file is marked as failed after a permanent error, or if it still fails at the last try.
    """
    with transaction() as session:
        message = session.get(Message, event.message_id)
        channel = session.get(Channel, message.channel_id) if message and message.channel_id else None
        pending = _pending(session, message.id) if message else []
        session.expunge_all()
    if message is None:
        return
    later: Exception | None = None
    fetched = 0
    for attachment in pending:
        try:
            _fetch(attachment, channel)
            fetched += 1
        except Resting as rest:
            later = NotYet(rest.seconds)
            break
        except StorageFailed as failed:
            log.warning("media_waits", attachment_id=str(attachment.id), why=str(failed))
            later = NotYet(STORAGE_SECONDS)
            break
        except ProviderError as error:
            later = error
    if fetched or later is None:
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


def _fetch(attachment: Attachment, channel: Channel | None) -> None:
    runtime().storage.check()  # before the provider is asked for what could not be kept
    try:
        media = _bring(attachment, channel)
    except ProviderError as error:
        if not (error.permanent or utc_now() - attachment.created_at >= PATIENCE):
            raise
        _fail(attachment.id, error.reason.title)
        return
    kept = runtime().storage.put(media.content)
    crash_point("media.after_store")
    _keep(attachment.id, kept, media.content_type)


def _bring(attachment: Attachment, channel: Channel | None) -> FetchedMedia:
    """Fetch an attachment from its link or from the channel's provider. Raises ProviderError and Resting."""
    media_id, url, linked_by = (attachment.provider.get(name) for name in ("media_id", "url", "linked_by"))
    if linked_by and url:
        provider, _slash, account = linked_by.partition("/")
        called, stand_ins = Endpoint(provider, "GET file", account), bool(runtime().settings.simulated_hosts)
        return fetch_linked(runtime().foreign_http, url, filename=attachment.filename, called=called, allows_http=stand_ins)
    source = runtime().adapters.media.get(channel.adapter_key) if channel else None
    if source is None or channel is None or not media_id:
        raise ProviderError(Reason("no_source", N_("We cannot download this file")), permanent=True)
    with reading(channel):
        return source.fetch_media(media_id=media_id, url=url, account=account_of(channel))


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
