"""Articles: find those that words mean, and add them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.ids import new_id
from app.orders.models import Article

CHOICES = 200


def add_article(
    session: Session, *, brand_id: uuid.UUID, sku: str, name: str, unit_price: Decimal | None, now: datetime
) -> Article:
    """Add something that can be ordered."""
    article = Article(id=new_id(), brand_id=brand_id, sku=sku, name=name, unit_price=unit_price, is_active=True, created_at=now)
    session.add(article)
    session.flush()
    return article


def find_articles(session: Session, *, brand_id: uuid.UUID, names: Sequence[str]) -> dict[str, Article]:
    """The brand's active articles by each of these names that is the number or the name of one, folded; the number goes first."""
    wanted = {name.casefold() for name in names if name}
    if not wanted:
        return {}
    called = sa.or_(sa.func.lower(Article.sku).in_(wanted), sa.func.lower(Article.name).in_(wanted))
    rows = session.execute(sa.select(Article).where(Article.brand_id == brand_id, Article.is_active, called)).scalars().all()
    by_name = {article.name.casefold(): article for article in rows}
    return {**by_name, **{article.sku.casefold(): article for article in rows}}


def list_articles(session: Session, *, brand_ids: Sequence[uuid.UUID]) -> list[Article]:
    """Those that can be ordered, by name."""
    query = sa.select(Article).where(Article.brand_id.in_(brand_ids), Article.is_active)
    return list(session.execute(query.order_by(Article.name, Article.id).limit(CHOICES)).scalars())
