"""Read the prices of articles that hold on a day."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.domain.orders.models import Article, ArticlePrice


def day_in(zone: str, now: datetime) -> date:
    """Return today's date in a brand's zone (`OrderSettings.zone`)."""
    return now.astimezone(ZoneInfo(zone)).date()


def prices_on(session: Session, articles: Iterable[Article], day: date) -> dict[uuid.UUID, Decimal]:
    """Return prices by article that hold on this day; other articles cost their own price. One query."""
    ids = {article.id for article in articles}
    if not ids:
        return {}
    query = sa.select(ArticlePrice.article_id, ArticlePrice.unit_price).where(
        ArticlePrice.article_id.in_(ids),
        ArticlePrice.valid_from <= day,
        sa.or_(ArticlePrice.valid_until.is_(None), ArticlePrice.valid_until > day),
    )
    return {row.article_id: row.unit_price for row in session.execute(query.order_by(ArticlePrice.valid_from))}
