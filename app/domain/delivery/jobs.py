"""Job that sends one delivery to its provider: claim, close the session, call, record.

A claim is a compare-and-set, so that only one worker has the row. The attempt is committed before the call. If the process
dies before the answer, the next claim finds an attempt without an end. It then checks before it sends: it asks the provider
(`Sender.lookup`), or waits for the provider's reports (`UNKNOWN_SETTLE_SECONDS`).

Without a report the message counts as not sent only when three things are true: the provider has reached us again, delayed
reports had time to follow, and all events received by then are processed. Messages of one thread are sent in order.
"""

from __future__ import annotations

import time
import uuid
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from app.contract.base import DeliveryStatus, Found, Json, Lookup, OutgoingMessage, ProviderError, Reason, Sender, SendResult
from app.core.clock import utc_now
from app.core.crash import crash_point
from app.core.db import table_of, transaction
from app.core.log import get_logger
from app.core.runtime import runtime
from app.core.shortage import STORAGE_SECONDS
from app.core.storage import FileMissing, StorageFailed
from app.core.text import known
from app.core.text import mark as N_
from app.core.work import FAILED, Lease, claim, finish, next_delay_seconds, put_back
from app.domain.connections.account import account_of
from app.domain.connections.actions import note_health
from app.domain.connections.gate import Gate, Wait, Why
from app.domain.connections.models import Channel
from app.domain.connections.provider_reads import gate_of, tell_gate
from app.domain.delivery.attempts import end_attempt, open_attempt
from app.domain.delivery.envelope import outgoing_message, read_files, read_party
from app.domain.delivery.models import ENDS_BADLY, LADDER, Delivery
from app.domain.delivery.queries import find_uncertain, first_heard_since, has_unread_events, list_files, list_ids_of_same_words
from app.domain.delivery.recipient import find_objection
from app.domain.delivery.reports import (
    apply_status,
    apply_waiting_reports,
    lock_delivery,
    note_delay,
    reason_json,
    record_report,
    set_external_id,
)
from app.domain.threads.models import Message

NO_SENDER = known("The channel %(name)s cannot send messages")
RESTS = N_("The channel pauses before it contacts its provider again; this message is waiting")
PACED = N_("The channel has reached its provider's limit; this message is waiting its turn")
ONE_PERSON = N_(
    "We just sent this person many messages, so the provider accepts only one every few seconds; this message is waiting its turn"
)
NO_STORAGE = N_("The file storage of this installation is down; we will send the message once we can read its files")
NOTICED_SECONDS = 5
WAITED = (None, "rests", "pace", "storage")  # reasons that are of no try

log = get_logger(__name__)
TABLE = table_of(Delivery)
GIVE_UP_UNKNOWN = timedelta(hours=24)


@dataclass(frozen=True)
class Work:
    """The data for one call to the provider, read before the session is closed."""

    lease: Lease
    delivery_id: uuid.UUID
    attempt_id: uuid.UUID
    channel: Channel
    message: OutgoingMessage
    progress: Json
    uncertain_since: datetime | None
    settled: bool
    gate: Gate


def not_behind_another() -> sa.ColumnElement[bool]:
    """Return the SQL condition for deliveries without an unfinished earlier delivery in the same thread. A delivery of unknown
    outcome does not block later ones."""
    earlier = aliased(Delivery)
    blocking = sa.and_(
        earlier.thread_id == TABLE.c.thread_id,
        earlier.state.in_(["ready", "running"]),
        earlier.status != DeliveryStatus.UNKNOWN,
        sa.tuple_(earlier.created_at, earlier.id) < sa.tuple_(TABLE.c.created_at, TABLE.c.id),
    )
    return ~sa.exists(sa.select(earlier.id).where(blocking).correlate(TABLE))


def may_go() -> sa.ColumnElement[bool]:
    """Return the SQL condition for deliveries that may be sent now: no earlier delivery of the thread blocks them, and their
    channel is not paused."""
    paused = sa.exists(sa.select(Channel.id).where(Channel.id == TABLE.c.channel_id, Channel.paused_at.is_not(None)))
    return sa.and_(not_behind_another(), ~paused.correlate(TABLE))


class Overtaken(ProviderError):
    """Another worker has claimed the delivery meanwhile; this is not an error of the provider."""


def deliver(*, row_id: str, **_ignored: Any) -> None:
    """RQ entry point: send one delivery. A repeat finds the delivery claimed, done or not due."""
    delivery_id = uuid.UUID(row_id)
    with transaction() as session:
        seconds = runtime().settings.lease_seconds
        lease = claim(session, TABLE, delivery_id, lease_seconds=seconds, where=may_go())
    if lease is None:
        return
    crash_point("delivery.after_claim")
    gate, person = _gate_of(delivery_id)
    wait = gate.admit(str(lease.token), now=time.time(), lease_seconds=runtime().settings.lease_seconds, person=person)
    if wait.seconds > 0:
        _rest(lease, delivery_id, wait)
        return
    try:
        _bring(lease, delivery_id, gate)
    finally:
        gate.leave(str(lease.token))


def _rest(lease: Lease, delivery_id: uuid.UUID, wait: Wait) -> None:
    """Put the delivery back without counting a try. A long wait is shown with its reason, unless the delivery already shows the
    reason of a failed try."""
    with transaction() as session:
        delivery = session.get_one(Delivery, delivery_id)
        values: Json = {"attempts": lease.attempts - 1}
        if (wait.seconds >= NOTICED_SECONDS or wait.why == "person") and (delivery.reason or {}).get("code") in WAITED:
            values["reason"] = asdict(_waits_because(session.get_one(Channel, delivery.channel_id), wait.why))
            note_delay(session, delivery_id, values["reason"], now=utc_now())
        put_back(session, TABLE, lease, delay_seconds=wait.seconds, values=values)


def _waits_because(channel: Channel, why: Why) -> Reason:
    if why == "person":
        return Reason("pace", ONE_PERSON)
    if why == "pace":
        return Reason("pace", PACED)
    return Reason("rests", channel.health_detail if channel.health == "down" else RESTS)


def _gate_of(delivery_id: uuid.UUID) -> tuple[Gate, str]:
    """Return the gate of the delivery's channel, and the address of the first recipient."""
    query = sa.select(Channel, Delivery.outgoing).join(Delivery, Delivery.channel_id == Channel.id)
    with transaction() as session:
        channel, outgoing = session.execute(query.where(Delivery.id == delivery_id)).one()
        to = outgoing.get("to") or [{}]
        return gate_of(channel), read_party(to[0]).address()


def _bring(lease: Lease, delivery_id: uuid.UUID, gate: Gate) -> None:
    try:
        work = _prepare(lease, delivery_id, gate)
    except FileMissing as error:
        _fail(
            lease,
            delivery_id,
            Reason(
                "file_missing", N_("An attachment is missing"), str(error), N_("Attach the file again and send a new message")
            ),
        )
        return
    except StorageFailed as failed:
        _wait_for_storage(lease, delivery_id, failed)
        return
    if work is not None:
        _carry_out(work)
        runtime().nudger.nudge()


def _wait_for_storage(lease: Lease, delivery_id: uuid.UUID, failed: StorageFailed) -> None:
    """Put the delivery back because its files cannot be read now. This does not count as a try, as nothing was sent."""
    reason = asdict(Reason("storage", NO_STORAGE, str(failed)))
    with transaction() as session:
        note_delay(session, delivery_id, reason, now=utc_now())
        values: Json = {"attempts": lease.attempts - 1, "reason": reason}
        put_back(session, TABLE, lease, delay_seconds=STORAGE_SECONDS, values=values)


def _prepare(lease: Lease, delivery_id: uuid.UUID, gate: Gate) -> Work | None:
    """Open an attempt and return the data for the call. Return None if the outcome of the message is already known, because it
    was sent or has failed."""
    now = utc_now()
    with transaction() as session:
        delivery = lock_delivery(session, delivery_id)
        if _is_out(delivery):
            finish(session, TABLE, lease, state="done", values={"ended_at": sa.func.clock_timestamp()})
            crash_point("delivery.found_out")
            return None
        channel = session.get_one(Channel, delivery.channel_id)
        uncertain = find_uncertain(session, delivery)
        settled = uncertain is not None and _settled(session, delivery, uncertain.last_at, now)
        attempt = open_attempt(session, delivery, now)
        message = session.get_one(Message, delivery.message_id)
        outgoing = outgoing_message(delivery, message, channel, read_files(list_files(session, message.id), runtime().storage))
        if uncertain is not None:
            outgoing = replace(outgoing, taken_ids=list_ids_of_same_words(session, delivery, message.text))
        session.expunge_all()
    crash_point("delivery.after_attempt")
    return Work(
        lease,
        delivery_id,
        attempt.id,
        channel,
        outgoing,
        dict(delivery.progress),
        uncertain.first_at if uncertain else None,
        settled,
        gate,
    )


def _is_out(delivery: Delivery) -> bool:
    return delivery.status in ENDS_BADLY or LADDER.index(delivery.status) >= LADDER.index(DeliveryStatus.ACCEPTED)


def _settled(session: Session, delivery: Delivery, since: datetime, now: datetime) -> bool:
    """Return whether all reports about an attempt that began at `since` had time to arrive and are processed.

    The provider must have reached us again since then, because reports that it delayed follow its first call, in any order.
    """
    half = timedelta(seconds=runtime().settings.unknown_settle_seconds) / 2
    heard_at = first_heard_since(session, delivery.channel_id, since + half)
    if heard_at is None or now < heard_at + half:
        return False
    return not has_unread_events(session, delivery.channel_id, heard_at + half)


def _carry_out(work: Work) -> None:
    sender = runtime().adapters.senders.get(work.channel.adapter_key)
    if sender is None:
        _fail(work.lease, work.delivery_id, Reason("no_sender", NO_SENDER % {"name": work.channel.name}), work.attempt_id)
        return
    try:
        if work.uncertain_since is not None and not _may_send(sender, work):
            return
        objection = _find_objection(work)
        if objection is not None:
            _record_failure(work, ProviderError(objection, permanent=True))
            return
        result = sender.send(work.message, account=account_of(work.channel), progress=work.progress, save_progress=_saver(work))
    except ProviderError as error:
        if not isinstance(error, Overtaken):  # which says nothing of the provider
            tell_gate(work.gate, error)
        _record_failure(work, error)
        return
    except Exception as error:
        log.exception("delivery_crashed", delivery_id=str(work.delivery_id))
        _record_failure(
            work, ProviderError(Reason("internal", type(error).__name__, str(error)[:300]), permanent=False, outcome_unknown=True)
        )
        return
    crash_point("delivery.after_send")
    _record_success(work, result)
    crash_point("delivery.after_record")


def _find_objection(work: Work) -> Reason | None:
    """Return why the message must not be sent any more, such as an opt-out since it was queued. Return None if it may be sent."""
    with transaction() as session:
        outgoing = session.get_one(Delivery, work.delivery_id).outgoing
        return find_objection(session, work.channel, work.message, outgoing)


def _may_send(sender: Sender, work: Work) -> bool:
    """Ask the provider about an earlier attempt of unknown outcome, and return whether sending is safe now."""
    try:
        lookup = sender.lookup(work.message, account=account_of(work.channel), progress=work.progress)
    except ProviderError as error:
        tell_gate(work.gate, error)
        with transaction() as session:
            _note_trouble(session, work, error, utc_now())
        asked_wait = min(error.retry_after_seconds or 0, 3600)
        _wait_for_evidence(work, Lookup(Found.UNKNOWN, detail=error.reason.title), at_least_seconds=asked_wait)
        return False
    if lookup.found == Found.SENT:
        _record_success(work, SendResult(lookup.provider_message_id or ""), outcome="found_sent")
        return False
    if lookup.found == Found.NOT_SENT or (work.settled and lookup.silence_tells):
        return True
    _wait_for_evidence(work, lookup)
    return False


def _saver(work: Work) -> Any:
    def save(progress: Json) -> None:
        with transaction() as session:
            delivery = lock_delivery(session, work.delivery_id)
            if delivery.lease_token != work.lease.token:
                raise Overtaken(Reason("lease_lost", N_("Another process took over")), permanent=False, outcome_unknown=True)
            delivery.progress = {**delivery.progress, **progress}
        crash_point("delivery.after_progress")

    return save


def _record_success(work: Work, result: SendResult, *, outcome: str = "accepted") -> None:
    work.gate.note_success()
    now = utc_now()
    with transaction() as session:
        apply_status(session, work.delivery_id, result.status, at=now, now=now)
        end_attempt(session, work.attempt_id, now, outcome=outcome, provider_message_id=result.provider_message_id)
        delivery = lock_delivery(session, work.delivery_id)
        if result.provider_message_id and delivery.provider_message_id is None:
            delivery.provider_message_id = result.provider_message_id
            set_external_id(session, delivery, result.provider_message_id)
        session.flush()
        apply_waiting_reports(session, delivery, now=now)
        for report in result.reports:
            record_report(session, replace(report, our_reference=str(delivery.id)), channel_id=work.channel.id, now=now)
        finish(session, TABLE, work.lease, values={"ended_at": sa.func.clock_timestamp()})
        _wake_next(session, delivery)
        if work.channel.health == "down":
            note_health(session, session.get_one(Channel, work.channel.id), health="ok", detail="", now=now)
        crash_point("delivery.before_commit")


def _record_failure(work: Work, error: ProviderError) -> None:
    now = utc_now()
    outcome = "unknown" if error.outcome_unknown else "permanent" if error.permanent else "temporary"
    with transaction() as session:
        end_attempt(
            session,
            work.attempt_id,
            now,
            outcome=outcome,
            code=error.reason.code,
            detail=error.reason.detail or error.reason.title,
            status_code=error.status_code,
        )
        _note_trouble(session, work, error, now)
    if error.outcome_unknown:
        _wait_for_evidence(work, Lookup(Found.UNKNOWN, detail=error.reason.title))
        return
    delay = _delay_seconds(error, work.lease.attempts)
    if error.permanent or delay is None or next_delay_seconds(work.lease.attempts) is None:
        _fail(work.lease, work.delivery_id, error.reason)
    else:
        reason = reason_json(error.reason) or {}
        with transaction() as session:
            note_delay(session, work.delivery_id, reason, now=now)
            put_back(session, TABLE, work.lease, delay_seconds=min(delay, 3600), values={"reason": reason})


def _note_trouble(session: Session, work: Work, error: ProviderError, now: datetime) -> None:
    if error.channel_down or error.needs_admin:
        health = "down" if error.channel_down else "degraded"
        note_health(session, session.get_one(Channel, work.channel.id), health=health, detail=error.reason.title, now=now)


def _delay_seconds(error: ProviderError, attempts: int) -> float | None:
    """Return the seconds until the next try, or None after the last try. If the provider asked for a wait, this is returned
    instead of the schedule. A wait that concerns one recipient doubles with every refusal."""
    if error.retry_after_seconds is None:
        return next_delay_seconds(attempts)
    return error.retry_after_seconds * 2 ** min(attempts - 1, 5) if error.recipient_only else error.retry_after_seconds


def _wait_for_evidence(work: Work, lookup: Lookup, *, at_least_seconds: float = 0) -> None:
    """Put back a delivery of unknown outcome, to check it again later. After a day it fails, and a person must decide. A check
    does not count as a try."""
    now = utc_now()
    looked = work.uncertain_since is not None
    if now - (work.uncertain_since or now) > GIVE_UP_UNKNOWN:
        reason = Reason(
            "unconfirmed",
            N_("We could not confirm that the message was sent"),
            lookup.detail,
            N_("Ask the recipient if the message arrived; if not, send it again"),
        )
        _fail(work.lease, work.delivery_id, reason, work.attempt_id)
        return
    delay = max(runtime().settings.unknown_settle_seconds / (2 if looked else 5), at_least_seconds, 1)
    with transaction() as session:
        end_attempt(session, work.attempt_id, now, outcome="looked", detail=lookup.detail)
        apply_status(session, work.delivery_id, DeliveryStatus.UNKNOWN, at=now, now=now)
        put_back(session, TABLE, work.lease, delay_seconds=delay, values={"attempts": work.lease.attempts - looked})
        _wake_next(session, lock_delivery(session, work.delivery_id))


def _fail(lease: Lease, delivery_id: uuid.UUID, reason: Reason, attempt_id: uuid.UUID | None = None) -> None:
    now = utc_now()
    with transaction() as session:
        if attempt_id is not None:
            end_attempt(session, attempt_id, now, outcome="permanent", code=reason.code, detail=reason.title)
        apply_status(session, delivery_id, DeliveryStatus.FAILED, at=now, now=now, reason=reason_json(reason))
        finish(session, TABLE, lease, state=FAILED, values={"ended_at": sa.func.clock_timestamp()})
        _wake_next(session, lock_delivery(session, delivery_id))


def _wake_next(session: Session, delivery: Delivery) -> None:
    """Make the thread's other waiting deliveries available for a new hint. This delivery has blocked them until now."""
    waiting = sa.and_(Delivery.thread_id == delivery.thread_id, Delivery.state == "ready", Delivery.id != delivery.id)
    session.execute(sa.update(Delivery).where(waiting).values(hinted_at=None))
