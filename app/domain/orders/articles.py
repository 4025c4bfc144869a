"""Add, change and find articles."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.db import advisory_xact_lock
from app.core.ids import new_id
from app.domain.accounts.models import Brand
from app.domain.orders.models import Article, ArticlePrice, OrderSettings

CHOICES = 200
MOST = 1_000
_CURRENCY = sa.func.coalesce(OrderSettings.currency, "EUR")


class SkuTaken(Exception):
    """Raised when another article of the brand has this number already."""


@dataclass(frozen=True)
class ArticleContent:
    """The values of an article that users enter. `unit_price` is in the brand's currency; None means unknown."""

    sku: str
    name: str
    unit_price: Decimal | None


def add_article(
    session: Session, *, brand_id: uuid.UUID, sku: str, name: str, unit_price: Decimal | None, now: datetime
) -> Article:
    """Add an article to the brand. Raises `SkuTaken` if another article of the brand has this number."""
    _check_free(session, brand_id, sku)
    article = Article(id=new_id(), brand_id=brand_id, sku=sku, name=name, unit_price=unit_price, is_active=True, created_at=now)
    session.add(article)
    session.flush()
    return article


def edit_article(session: Session, article_id: uuid.UUID, content: ArticleContent, *, is_active: bool | None = None) -> Article:
    """Change an article. If `is_active` is None, the article stays active or inactive as before. Raises `SkuTaken` if another
    article of the brand has the new number."""
    query = sa.select(Article).where(Article.id == article_id).with_for_update()
    article = session.execute(query.execution_options(populate_existing=True)).scalar_one()
    if content.sku != article.sku:
        _check_free(session, article.brand_id, content.sku)
    article.sku, article.name, article.unit_price = content.sku, content.name, content.unit_price
    article.is_active = article.is_active if is_active is None else is_active
    session.flush()
    return article


def find_article(session: Session, article_id: uuid.UUID, *, brand_ids: Sequence[uuid.UUID]) -> Article | None:
    """Return the article if it belongs to one of these brands. Return None otherwise."""
    query = sa.select(Article).where(Article.id == article_id, Article.brand_id.in_(brand_ids))
    return session.execute(query).scalar_one_or_none()


def list_all_articles(session: Session, *, brand_ids: Sequence[uuid.UUID]) -> list[Article]:
    """List all articles of these brands by name, inactive ones last, at most MOST."""
    query = sa.select(Article).where(Article.brand_id.in_(brand_ids))
    query = query.order_by(Article.is_active.desc(), Article.name, Article.id).limit(MOST)
    return list(session.execute(query.execution_options(populate_existing=True)).scalars())


def stream_articles(session: Session, *, brand_ids: Sequence[uuid.UUID]) -> Iterator[tuple[Article, str, str]]:
    """Yield (article, brand key, currency) for all articles of these brands, sorted by brand and number."""
    query = sa.select(Article, Brand.key, _CURRENCY).join(Brand, Brand.id == Article.brand_id)
    query = query.outerjoin(OrderSettings, OrderSettings.brand_id == Article.brand_id).where(Article.brand_id.in_(brand_ids))
    for row in session.execute(query.order_by(Brand.key, Article.sku)):
        yield row[0], row[1], row[2]


def stream_prices(session: Session, *, brand_ids: Sequence[uuid.UUID]) -> Iterator[tuple[ArticlePrice, str, str, str]]:
    """Yield (price, article number, brand key, currency) for every dated price, sorted by brand, article number and first day."""
    query = sa.select(ArticlePrice, Article.sku, Brand.key, _CURRENCY).join(Article, Article.id == ArticlePrice.article_id)
    query = query.join(Brand, Brand.id == Article.brand_id).outerjoin(OrderSettings, OrderSettings.brand_id == Article.brand_id)
    query = query.where(Article.brand_id.in_(brand_ids)).order_by(Brand.key, Article.sku, ArticlePrice.valid_from)
    for row in session.execute(query):
        yield row[0], row[1], row[2], row[3]


def _check_free(session: Session, brand_id: uuid.UUID, sku: str) -> None:
    """Raise `SkuTaken` if an article of the brand has this number. The number stays locked until the transaction ends."""
    advisory_xact_lock(session, f"article:{brand_id}:{sku}")
    query = sa.select(Article.id).where(Article.brand_id == brand_id, Article.sku == sku)
    if session.execute(query).first() is not None:
        raise SkuTaken(sku)


def find_articles(session: Session, *, brand_id: uuid.UUID, names: Sequence[str]) -> dict[str, Article]:
    """Return {case-folded number or name: article} for the brand's active articles whose number or name is in `names`, ignoring
    case. If a text is the number of one article and the name of another, the number counts."""
    wanted = {name.casefold() for name in names if name}
    if not wanted:
        return {}
    called = sa.or_(sa.func.lower(Article.sku).in_(wanted), sa.func.lower(Article.name).in_(wanted))
    rows = session.execute(sa.select(Article).where(Article.brand_id == brand_id, Article.is_active, called)).scalars().all()
    by_name = {article.name.casefold(): article for article in rows}
    return {**by_name, **{article.sku.casefold(): article for article in rows}}


def list_articles(session: Session, *, brand_ids: Sequence[uuid.UUID]) -> list[Article]:
    """List active articles, by name."""
    query = sa.select(Article).where(Article.brand_id.in_(brand_ids), Article.is_active)
    return list(session.execute(query.order_by(Article.name, Article.id).limit(CHOICES)).scalars())


def find_articles_like(session: Session, *, brand_id: uuid.UUID, words: str, limit: int = 20) -> list[Article]:
    """List active articles whose number begins with `words` or whose name contains them, sorted by name. If `words` is empty,
    list the first articles by name."""
    query = sa.select(Article).where(Article.brand_id == brand_id, Article.is_active)
    if words:
        numbered, named = Article.sku.istartswith(words, autoescape=True), Article.name.icontains(words, autoescape=True)
        query = query.where(sa.or_(numbered, named))
    return list(session.execute(query.order_by(Article.name, Article.id).limit(limit)).scalars())
