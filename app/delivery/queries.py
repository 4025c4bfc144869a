"""Read deliveries, their attempts, and the evidence about them."""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.delivery.models import Delivery, DeliveryAttempt, DeliveryReport
from app.inbox.models import Attachment


def first_uncertain_attempt(session: Session, delivery: Delivery) -> DeliveryAttempt | None:
    """The earliest attempt whose end nobody knows, counted from the last time a person asked to send again."""
    unknown = sa.or_(DeliveryAttempt.outcome.is_(None), DeliveryAttempt.outcome == "unknown")
    query = sa.select(DeliveryAttempt).where(DeliveryAttempt.delivery_id == delivery.id, unknown)
    asked_again_at = delivery.outgoing.get("asked_again_at")
    if asked_again_at:
        query = query.where(DeliveryAttempt.started_at > datetime.fromisoformat(asked_again_at))
    return session.execute(query.order_by(DeliveryAttempt.attempt_no).limit(1)).scalar_one_or_none()


def channel_heard_since(session: Session, channel_id: uuid.UUID, since: datetime) -> bool:
    """True if the provider of this channel reached us after `since`: its reports would have come through too."""
    query = sa.text("SELECT EXISTS (SELECT 1 FROM inbound_events WHERE channel_id = :channel_id AND received_at > :since)")
    return bool(session.execute(query, {"channel_id": channel_id, "since": since}).scalar_one())


def has_unread_events(session: Session, channel_id: uuid.UUID, until: datetime) -> bool:
    """True if something this channel's provider sent up to `until` is stored but not read yet: our report may be in it."""
    query = sa.text(
        "SELECT EXISTS (SELECT 1 FROM inbound_events"
        " WHERE state IN ('ready', 'running') AND channel_id = :channel_id AND received_at <= :until)"
    )
    return bool(session.execute(query, {"channel_id": channel_id, "until": until}).scalar_one())


def list_files(session: Session, message_id: uuid.UUID) -> list[Attachment]:
    """The stored files of a message, in order."""
    query = (
        sa.select(Attachment)
        .where(Attachment.message_id == message_id, Attachment.state == "stored")
        .order_by(Attachment.position)
    )
    return list(session.execute(query).scalars())


def list_attempts(session: Session, delivery_id: uuid.UUID) -> list[DeliveryAttempt]:
    """Every try, oldest first."""
    query = sa.select(DeliveryAttempt).where(DeliveryAttempt.delivery_id == delivery_id).order_by(DeliveryAttempt.attempt_no)
    return list(session.execute(query).scalars())


def list_reports(session: Session, delivery_id: uuid.UUID) -> list[DeliveryReport]:
    """Everything the provider reported, by its own time."""
    query = sa.select(DeliveryReport).where(DeliveryReport.delivery_id == delivery_id).order_by(DeliveryReport.occurred_at)
    return list(session.execute(query).scalars())
