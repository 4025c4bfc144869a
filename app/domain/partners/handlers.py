"""React to events for partners: order status, commissions, merged contacts, order mails (see app/wiring.py).

All but `read_order_mail` are called in the transaction of the change.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.db import transaction
from app.domain.connections.models import Medium
from app.domain.contacts.models import ContactMerge
from app.domain.events.models import Event
from app.domain.orders.models import Order
from app.domain.partners.commission_models import PartnerCommission
from app.domain.partners.commissions import settle_commissions
from app.domain.partners.mail_orders import read_message
from app.domain.partners.mail_queries import anybody_sends, find_sender
from app.domain.partners.models import Partner, PartnerDealer, PartnerOrder, PartnerPerson
from app.domain.partners.move_order import advance
from app.domain.threads.models import Message, MessageType

ROLES: dict[str, Any] = {
    "partners": Partner,
    "partner_dealers": PartnerDealer,
    "partner_people": PartnerPerson,
    "partner_commissions": PartnerCommission,
}


def follow_order_status(session: Session, event: Event) -> None:
    """Handle `OrderStatusChanged`: report the new state to the partner, with the next number of the order's sequence."""
    order_id = uuid.UUID(event.payload["order_id"])
    query = sa.select(PartnerOrder).where(PartnerOrder.order_id == order_id).with_for_update()
    row = session.execute(query.execution_options(populate_existing=True)).scalar_one_or_none()
    if row is not None:
        partner = session.get_one(Partner, row.partner_id)
        reason = str(event.payload.get("reason") or "")
        advance(session, partner, row, str(event.payload["status"]), reason=reason, now=event.occurred_at)


def follow_commissions(session: Session, event: Event) -> None:
    """Handle `OrderStatusChanged`, `OrderChanged` and `PaymentRefunded`: update the order's commissions."""
    settle_commissions(session, session.get_one(Order, uuid.UUID(event.payload["order_id"])), now=event.occurred_at)


def follow_merged_contact(session: Session, event: Event) -> None:
    """Handle `ContactsMerged`: move the partners and dealers of the merged contact to the kept contact.

    The ids of the moved rows are stored in the merge, for an undo.
    """
    merge = session.get_one(ContactMerge, uuid.UUID(event.payload["merge_id"]))
    moved = {name: _give(session, model, model.contact_id == merge.merged_id, merge.kept_id) for name, model in ROLES.items()}
    merge.moved = {**merge.moved, **moved}
    session.flush()


def give_back_merged_contact(session: Session, event: Event) -> None:
    """Handle `ContactMergeUndone`: give the moved partners and dealers back, if they still belong to the kept contact."""
    merge = session.get_one(ContactMerge, uuid.UUID(event.payload["merge_id"]))
    for name, model in ROLES.items():
        theirs = sa.and_(model.id.in_(merge.moved.get(name, [])), model.contact_id == merge.kept_id)
        _give(session, model, theirs, merge.merged_id)


def _give(session: Session, model: Any, which: sa.ColumnElement[bool], contact_id: uuid.UUID) -> list[str]:
    statement = sa.update(model).where(which).values(contact_id=contact_id).returning(model.id)
    return [str(row_id) for row_id in session.execute(statement.execution_options(synchronize_session=False)).scalars()]


def order_mail_among(session: Session, events: Sequence[Event]) -> Sequence[Event]:
    """Return those of the events whose message is a mail from a sender of partner orders."""
    mails = [(event, message) for event in events if (message := _incoming_mail(session, event.message_id)) is not None]
    if not mails or not anybody_sends(session):
        return []
    return [event for event, message in mails if find_sender(session, message) is not None]


def read_order_mail(event: Event) -> None:
    """After-commit handler of `MessageReceived`: read the order in the mail, once.

    The thread of the mail already exists at this point, so the inbox need not wait for the reading.
    """
    with transaction() as session:
        message = session.get(Message, event.message_id) if event.message_id else None
        if message is not None:
            read_message(session, message, now=utc_now())


def _incoming_mail(session: Session, message_id: uuid.UUID | None) -> Message | None:
    message = session.get(Message, message_id) if message_id else None
    is_mail = message is not None and message.medium == Medium.EMAIL.value and message.message_type == MessageType.INCOMING
    return message if is_mail else None
