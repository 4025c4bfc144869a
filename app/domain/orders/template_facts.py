"""Provide the values of template variables about an order, in the customer's language."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

import sqlalchemy as sa
from babel.numbers import format_currency, format_decimal
from sqlalchemy.orm import Session

from app.domain.orders.models import Article, LineItem, LineItemStatus, Order, OrderStatus

LANGUAGES: Final = ("nl", "en", "fr")
# As customers read them, in the middle of a sentence or behind a colon.
STATUS_WORDS: Final[Mapping[str, Mapping[OrderStatus, str]]] = {
    "nl": {
        OrderStatus.INTAKE_RECEIVED: "aanvraag ontvangen",
        OrderStatus.NEW: "bestelling ontvangen",
        OrderStatus.QUOTED: "offerte verstuurd",
        OrderStatus.APPROVED: "goedgekeurd",
        OrderStatus.SCHEDULED: "ingepland",
        OrderStatus.IN_PROGRESS: "in behandeling",
        OrderStatus.ON_HOLD: "in de wacht",
        OrderStatus.COMPLETED: "afgerond",
        OrderStatus.CANCELLED: "geannuleerd",
    },
    "en": {
        OrderStatus.INTAKE_RECEIVED: "request received",
        OrderStatus.NEW: "order received",
        OrderStatus.QUOTED: "quote sent",
        OrderStatus.APPROVED: "approved",
        OrderStatus.SCHEDULED: "scheduled",
        OrderStatus.IN_PROGRESS: "in progress",
        OrderStatus.ON_HOLD: "on hold",
        OrderStatus.COMPLETED: "completed",
        OrderStatus.CANCELLED: "cancelled",
    },
    "fr": {
        OrderStatus.INTAKE_RECEIVED: "demande reçue",
        OrderStatus.NEW: "commande reçue",
        OrderStatus.QUOTED: "devis envoyé",
        OrderStatus.APPROVED: "approuvée",
        OrderStatus.SCHEDULED: "planifiée",
        OrderStatus.IN_PROGRESS: "en cours",
        OrderStatus.ON_HOLD: "en attente",
        OrderStatus.COMPLETED: "terminée",
        OrderStatus.CANCELLED: "annulée",
    },
}
LINES_NAMED = 20


def language_of(language: str | None) -> str:
    """Return the language in which to write to a contact: the contact's language if we support it, otherwise Dutch."""
    return language if language in LANGUAGES else LANGUAGES[0]


def order_facts(session: Session, order: Order, *, language: str) -> dict[str, str]:
    """Return {template variable: value} for an order. A value is "" if it is not known. One query."""
    total = order.gross_total
    return {
        "order.number": order.order_number,
        "order.status": STATUS_WORDS[language][order.status],
        "order.total": format_currency(total, order.currency, locale=language) if total is not None else "",
        "order.articles": ", ".join(_articles(session, order, language)),
    }


def _articles(session: Session, order: Order, language: str) -> list[str]:
    query = sa.select(LineItem.quantity, sa.func.coalesce(Article.name, LineItem.description).label("name"))
    query = query.outerjoin(Article, Article.id == LineItem.article_id).where(LineItem.order_id == order.id)
    query = query.where(LineItem.status != LineItemStatus.CANCELLED).order_by(LineItem.id).limit(LINES_NAMED)
    return [
        row.name if row.quantity == Decimal(1) else f"{format_decimal(row.quantity, locale=language)} × {row.name}"
        for row in session.execute(query)
        if row.name
    ]
