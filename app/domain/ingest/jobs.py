"""Job that processes stored inbound events: claim, parse, apply, finish.

Runs at least once. An event is finished in the transaction of its effects. A bad item of an event is rolled back alone, and
the event is quarantined with the reason. A person can process the event again when the cause is gone; the items that were
applied before are then recognised as duplicates. While the machine lacks something (core/shortage.py), events wait, and this
does not count as a try.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from app.contract.base import InboundMessage, Parsed, UnableToParse
from app.core.batches import run_in_turn
from app.core.clock import utc_now
from app.core.crash import crash_point
from app.core.db import advisory_xact_locks, table_of, transaction
from app.core.log import get_logger
from app.core.prepared import KEPT
from app.core.promises import TURN_SECONDS
from app.core.runtime import runtime
from app.core.shortage import Shortage, find_shortage
from app.core.storage import Storage, undone_on_error
from app.core.text import known
from app.core.text import mark as N_
from app.core.work import Lease, claim, claim_all, finish, finish_each, next_delay_seconds, put_back
from app.domain.connections.actions import note_health
from app.domain.connections.models import Channel
from app.domain.connections.queries import own_mail_addresses
from app.domain.delivery.reports import record_report
from app.domain.events.actions import gathered
from app.domain.ingest.apply import apply_message, lock_keys
from app.domain.ingest.calls import apply_call, call_lock_keys
from app.domain.ingest.context import ApplyContext, ItemResult, Precheck
from app.domain.ingest.mailbox_items import link_message
from app.domain.ingest.models import QUARANTINED, InboundEvent
from app.domain.ingest.notices import record_notice
from app.domain.ingest.parsing import parse_event
from app.domain.ingest.polling import SOURCE as MAILBOX
from app.domain.ingest.precheck import prepare
from app.domain.ingest.readers import find_reader
from app.domain.suppressions.actions import note_address

_UNSTORABLE = known("cannot be stored: %(why)s")
_GAVE_UP = known("stopped retrying: %(why)s")

log = get_logger(__name__)
TABLE = table_of(InboundEvent)
SMALL_BYTES = 64 * 1024  # so large an event may be to be applied with others


@dataclass(frozen=True)
class Loaded:
    """An event with its channel and our own mail addresses, for parsing it without a session."""

    event: InboundEvent
    channel: Channel | None
    own_addresses: frozenset[str]


@dataclass(frozen=True)
class Read:
    """An event of a channel with its parsed items."""

    event: InboundEvent
    channel: Channel
    own_addresses: frozenset[str]
    parsed: Parsed

    @cached_property
    def lock_keys(self) -> set[str]:
        keys = lock_keys(self.parsed.messages, brand_id=self.channel.brand_id, own_addresses=self.own_addresses)
        return keys | set(call_lock_keys(self.parsed.calls))

    @property
    def is_plain(self) -> bool:
        """Return whether the event brings exactly one message and nothing else, and the message changes no other message."""
        others = (self.parsed.statuses, self.parsed.notices, self.parsed.problems, self.parsed.calls, self.parsed.addresses)
        said = any(message.change or message.bounces or message.our_reference for message in self.parsed.messages)
        return len(self.parsed.messages) == 1 and not any(others) and not said


@dataclass
class Known:
    """Data that the events of one job share: channels and our own mail addresses, which are read once. `loaded` has the events
    that were read in advance."""

    channels: dict[uuid.UUID, Channel | None] = field(default_factory=dict)
    own_addresses: frozenset[str] | None = None
    loaded: dict[uuid.UUID, Loaded] = field(default_factory=dict)

    def load(self, session: Session, event_ids: Collection[uuid.UUID]) -> None:
        """Read these events, and their channels and our own mail addresses unless this job has them already."""
        events = session.execute(sa.select(InboundEvent).where(InboundEvent.id.in_(event_ids))).scalars().all()
        for channel_id in {event.channel_id for event in events if event.channel_id is not None} - self.channels.keys():
            self.channels[channel_id] = session.get(Channel, channel_id)
        if self.own_addresses is None:
            self.own_addresses = own_mail_addresses(session)
        session.expunge_all()
        for event in events:
            channel = self.channels[event.channel_id] if event.channel_id is not None else None
            self.loaded[event.id] = Loaded(event, channel, self.own_addresses)


def process_inbound_events(*, row_ids: Sequence[str], **_ignored: Any) -> None:
    """RQ entry point: process small new events together, then the others one after another, in the order given."""
    known, ids = Known(), [uuid.UUID(row_id) for row_id in row_ids]
    taken = _process_together(ids, known) if len(ids) > 1 else frozenset()
    run_in_turn(TABLE, [row_id for row_id in ids if row_id not in taken], lambda row_id: _process(row_id, known))


def _is_small_and_new() -> sa.ColumnElement[bool]:
    return sa.and_(TABLE.c.attempts == 0, sa.func.octet_length(TABLE.c.body) <= SMALL_BYTES)


def _process_together(row_ids: Sequence[uuid.UUID], known: Known) -> Collection[uuid.UUID]:
    """Claim the small events that were never tried, and apply their messages in few transactions. Return the ids of the claimed
    events."""
    with transaction() as session:
        claimed = claim_all(session, TABLE, row_ids, lease_seconds=runtime().settings.lease_seconds, where=_is_small_and_new)
        leases = {lease.row_id: lease for lease in claimed}
        known.load(session, leases)
    crash_point("ingest.after_claim_of_many")
    group: dict[Lease, Read] = {}
    ends_at = time.monotonic() + TURN_SECONDS
    for lease in [leases[row_id] for row_id in row_ids if row_id in leases]:
        if time.monotonic() >= ends_at:
            with transaction() as session:
                put_back(session, TABLE, lease, delay_seconds=0, values={"attempts": lease.attempts - 1})
            continue
        with _stored_outcome(lease):
            loaded = known.loaded[lease.row_id]
            read = _read(loaded)
            if read is None or not read.is_plain or any(not read.lock_keys.isdisjoint(one.lock_keys) for one in group.values()):
                _apply_group(group)
                group = {}
            if read is None or not read.is_plain:
                _apply_one(lease, loaded, read)
            else:
                group[lease] = read
    _apply_group(group)
    return leases


def process_inbound_event(*, row_id: str, **_ignored: Any) -> None:
    """RQ entry point: process one event. It is claimed, parsed outside any transaction, then applied and finished in one
    transaction."""
    _process(uuid.UUID(row_id), Known())


def _process(row_id: uuid.UUID, known: Known) -> None:
    with transaction() as session:
        lease = claim(session, TABLE, row_id, lease_seconds=runtime().settings.lease_seconds)
        if lease is not None:
            known.load(session, [row_id])  # with the claim: one transaction less
    if lease is not None:
        crash_point("ingest.after_claim")
        process_claimed(lease, known)


def process_claimed(lease: Lease, known: Known | None = None) -> None:
    """Process a claimed event. Every outcome is stored as the event's state, unless the database is unavailable."""
    known = known or Known()
    with _stored_outcome(lease):
        if lease.row_id not in known.loaded:
            with transaction() as session:
                known.load(session, [lease.row_id])
        loaded = known.loaded.pop(lease.row_id)
        _apply_one(lease, loaded, _read(loaded))


@contextmanager
def _stored_outcome(lease: Lease) -> Iterator[None]:
    """Context manager: if the block raises an error, store the outcome that follows from it. If the block succeeds, wake the
    relay."""
    try:
        yield
    except Exception as error:
        _after_error(lease, error)
    else:
        runtime().nudger.nudge()


def _after_error(lease: Lease, error: Exception) -> None:
    """Put the event back if the machine lacks something or the error may pass. Otherwise quarantine the event."""
    shortage = find_shortage(error)
    if shortage is not None:
        log.warning("inbound_event_waits", event_id=str(lease.row_id), why=shortage.why)
        _wait(lease, shortage)
    elif isinstance(error, UnableToParse):
        _quarantine(lease, str(error))
    elif isinstance(error, IntegrityError):
        _try_later(lease, "another event touched the same rows")
    elif isinstance(error, DBAPIError):
        _try_later(lease, f"database: {type(error.orig).__name__}")
    elif isinstance(error, MemoryError):  # of the machine, or of a mail that asks for too much: the schedule has an end
        _try_later(lease, "MemoryError")
    else:
        log.exception("inbound_event_failed", event_id=str(lease.row_id), exc_info=error)
        _quarantine(lease, f"{type(error).__name__}: {error}"[:500])


def _read(loaded: Loaded) -> Read | None:
    """Parse an event of a channel. Return None if the event's source has its own reader. Raises `UnableToParse`."""
    if find_reader(loaded.event.source) is not None:
        return None
    if loaded.channel is None:
        raise UnableToParse(N_("no matching channel: add the channel, then process this event again"))
    parsed = parse_event(loaded.event, loaded.channel, own_addresses=loaded.own_addresses)
    return Read(loaded.event, loaded.channel, loaded.own_addresses, parsed)


def _apply_group(group: Mapping[Lease, Read]) -> None:
    """Apply events of different contacts in one transaction. If that fails, apply each event in a transaction of its own."""
    if len(group) > 1:
        try:
            _apply_together(group)
        except Exception:
            log.exception("inbound_events_applied_alone", events=len(group))
        else:
            crash_point("ingest.after_commit_of_many")
            return
    for lease, read in group.items():
        with _stored_outcome(lease):
            _apply_one(lease, Loaded(read.event, read.channel, read.own_addresses), read)


def _apply_together(group: Mapping[Lease, Read]) -> None:
    ended: dict[Lease, dict[str, Any]] = {}
    with transaction() as session:
        session.connection(execution_options=KEPT)  # the same statements for every message, by the same indexes
        advisory_xact_locks(session, {key for read in group.values() for key in read.lock_keys})
        now = utc_now()
        with undone_on_error(runtime().storage) as storage, gathered(session):
            messages = [message for read in group.values() for message in read.parsed.messages]
            own_addresses = next(iter(group.values())).own_addresses
            precheck = prepare(session, messages, own_addresses=own_addresses, now=now)
            for lease, read in group.items():
                results = _apply(session, read, storage, now, run=lambda _session, apply, _context: apply(), precheck=precheck)
                ended[lease] = {"results": [result.as_json() for result in results]}
        crash_point("ingest.before_commit_of_many")
        finish_each(session, TABLE, ended, values={"reason": None, "done_at": sa.func.clock_timestamp()})


def _apply_one(lease: Lease, loaded: Loaded, read: Read | None) -> None:
    event = loaded.event
    reader = find_reader(event.source)
    with transaction() as session:
        session.connection(execution_options=KEPT)
        problems: list[str] = []
        if reader is not None:
            results = list(reader(session, session.get_one(InboundEvent, event.id)))
        elif read is not None:
            advisory_xact_locks(session, read.lock_keys)
            with undone_on_error(runtime().storage) as storage:
                results = _apply(session, read, storage, utc_now(), run=_alone)
            problems = [*read.parsed.problems, *(r.reason for r in results if r.result == "quarantined")]
        crash_point("ingest.before_commit")
        finish(
            session,
            TABLE,
            lease,
            state=QUARANTINED if problems else "done",
            values={
                "results": [r.as_json() for r in results],
                "reason": "; ".join(problems)[:2000] or None,
                "done_at": sa.func.clock_timestamp(),
            },
        )
    crash_point("ingest.after_commit")


Applying = Callable[[Session, Callable[[], ItemResult], ApplyContext], ItemResult]


def _apply(
    session: Session, read: Read, storage: Storage, now: datetime, *, run: Applying, precheck: Precheck | None = None
) -> list[ItemResult]:
    """Apply all items of an event and return their results. `run` is called to apply each message and each call. The caller
    holds the locks."""
    parsed = read.parsed
    context = ApplyContext(
        channel=session.get_one(Channel, read.channel.id),
        event_id=read.event.id,
        now=now,
        storage=storage,
        mail_keys=runtime().mail_keys,
        own_addresses=read.own_addresses,
        raw_mail=read.event.body if parsed.messages and parsed.messages[0].evidence is not None else None,
        precheck=precheck,
    )
    messages = _in_order(parsed.messages)
    results = [run(session, partial(apply_message, session, message, context), context) for message in messages]
    results += [run(session, partial(apply_call, session, call, context), context) for call in parsed.calls]
    for report in sorted(parsed.statuses, key=lambda s: (s.provider_message_id or "", s.our_reference or "")):
        record_report(session, report, channel_id=context.channel.id, now=now)
        if report.needs_admin and report.reason is not None:
            note_health(session, context.channel, health="degraded", detail=report.reason.title, now=now)
        results.append(ItemResult("report", reason=report.status.value))
    for news in parsed.addresses:
        note_address(session, news, brand_id=context.channel.brand_id, now=now)
        results.append(ItemResult("address", reason=news.stop.value))
    for notice in parsed.notices:
        record_notice(session, notice, context.channel, now=now)
        results.append(ItemResult("notice", reason=notice.kind))
    message_id = next((r.message_id for r in results if r.message_id), None)
    if read.event.source == MAILBOX and message_id is not None:
        link_message(session, read.event.id, message_id, now=now)
    return results


def _in_order(messages: Sequence[InboundMessage]) -> list[InboundMessage]:
    return sorted(messages, key=lambda m: m.occurred_at)


def _alone(session: Session, apply: Callable[[], ItemResult], context: ApplyContext) -> ItemResult:
    """Apply one item in a savepoint and return its result. A bad item is rolled back alone, with the result quarantined."""
    try:
        with session.begin_nested():
            return apply()
    except DBAPIError as error:
        if isinstance(error, sa.exc.DataError):
            return ItemResult("quarantined", reason=_UNSTORABLE % {"why": str(error.orig)[:200]})
        raise
    except Exception as error:
        if find_shortage(error) is not None or isinstance(error, MemoryError):
            raise  # no fault of the item: the whole event is put back
        log.exception("inbound_item_failed", event_id=str(context.event_id))
        return ItemResult("quarantined", reason=f"{type(error).__name__}: {error}"[:300])


def _quarantine(lease: Lease, reason: str) -> None:
    with transaction() as session:
        finish(session, TABLE, lease, state=QUARANTINED, values={"reason": reason, "done_at": sa.func.clock_timestamp()})


def _wait(lease: Lease, shortage: Shortage) -> None:
    """Put the event back until the shortage may be over, without counting a try."""
    with transaction() as session:
        values = {"reason": shortage.why, "attempts": lease.attempts - 1}
        put_back(session, TABLE, lease, delay_seconds=shortage.wait_seconds, values=values)


def _try_later(lease: Lease, reason: str) -> None:
    delay = next_delay_seconds(lease.attempts)
    with transaction() as session:
        if delay is None:
            finish(session, TABLE, lease, state=QUARANTINED, values={"reason": _GAVE_UP % {"why": reason}})
        else:
            put_back(
                session,
                TABLE,
                lease,
                delay_seconds=delay if lease.attempts > 3 else 0.2 * lease.attempts,
                values={"reason": reason},
            )
