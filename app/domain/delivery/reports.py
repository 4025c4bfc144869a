"""Apply provider reports (sent, delivered, read, bounced) to deliveries, once and in any order."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import asdict
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from app.contract.base import DeliveryStatus, InboundMessage, Reason, StatusUpdate
from app.core.ids import new_id
from app.core.text import storable_json
from app.core.work import DONE, READY
from app.domain.delivery.models import ENDS_BADLY, LADDER, Delivery, DeliveryReport, next_status
from app.domain.events.actions import record
from app.domain.threads.actions import lock_thread, subject_of
from app.domain.threads.models import Message, MessageKey
from app.domain.threads.unsent import clear_unsent, mark_unsent

STATUS_TIMES = {
    DeliveryStatus.ACCEPTED: "accepted_at",
    DeliveryStatus.SENT: "sent_at",
    DeliveryStatus.DELIVERED: "delivered_at",
    DeliveryStatus.READ: "read_at",
}


def record_report(session: Session, update: StatusUpdate, *, channel_id: uuid.UUID, now: datetime) -> None:
    """Store a report, once, and apply it to its delivery. If no delivery matches yet, the report is stored until a delivery
    gets the provider's id."""
    report_id = _keep(session, update, channel_id, now)
    if report_id is None:
        return
    delivery = _find_delivery(session, update, channel_id)
    if delivery is None:
        return
    apply_status(
        session,
        delivery.id,
        update.status,
        at=update.occurred_at,
        now=now,
        reason=reason_json(update.reason),
        provider_message_id=update.provider_message_id,
    )
    _learn_mail_id(session, delivery, update.rfc822_message_id)
    # Last: naming the delivery locks its row a little, and thread comes before delivery.
    session.execute(sa.update(DeliveryReport).where(DeliveryReport.id == report_id).values(delivery_id=delivery.id, applied=True))


def apply_waiting_reports(session: Session, delivery: Delivery, *, now: datetime) -> None:
    """Apply the stored reports that arrived before this delivery had its provider id."""
    ids = sa.or_(
        DeliveryReport.our_reference == str(delivery.id), DeliveryReport.provider_message_id == delivery.provider_message_id
    )
    waiting = sa.and_(DeliveryReport.delivery_id.is_(None), DeliveryReport.channel_id == delivery.channel_id, ids)
    for report in session.execute(sa.select(DeliveryReport).where(waiting).order_by(DeliveryReport.occurred_at)).scalars().all():
        report.delivery_id, report.applied = delivery.id, True
        apply_status(session, delivery.id, DeliveryStatus(report.status), at=report.occurred_at, now=now, reason=report.reason)


def apply_status(
    session: Session,
    delivery_id: uuid.UUID,
    news: DeliveryStatus,
    *,
    at: datetime,
    now: datetime,
    reason: dict[str, Any] | None = None,
    provider_message_id: str | None = None,
) -> bool:
    """Apply a reported status to a delivery and its message (`next_status`). Returns False if it changes nothing. Locks the
    thread, then the delivery."""
    thread_id = session.execute(sa.select(Delivery.thread_id).where(Delivery.id == delivery_id)).scalar_one()
    thread = lock_thread(session, thread_id)
    delivery = lock_delivery(session, delivery_id)
    _learn_provider_id(session, delivery, provider_message_id)
    before, status = delivery.status, next_status(delivery.status, news)
    if status in STATUS_TIMES and getattr(delivery, STATUS_TIMES[status]) is None:
        setattr(delivery, STATUS_TIMES[status], at)
    if status == delivery.status:
        session.flush()
        return False
    delivery.status, delivery.reason = status, reason if status in ENDS_BADLY else None
    _settle(delivery, status, now)
    message = session.get_one(Message, delivery.message_id)
    _mirror(message, delivery, at)
    thread.version += 1
    session.flush()
    record(session, "DeliveryChanged", subject=subject_of(thread, message), now=now, payload={"status": status.value})
    if status in ENDS_BADLY:
        mark_unsent(session, thread, message, now=now)
    elif before in ENDS_BADLY:
        clear_unsent(thread)
    return True


def note_delay(session: Session, delivery_id: uuid.UUID, reason: dict[str, Any], *, now: datetime) -> None:
    """Store on the message why its delivery waits, so that readers see it. The same reason again changes nothing."""
    thread_id = session.execute(sa.select(Delivery.thread_id).where(Delivery.id == delivery_id)).scalar_one()
    thread, delivery = lock_thread(session, thread_id), lock_delivery(session, delivery_id)
    message = session.get_one(Message, delivery.message_id)
    if delivery.status != DeliveryStatus.PENDING or (message.delivery_reason or {}).get("code") == reason.get("code"):
        return
    message.delivery_reason = reason
    thread.version += 1
    session.flush()
    payload = {"status": delivery.status.value}
    record(session, "DeliveryChanged", subject=subject_of(thread, message), now=now, payload=payload)


def lock_delivery(session: Session, delivery_id: uuid.UUID) -> Delivery:
    query = sa.select(Delivery).where(Delivery.id == delivery_id).with_for_update().execution_options(populate_existing=True)
    return session.execute(query).scalar_one()


def _settle(delivery: Delivery, status: DeliveryStatus, now: datetime) -> None:
    """End a delivery that was tried and waits, if the reported status says how it ended. A running delivery is ended by its
    worker."""
    if (
        delivery.state == READY
        and delivery.attempts > 0
        and (status in ENDS_BADLY or LADDER.index(status) >= LADDER.index(DeliveryStatus.ACCEPTED))
    ):
        delivery.state, delivery.ended_at = (DONE if status not in ENDS_BADLY else "failed"), now


def _learn_provider_id(session: Session, delivery: Delivery, provider_message_id: str | None) -> None:
    if provider_message_id is None or delivery.provider_message_id is not None:
        return
    delivery.provider_message_id = provider_message_id
    set_external_id(session, delivery, provider_message_id)


def _learn_mail_id(session: Session, delivery: Delivery, mail_id: str | None) -> None:
    """Store the Message-ID that the provider gave our mail in place of ours, because answers refer to the provider's
    Message-ID."""
    if not mail_id or delivery.rfc822_message_id is None or mail_id.lower() == delivery.rfc822_message_id.lower():
        return
    brand_id = session.execute(sa.select(Message.brand_id).where(Message.id == delivery.message_id)).scalar_one()
    key = {"brand_id": brand_id, "value": f"mid:{mail_id.lower()}", "message_id": delivery.message_id, "role": "own"}
    session.execute(postgresql.insert(MessageKey).values(**key).on_conflict_do_nothing())


def set_external_id(session: Session, delivery: Delivery, provider_message_id: str) -> None:
    """Store the provider's id of a chat message on the message, so that quotes and changes of it are matched. A mail already
    has its Message-ID."""
    if delivery.rfc822_message_id is None:
        session.execute(
            sa.update(Message)
            .where(Message.id == delivery.message_id)
            .values(external_id=provider_message_id, content_hash=str(delivery.id))
        )


def _mirror(message: Message, delivery: Delivery, at: datetime) -> None:
    message.delivery_status, message.delivery_reason = delivery.status.value, delivery.reason
    message.sent_at = message.sent_at or delivery.sent_at or delivery.accepted_at
    if delivery.status == DeliveryStatus.READ:
        message.read_at = at


def reason_json(reason: Reason | None) -> dict[str, Any] | None:
    cleaned: dict[str, Any] | None = storable_json(asdict(reason)) if reason else None
    return cleaned


def _keep(session: Session, update: StatusUpdate, channel_id: uuid.UUID, now: datetime) -> uuid.UUID | None:
    parts = (channel_id, update.event_id) if update.event_id else _what_it_says(update, channel_id)
    statement = postgresql.insert(DeliveryReport).values(
        id=new_id(),
        channel_id=channel_id,
        provider_message_id=update.provider_message_id,
        our_reference=update.our_reference,
        rfc822_message_id=update.rfc822_message_id,
        status=update.status.value,
        occurred_at=update.occurred_at,
        received_at=now,
        reason=reason_json(update.reason),
        applied=False,
        fingerprint=hashlib.sha256(repr(parts).encode()).hexdigest(),
    )
    kept: uuid.UUID | None = session.execute(statement.on_conflict_do_nothing().returning(DeliveryReport.id)).scalar_one_or_none()
    return kept


def _what_it_says(update: StatusUpdate, channel_id: uuid.UUID) -> tuple[object, ...]:
    return (
        channel_id,
        update.provider_message_id,
        update.our_reference,
        update.rfc822_message_id,
        update.status.value,
        update.occurred_at,
        update.recipient,
    )


def _find_delivery(session: Session, update: StatusUpdate, channel_id: uuid.UUID) -> Delivery | None:
    """Find the delivery of a report by our reference, else by the provider's id, else by the Message-ID. Return None if none
    matches.

    A match by Message-ID counts only if the reported recipient is an address to which we wrote.
    """
    query = sa.select(Delivery)
    reference = _as_uuid(update.our_reference)
    if reference is not None:
        found = session.execute(query.where(Delivery.id == reference, Delivery.channel_id == channel_id)).scalar_one_or_none()
        if found is not None:
            return found
    if update.provider_message_id:
        same = sa.and_(Delivery.provider_message_id == update.provider_message_id, Delivery.channel_id == channel_id)
        found = session.execute(query.where(same).limit(1)).scalar_one_or_none()
        if found is not None:
            return found
    return _find_by_mail_id(session, update) if update.rfc822_message_id else None


def _find_by_mail_id(session: Session, update: StatusUpdate) -> Delivery | None:
    wanted = (update.rfc822_message_id or "").lower()
    found = session.execute(
        sa.select(Delivery).where(sa.func.lower(Delivery.rfc822_message_id) == wanted).limit(1)
    ).scalar_one_or_none()
    if found is None or (update.recipient and update.recipient.lower() not in _addresses(found)):
        return None
    return found


def _addresses(delivery: Delivery) -> set[str]:
    parties = [*delivery.outgoing.get("to", []), *delivery.outgoing.get("cc", []), *delivery.outgoing.get("bcc", [])]
    return {i["value"].lower() for party in parties for i in party.get("identities", [])}


def _as_uuid(text: str | None) -> uuid.UUID | None:
    try:
        return uuid.UUID(text) if text else None
    except ValueError:
        return None


def note_own_copy(session: Session, message: InboundMessage, *, now: datetime) -> Message | None:
    """Mark our mail as sent, because its copy was found in the mailbox. Return our message, or None if the copy has no
    reference of ours."""
    reference = _as_uuid(message.our_reference)
    delivery = session.get(Delivery, reference) if reference else None
    if delivery is None:
        return None
    apply_status(session, delivery.id, DeliveryStatus.SENT, at=message.occurred_at, now=now)
    ours = session.get_one(Message, delivery.message_id)
    message_id = message.evidence.message_id if message.evidence else None
    if message_id:
        key = postgresql.insert(MessageKey).values(
            brand_id=ours.brand_id, value=f"mid:{message_id.lower()}", message_id=ours.id, role="own"
        )
        session.execute(key.on_conflict_do_nothing())
    return ours
