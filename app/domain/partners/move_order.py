"""Change the status of a partner's order: live orders through the status engine, sandbox orders directly."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.domain.events.actions import Actor
from app.domain.orders.models import OrderStatus
from app.domain.partners.callbacks import tell_status
from app.domain.partners.due_mails import ask_for_mail
from app.domain.partners.models import Partner, PartnerOrder
from app.domain.partners.pushes import push_order
from app.domain.transitions.actions import TransitionRefused, change_entity_status


@dataclass(frozen=True)
class Moved:
    """The outcome of a status change. If it was refused, `refused` is the code ("" if not) and `why` is the reason as text.

    `allowed` are the statuses to which the order could change.
    """

    transition_id: str = ""
    refused: str = ""
    why: str = ""
    allowed: tuple[str, ...] = ()


def move_order(
    session: Session,
    partner: Partner,
    row: PartnerOrder,
    wanted: OrderStatus,
    *,
    reason: str,
    context: dict[str, Any],
    now: datetime,
) -> Moved:
    """Change the status of a partner's order in the partner's name. The caller has locked the order.

    A sandbox order may change to any status.
    """
    if row.order_id is None:
        advance(session, partner, row, wanted.value, reason=reason, now=now)
        return Moved()
    try:
        made = change_entity_status(
            session,
            entity_type="order",
            entity_id=row.order_id,
            to_status=wanted,
            transition_reason=reason,
            business_context=context,
            now=now,
            actor=actor_of(partner),
        )
    except TransitionRefused as refusal:
        return Moved(refused=refusal.code, why=str(refusal), allowed=refusal.allowed)
    return Moved(transition_id=str(made.id))


def advance(session: Session, partner: Partner, row: PartnerOrder, status: str, *, reason: str, now: datetime) -> None:
    """Set the status that the partner sees, increase the order's sequence by one, and notify the partner.

    The partner is notified by callback, by a push to its API and by mail, as far as agreed.
    """
    former, row.order_status = row.order_status, status
    row.sequence, row.updated_at = row.sequence + 1, now
    session.flush()
    tell_status(session, partner, row, former=former, reason=reason, now=now)
    push_order(session, partner, row, now=now)
    ask_for_mail(session, partner, row, now=now)


def actor_of(partner: Partner) -> Actor:
    """Return the actor for changes that a report of this partner causes."""
    return Actor(by={"kind": "partner", "id": str(partner.id), "name": partner.name})
