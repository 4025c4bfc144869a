"""Process one stored inbound event.

At least once: the event is finished in the same transaction as its effects, so it either has both or neither. One bad item
does not hold up the others of its event: it is rolled back alone, and the event ends quarantined with the reason, to be
processed again from a page once the cause is mended; what was applied already is recognised then. What the machine lacks
(core/shortage.py) is no fault of an event: it waits for as long as that lasts.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
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
from app.core.runtime import runtime
from app.core.shortage import Shortage, find_shortage
from app.core.storage import undone_on_error
from app.core.text import known
from app.core.text import mark as N_
from app.core.work import Lease, claim, finish, next_delay_seconds, put_back
from app.domain.connections.actions import note_health
from app.domain.connections.models import Channel
from app.domain.connections.queries import own_mail_addresses
from app.domain.delivery.reports import record_report
from app.domain.ingest.apply import apply_message, lock_keys
from app.domain.ingest.calls import apply_call, call_lock_keys
from app.domain.ingest.context import ApplyContext, ItemResult
from app.domain.ingest.mailbox_items import link_message
from app.domain.ingest.models import QUARANTINED, InboundEvent
from app.domain.ingest.notices import record_notice
from app.domain.ingest.parsing import parse_event
from app.domain.ingest.polling import SOURCE as MAILBOX
from app.domain.ingest.readers import Reader, find_reader
from app.domain.suppressions.actions import note_address

_UNSTORABLE = known("cannot be stored: %(why)s")
_GAVE_UP = known("gave up: %(why)s")

log = get_logger(__name__)
TABLE = table_of(InboundEvent)


@dataclass(frozen=True)
class Loaded:
    """What parsing an event needs, away from any session."""

    event: InboundEvent
    channel: Channel | None
    own_addresses: frozenset[str]


@dataclass
class Known:
    """What the events of one job share, read once, and the event that was read with its claim."""

    channels: dict[uuid.UUID, Channel | None] = field(default_factory=dict)
    own_addresses: frozenset[str] | None = None
    loaded: Loaded | None = None

    def load(self, session: Session, event_id: uuid.UUID) -> Loaded:
        """Read an event, and its channel and our own mail addresses where this job has not read them yet."""
        event = session.get_one(InboundEvent, event_id)
        if event.channel_id is not None and event.channel_id not in self.channels:
            self.channels[event.channel_id] = session.get(Channel, event.channel_id)
        if self.own_addresses is None:
            self.own_addresses = own_mail_addresses(session)
        session.expunge_all()
        channel = self.channels[event.channel_id] if event.channel_id is not None else None
        self.loaded = Loaded(event, channel, self.own_addresses)
        return self.loaded


def process_inbound_events(*, row_ids: Sequence[str], **_ignored: Any) -> None:
    """RQ entry point: one event after the other, in the order given; each is claimed, applied and finished for itself."""
    known = Known()
    run_in_turn(TABLE, [uuid.UUID(row_id) for row_id in row_ids], lambda row_id: _process(row_id, known))


def process_inbound_event(*, row_id: str, **_ignored: Any) -> None:
    """Claim, parse outside any transaction, apply and finish in one."""
    _process(uuid.UUID(row_id), Known())


def _process(row_id: uuid.UUID, known: Known) -> None:
    with transaction() as session:
        lease = claim(session, TABLE, row_id, lease_seconds=runtime().settings.lease_seconds)
        if lease is not None:
            known.load(session, row_id)  # with the claim: one transaction less
    if lease is not None:
        crash_point("ingest.after_claim")
        process_claimed(lease, known)


def process_claimed(lease: Lease, known: Known | None = None) -> None:
    """Do the work of a held lease; every outcome but a database that went away ends in a stored state."""
    try:
        _parse_and_apply(lease, known or Known())
    except Exception as error:
        _after_error(lease, error)
    else:
        runtime().nudger.nudge()


def _after_error(lease: Lease, error: Exception) -> None:
    """What the machine lacks is waited for, what may pass is tried again, and the rest is the event's own fault."""
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


def _parse_and_apply(lease: Lease, known: Known) -> None:
    loaded = known.loaded
    if loaded is None or loaded.event.id != lease.row_id:
        with transaction() as session:
            loaded = known.load(session, lease.row_id)
    event = loaded.event
    reader = find_reader(event.source)
    apply = partial(_read, event, reader) if reader is not None else _parsed(event, loaded.channel, loaded.own_addresses)
    with transaction() as session:
        session.connection(execution_options=KEPT)  # the same statements for every message, by the same indexes
        results, problems = apply(session)
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


def _read(event: InboundEvent, reader: Reader, session: Session) -> tuple[list[ItemResult], list[str]]:
    """An event that came by no channel: whoever reads its source applies it as well."""
    return list(reader(session, session.get_one(InboundEvent, event.id))), []


def _parsed(
    event: InboundEvent, channel: Channel | None, own: frozenset[str]
) -> Callable[[Session], tuple[list[ItemResult], list[str]]]:
    """What applies an event of a channel; it is parsed now, outside any transaction. Raises UnableToParse."""
    if channel is None:
        raise UnableToParse(N_("no channel of ours is addressed: add the channel, then process this again"))
    parsed = parse_event(event, channel, own_addresses=own)

    def apply(session: Session) -> tuple[list[ItemResult], list[str]]:
        with undone_on_error(runtime().storage) as storage:
            context = ApplyContext(
                channel=session.get_one(Channel, channel.id),
                event_id=event.id,
                now=utc_now(),
                storage=storage,
                mail_keys=runtime().mail_keys,
                own_addresses=own,
                raw_mail=event.body if parsed.messages and parsed.messages[0].evidence is not None else None,
            )
            results = _apply(session, parsed, context)
        message_id = next((r.message_id for r in results if r.message_id), None)
        if event.source == MAILBOX and message_id is not None:
            link_message(session, event.id, message_id, now=context.now)
        return results, [*parsed.problems, *(r.reason for r in results if r.result == "quarantined")]

    return apply


def _apply(session: Session, parsed: Parsed, context: ApplyContext) -> list[ItemResult]:
    advisory_xact_locks(session, {*lock_keys(parsed.messages, context), *call_lock_keys(parsed.calls)})
    messages = _in_order(parsed.messages)
    results = [_alone(session, partial(apply_message, session, message, context), context) for message in messages]
    results += [_alone(session, partial(apply_call, session, call, context), context) for call in parsed.calls]
    for report in sorted(parsed.statuses, key=lambda s: (s.provider_message_id or "", s.our_reference or "")):
        record_report(session, report, channel_id=context.channel.id, now=context.now)
        if report.needs_admin and report.reason is not None:
            note_health(session, context.channel, health="degraded", detail=report.reason.title, now=context.now)
        results.append(ItemResult("report", reason=report.status.value))
    for news in parsed.addresses:
        note_address(session, news, brand_id=context.channel.brand_id, now=context.now)
        results.append(ItemResult("address", reason=news.stop.value))
    for notice in parsed.notices:
        record_notice(session, notice, context.channel, now=context.now)
        results.append(ItemResult("notice", reason=notice.kind))
    return results


def _in_order(messages: Sequence[InboundMessage]) -> list[InboundMessage]:
    return sorted(messages, key=lambda m: m.occurred_at)


def _alone(session: Session, apply: Callable[[], ItemResult], context: ApplyContext) -> ItemResult:
    """What became of one item; a bad one is rolled back alone."""
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
    """This was no try."""
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
