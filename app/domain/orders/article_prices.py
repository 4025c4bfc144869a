"""Read the prices of articles that are valid on a day."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.domain.orders.models import Article, ArticlePrice

_DAY = sa.bindparam("day", type_=sa.Date)
_PRICES = (
    sa.select(ArticlePrice.article_id, ArticlePrice.unit_price)
    .where(
        ArticlePrice.article_id == sa.any_(sa.bindparam("article_ids", type_=sa.ARRAY(sa.Uuid))),
        ArticlePrice.valid_from <= _DAY,
        sa.or_(ArticlePrice.valid_until.is_(None), ArticlePrice.valid_until > _DAY),
    )
    .order_by(ArticlePrice.valid_from)
)


def day_in(zone: str, now: datetime) -> date:
    """Return today's date in a brand's zone (`OrderSettings.zone`)."""
    return now.astimezone(ZoneInfo(zone)).date()


def prices_on(session: Session, articles: Iterable[Article], day: date) -> dict[uuid.UUID, Decimal]:
    """Return {article id: dated price that is valid on this day}. For articles that are missing in it, the article's own price
    applies. One query."""
    ids = {article.id for article in articles}
    if not ids:
        return {}
    rows = session.execute(_PRICES, {"article_ids": list(ids), "day": day})
    return {row.article_id: row.unit_price for row in rows}
