"""Import mails from files into the inbox. Exactly one outcome is reported for each mail.

Every mail is stored as an inbound event and claimed in the same transaction, so that no worker takes it. After a crash,
workers process the stored events when their leases have ended. A mail that was imported before is recognised by its bytes.
"""

from __future__ import annotations

import hashlib
import time
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.db import db, table_of, transaction
from app.core.work import DONE, Lease, claim
from app.domain.connections.models import Channel
from app.domain.ingest.actions import put_back
from app.domain.ingest.intake import RawEvent, store_event
from app.domain.ingest.jobs import process_claimed
from app.domain.ingest.mail_files import MailFile
from app.domain.ingest.models import QUARANTINED, InboundEvent

SOURCE = "mail_import"
BATCH_MAILS, BATCH_BYTES = 25, 16 * 1024 * 1024
LEASE_SECONDS = 900
PATIENCE_SECONDS = 60.0
TABLE = table_of(InboundEvent)
QUARANTINE = "quarantined"


@dataclass(frozen=True)
class Imported:
    """The outcome of importing one mail. `result`: threaded | new | automatic | bounce | duplicate | quarantined."""

    file: str
    result: str
    reason: str = ""
    thread_id: str | None = None
    message_id: str | None = None


@dataclass(frozen=True)
class _Stored:
    """A mail with its stored event. If `lease` is None, there is nothing to process here: the mail was imported before, or a
    worker has claimed its event."""

    file: str
    event_id: uuid.UUID
    lease: Lease | None


@dataclass(frozen=True)
class _Ending:
    state: str
    reason: str | None
    results: list[dict[str, str | None]]


_ENDING = sa.select(TABLE.c.state, TABLE.c.reason, TABLE.c.results)


def import_mails(mails: Iterable[MailFile], channel: Channel) -> Iterator[Imported]:
    """Import mails into a channel, in order and in batches, and yield the outcome of each mail. Only for edges, as it opens its
    own transactions."""
    batch: list[MailFile] = []
    size = 0
    for mail in mails:
        batch.append(mail)
        size += len(mail.content)
        if len(batch) >= BATCH_MAILS or size >= BATCH_BYTES:
            yield from _import_batch(batch, channel)
            batch, size = [], 0
    yield from _import_batch(batch, channel)


def _import_batch(batch: list[MailFile], channel: Channel) -> Iterator[Imported]:
    with transaction() as session:
        stored = [None if mail.problem else _store(session, mail, channel) for mail in batch]
    for mail, kept in zip(batch, stored, strict=True):
        yield _outcome(kept) if kept else Imported(mail.name, QUARANTINE, mail.problem)
    db.session.remove()


def _store(session: Session, mail: MailFile, channel: Channel) -> _Stored:
    key = f"{channel.id}:{hashlib.sha256(mail.content).hexdigest()}"
    raw = RawEvent(source=SOURCE, dedupe_key=key, body=mail.content, channel_id=channel.id)
    event_id = store_event(session, raw)
    if event_id is None:
        same = sa.and_(TABLE.c.source == SOURCE, TABLE.c.dedupe_key == key)
        event_id = session.execute(sa.select(TABLE.c.id).where(same)).scalar_one()
        if not put_back(session, [event_id]):
            return _Stored(mail.name, event_id, None)
    return _Stored(mail.name, event_id, claim(session, TABLE, event_id, lease_seconds=LEASE_SECONDS))


def _outcome(stored: _Stored) -> Imported:
    if stored.lease is not None:
        process_claimed(stored.lease)
    event = _wait_until_done(stored.event_id)
    first = event.results[0] if event.results else {}
    ids = {"thread_id": first.get("thread_id"), "message_id": first.get("message_id")}
    if event.state != DONE:
        return Imported(stored.file, QUARANTINE, event.reason or f"still {event.state} after {PATIENCE_SECONDS:.0f} s", **ids)
    if stored.lease is None:
        return Imported(stored.file, "duplicate", "imported before", **ids)
    return Imported(stored.file, first.get("result") or QUARANTINE, first.get("reason") or "", **ids)


def _wait_until_done(event_id: uuid.UUID) -> _Ending:
    """Wait until an event is processed and return its outcome. The event may have been put back, or a worker may have claimed
    it.

    After PATIENCE_SECONDS, return the event's current state instead.
    """
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while True:
        with transaction() as session:
            row = session.execute(_ENDING.where(TABLE.c.id == event_id)).one()
            over = row.state in (DONE, QUARANTINED)
            lease = None if over else claim(session, TABLE, event_id, lease_seconds=LEASE_SECONDS)
        if lease is not None:
            process_claimed(lease)
        elif over or time.monotonic() > give_up_at:
            return _Ending(row.state, row.reason, row.results)
        else:
            time.sleep(0.1)
