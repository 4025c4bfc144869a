"""Set the article of order lines that were written without a known article. The caller owns the transaction."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.domain.events.actions import SYSTEM, Actor, Subject, record
from app.domain.orders.actions import lock_order
from app.domain.orders.article_prices import day_in, prices_on
from app.domain.orders.models import Article, LineItem
from app.domain.orders.pricing import recompute_totals
from app.domain.orders.settings import settings_of


def set_line_articles(
    session: Session,
    order_id: uuid.UUID,
    positions: Sequence[int],
    article: Article,
    *,
    unit_price: Decimal | None = None,
    now: datetime,
    actor: Actor = SYSTEM,
) -> int:
    """Set the article of those lines at `positions` that have no article, and their price if it is missing. Return how many
    lines were changed.

    `unit_price` is in the currency of the order, and includes tax if the order's prices do. If it is None, today's price of
    the article is used.
    """
    order = lock_order(session, order_id)
    unknown = sa.and_(LineItem.order_id == order_id, LineItem.position.in_(positions), LineItem.article_id.is_(None))
    if unit_price is None:
        today = day_in(settings_of(session, order.brand_id).zone, now)
        unit_price = prices_on(session, [article], today).get(article.id, article.unit_price)
    price = sa.func.coalesce(LineItem.unit_price, unit_price)
    given = sa.update(LineItem).where(unknown).values(article_id=article.id, unit_price=price).returning(LineItem.id)
    count = len(session.execute(given.execution_options(synchronize_session=False)).all())
    if count:
        recompute_totals(session, order)
        order.updated_at, order.version = now, order.version + 1
        session.flush()
        told = {"order_id": str(order.id), "order_number": order.order_number, "fields": ["line_items"]}
        subject = Subject(brand_id=order.brand_id)
        record(session, "OrderChanged", subject=subject, now=now, actor=actor, payload=told, about=("order", order.id))
    return count
