"""Write the sentence about an order's state for an automatic answer, if the question can only mean one order of the contact."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.domain.orders.models import ENDED, Order, OrderStatus

_SENTENCES: Final[Mapping[str, Mapping[OrderStatus, str]]] = {
    "nl": {
        OrderStatus.INTAKE_RECEIVED: "Uw aanvraag {} is binnen en wordt bekeken.",
        OrderStatus.NEW: "Uw bestelling {} is binnen.",
        OrderStatus.QUOTED: "Voor uw bestelling {} ligt een offerte bij u.",
        OrderStatus.APPROVED: "Uw bestelling {} is goedgekeurd.",
        OrderStatus.SCHEDULED: "Uw bestelling {} is ingepland.",
        OrderStatus.IN_PROGRESS: "Aan uw bestelling {} wordt gewerkt.",
        OrderStatus.ON_HOLD: "Uw bestelling {} staat op dit moment stil.",
        OrderStatus.COMPLETED: "Uw bestelling {} is afgerond.",
        OrderStatus.CANCELLED: "Uw bestelling {} is geannuleerd.",
    },
    "en": {
        OrderStatus.INTAKE_RECEIVED: "Your request {} has come in and is being looked at.",
        OrderStatus.NEW: "Your order {} has come in.",
        OrderStatus.QUOTED: "A quote for your order {} is with you.",
        OrderStatus.APPROVED: "Your order {} is approved.",
        OrderStatus.SCHEDULED: "Your order {} is scheduled.",
        OrderStatus.IN_PROGRESS: "Your order {} is being worked on.",
        OrderStatus.ON_HOLD: "Your order {} is on hold at the moment.",
        OrderStatus.COMPLETED: "Your order {} is completed.",
        OrderStatus.CANCELLED: "Your order {} is cancelled.",
    },
    "fr": {
        OrderStatus.INTAKE_RECEIVED: "Votre demande {} est bien arrivée et est à l’étude.",
        OrderStatus.NEW: "Votre commande {} est bien arrivée.",
        OrderStatus.QUOTED: "Un devis pour votre commande {} vous a été remis.",
        OrderStatus.APPROVED: "Votre commande {} est approuvée.",
        OrderStatus.SCHEDULED: "Votre commande {} est planifiée.",
        OrderStatus.IN_PROGRESS: "Votre commande {} est en cours.",
        OrderStatus.ON_HOLD: "Votre commande {} est en attente pour le moment.",
        OrderStatus.COMPLETED: "Votre commande {} est terminée.",
        OrderStatus.CANCELLED: "Votre commande {} est annulée.",
    },
}


def state_sentence(session: Session, *, brand_id: uuid.UUID, contact_id: uuid.UUID | None, number: str, language: str) -> str:
    """Return a sentence about the state of the contact's order with this number. If `number` is "", the contact's only open
    order is meant. Return "" if there is no such order."""
    order = _find_meant(session, brand_id, contact_id, number) if contact_id is not None else None
    return "" if order is None else _SENTENCES[language][order.status].format(order.order_number)


def _find_meant(session: Session, brand_id: uuid.UUID, contact_id: uuid.UUID, number: str) -> Order | None:
    """Return the contact's own order that is meant, or None if not exactly one order fits. Other orders are not searched, so
    that a guessed number reveals nothing."""
    query = sa.select(Order).where(Order.brand_id == brand_id, Order.customer_contact_id == contact_id)
    if number:
        query = query.where(sa.func.lower(Order.order_number) == number.strip().lower())
    else:
        query = query.where(Order.status.not_in(ENDED))
    found = session.execute(query.limit(2)).scalars().all()
    return found[0] if len(found) == 1 else None
