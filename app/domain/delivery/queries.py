"""Read deliveries, attempts, reports, scheduled replies, and the evidence about attempts of unknown outcome."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import Session

from app.domain.accounts.models import User
from app.domain.connections.models import MEDIUM_OF, Channel, ChannelType
from app.domain.delivery.models import Delivery, DeliveryAttempt, DeliveryReport, ScheduledReply
from app.domain.threads.forward_drafts import KIND as FORWARD
from app.domain.threads.models import Attachment, Message, Thread
from app.domain.threads.queries import THREAD_ID


@dataclass(frozen=True)
class Uncertain:
    """The attempts of a delivery with unknown outcome: when the first and when the last of them began."""

    first_at: datetime
    last_at: datetime


def find_uncertain(session: Session, delivery: Delivery) -> Uncertain | None:
    """Return the times of the attempts with unknown outcome, or None if there are none. Attempts before a person last asked to
    send again do not count."""
    unknown = sa.or_(DeliveryAttempt.outcome.is_(None), DeliveryAttempt.outcome == "unknown")
    query = sa.select(DeliveryAttempt.started_at).where(DeliveryAttempt.delivery_id == delivery.id, unknown)
    asked_again_at = delivery.outgoing.get("asked_again_at")
    if asked_again_at:
        query = query.where(DeliveryAttempt.started_at > datetime.fromisoformat(asked_again_at))
    times = session.execute(query).scalars().all()
    return Uncertain(min(times), max(times)) if times else None


def first_heard_since(session: Session, channel_id: uuid.UUID, since: datetime) -> datetime | None:
    """Return when the channel's provider first called us after `since`, or None if it has not. Such a call proves that its
    reports reach us."""
    query = sa.text(
        "SELECT received_at FROM inbound_events WHERE channel_id = :channel_id AND received_at > :since"
        " ORDER BY received_at LIMIT 1"
    )
    return session.execute(query, {"channel_id": channel_id, "since": since}).scalar_one_or_none()


def has_unread_events(session: Session, channel_id: uuid.UUID, until: datetime) -> bool:
    """Return whether inbound events of the channel received up to `until` are not processed yet."""
    query = sa.text(
        "SELECT EXISTS (SELECT 1 FROM inbound_events"
        " WHERE state IN ('ready', 'running') AND channel_id = :channel_id AND received_at <= :until)"
    )
    return bool(session.execute(query, {"channel_id": channel_id, "until": until}).scalar_one())


def list_files(session: Session, message_id: uuid.UUID) -> list[Attachment]:
    """List the stored files of a message, in order."""
    query = (
        sa.select(Attachment)
        .where(Attachment.message_id == message_id, Attachment.state == "stored")
        .order_by(Attachment.position)
    )
    return list(session.execute(query).scalars())


def list_attempts(session: Session, delivery_id: uuid.UUID) -> list[DeliveryAttempt]:
    """List all attempts of a delivery, oldest first."""
    query = sa.select(DeliveryAttempt).where(DeliveryAttempt.delivery_id == delivery_id).order_by(DeliveryAttempt.attempt_no)
    return list(session.execute(query).scalars())


def list_reports(session: Session, delivery_id: uuid.UUID) -> list[DeliveryReport]:
    """List all provider reports of a delivery, by the provider's time."""
    query = sa.select(DeliveryReport).where(DeliveryReport.delivery_id == delivery_id).order_by(DeliveryReport.occurred_at)
    return list(session.execute(query).scalars())


@dataclass(frozen=True)
class ScheduledRow:
    """A reply or forward for later, for the thread's page.

    `held_because`: a code of app/domain/delivery/scheduled.py, or the reason in words; None if it is not held. `to`: the
    recipients of a forward, () for a reply.
    """

    id: uuid.UUID
    user_id: uuid.UUID
    writer: str
    medium: str
    text: str
    files: int
    run_at: datetime
    held_because: str | None
    to: tuple[str, ...]
    subject: str | None


def _scheduled_column() -> sa.ScalarSelect[Any]:
    reply, waiting = ScheduledReply.reply, ScheduledReply.state.in_(["ready", "running", "held"])
    forward = reply[FORWARD]
    fields: dict[str, Any] = {
        "id": ScheduledReply.id,
        "user_id": ScheduledReply.user_id,
        "writer": User.name,
        "channel_type": Channel.channel_type,
        "text": reply["text"].astext,
        "files": sa.func.jsonb_array_length(reply["attachment_ids"])
        + sa.func.coalesce(sa.func.jsonb_array_length(forward["file_ids"]), 0),
        "to": forward["to"],
        "subject": forward["subject"].astext,
        "run_at": ScheduledReply.run_at,
        "held_because": ScheduledReply.held_because,
    }
    pairs: list[Any] = []
    for name, column in fields.items():
        pairs += [sa.literal_column(f"'{name}'"), column]
    rows = sa.func.json_agg(aggregate_order_by(sa.func.json_build_object(*pairs), ScheduledReply.run_at, ScheduledReply.id))
    query = sa.select(rows).join(User, User.id == ScheduledReply.user_id).join(Channel, Channel.id == ScheduledReply.channel_id)
    return query.where(ScheduledReply.thread_id == THREAD_ID, waiting).correlate(None).scalar_subquery()


SCHEDULED = _scheduled_column()
"""What waits in a thread as one JSON value, the next first, for `read_scheduled`: a part of a query the page makes anyway, whose
parameter `thread_id` it takes."""


def read_scheduled(value: Any) -> tuple[ScheduledRow, ...]:
    """Convert the JSON rows of the query `SCHEDULED`. Return () if `value` is None."""
    return tuple(_scheduled_row(dict(row)) for row in value or ())


def _scheduled_row(row: dict[str, Any]) -> ScheduledRow:
    for name in ("id", "user_id"):
        row[name] = uuid.UUID(row[name])
    row["to"] = tuple(row["to"] or ())
    row["medium"] = MEDIUM_OF[ChannelType(row.pop("channel_type"))].value
    return ScheduledRow(**{**row, "run_at": datetime.fromisoformat(row["run_at"])})


def find_scheduled(session: Session, scheduled_id: uuid.UUID) -> ScheduledReply | None:
    """Return a scheduled reply in any state, detached from the session, or None. The caller checks that the viewer may see its
    thread."""
    row = session.get(ScheduledReply, scheduled_id)
    if row is not None:
        session.expunge(row)
    return row


def list_ids_of_same_words(session: Session, delivery: Delivery, text: str) -> tuple[str, ...]:
    """List the provider's ids of other messages with the same text to the same contact over this channel, the newest first."""
    contact = sa.select(Thread.contact_id).where(Thread.id == delivery.thread_id).scalar_subquery()
    same = (
        Thread.contact_id == contact,
        Delivery.channel_id == delivery.channel_id,
        Delivery.id != delivery.id,
        Delivery.provider_message_id.is_not(None),
        Message.text == text,
    )
    query = sa.select(Delivery.provider_message_id).select_from(Thread).join(Delivery, Delivery.thread_id == Thread.id)
    query = query.join(Message, Message.id == Delivery.message_id).where(*same).order_by(Delivery.created_at.desc()).limit(100)
    return tuple(found for found in session.execute(query).scalars() if found)
