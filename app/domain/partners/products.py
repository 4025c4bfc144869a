"""Map a partner's product numbers to our articles."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from app.core.ids import new_id
from app.core.prepared import KEPT
from app.domain.events.actions import Actor, audit
from app.domain.orders.articles import find_articles
from app.domain.orders.line_articles import set_line_articles
from app.domain.orders.models import Article
from app.domain.partners.models import Partner, PartnerOrder, PartnerProduct

ZONE = ZoneInfo("Europe/Amsterdam")  # whose days prices hold for
SKU_CHARACTERS, TYPE_CHARACTERS = 200, 60
ALWAYS = date(2000, 1, 1)
_TODAY = sa.bindparam("today", type_=sa.Date)
_THEIRS = (
    sa.select(PartnerProduct.partner_sku, PartnerProduct.unit_price, Article)
    .join(Article, Article.id == PartnerProduct.article_id)
    .where(
        PartnerProduct.partner_id == sa.bindparam("of_partner"),
        sa.func.lower(PartnerProduct.partner_sku) == sa.any_(sa.bindparam("skus", type_=sa.ARRAY(sa.Text))),
        PartnerProduct.valid_from <= _TODAY,
        sa.or_(PartnerProduct.valid_until.is_(None), PartnerProduct.valid_until > _TODAY),
    )
    .order_by(PartnerProduct.valid_from, PartnerProduct.id)
    .execution_options(**KEPT)
)


@dataclass(frozen=True)
class Mapped:
    """The article of a product number. `unit_price` is in euros without tax; None means the price of the article."""

    article: Article
    unit_price: Decimal | None = None


@dataclass(frozen=True)
class ProductContent:
    """A mapping of a partner's product number to an article, as it is entered. `unit_price` None means the price of the
    article.

    It is valid from `valid_from` until before `valid_until` (None: without end).
    """

    partner_sku: str
    article_id: uuid.UUID
    product_type: str = ""
    unit_price: Decimal | None = None
    valid_from: date = ALWAYS
    valid_until: date | None = None


def find_mapped(session: Session, partner: Partner, skus: Sequence[str], *, now: datetime) -> dict[str, Mapped]:
    """Return the articles by product number (case-folded). A number that the partner has not mapped may also be a number of
    ours.

    Unknown numbers are absent.
    """
    wanted = {sku.casefold() for sku in skus if sku}
    if not wanted:
        return {}
    found = _find_theirs(session, partner, wanted, now=now)
    ours = find_articles(session, brand_id=partner.brand_id, names=sorted(wanted - found.keys()))
    return {sku: Mapped(article) for sku, article in ours.items() if article.sku.casefold() == sku} | found


def _find_theirs(session: Session, partner: Partner, wanted: set[str], *, now: datetime) -> dict[str, Mapped]:
    asked = {"of_partner": partner.id, "skus": sorted(wanted), "today": now.astimezone(ZONE).date()}
    return {sku.casefold(): Mapped(article, unit_price) for sku, unit_price, article in session.execute(_THEIRS, asked)}


def keep_product(session: Session, partner: Partner, content: ProductContent, *, now: datetime, actor: Actor) -> None:
    """Add a mapping, or replace the mapping with the same number and first day.

    Order lines with this number and without an article get the article.
    """
    values = {"id": new_id(), "partner_id": partner.id, "created_at": now, "updated_at": now, **vars(content)}
    kept = postgresql.insert(PartnerProduct).values(values)
    changed = {name: kept.excluded[name] for name in ("article_id", "product_type", "unit_price", "valid_until", "updated_at")}
    same = ["partner_id", "partner_sku", "valid_from"]
    session.execute(kept.on_conflict_do_update(index_elements=same, set_=changed))
    _settle_waiting(session, partner, content.partner_sku, now=now)
    _audit(session, "PartnerProductKept", partner, now=now, actor=actor, detail={"article_id": str(content.article_id)})


def remove_product(session: Session, partner: Partner, product_id: uuid.UUID, *, now: datetime, actor: Actor) -> None:
    """Delete a mapping. Existing orders keep their articles. Do nothing if the mapping does not exist."""
    gone = sa.delete(PartnerProduct).where(PartnerProduct.id == product_id, PartnerProduct.partner_id == partner.id)
    if session.execute(gone.returning(PartnerProduct.id)).first() is not None:
        _audit(session, "PartnerProductRemoved", partner, now=now, actor=actor)


def find_article_by_sku(session: Session, partner: Partner, sku: str) -> Article | None:
    """Return the active article of the partner's brand with our number `sku`, in upper or lower case. Return None if there is
    none."""
    found = find_articles(session, brand_id=partner.brand_id, names=[sku]).get(sku.casefold())
    return found if found is not None and found.sku.casefold() == sku.casefold() else None


def skus_by_position(payload: dict[str, Any]) -> list[str]:
    """Return the partner's product number of each order line, in the order of the lines. A line without a number gives ""."""
    products, items = payload.get("products") or (), payload.get("line_items") or ()
    return [str(one.get("partner_sku") or "") for one in products] + [str(one.get("sku") or "") for one in items]


def _settle_waiting(session: Session, partner: Partner, sku: str, *, now: datetime) -> None:
    """Set the article of order lines that have this number and no article yet."""
    folded = sku.casefold()
    waiting = sa.select(PartnerOrder).where(
        PartnerOrder.partner_id == partner.id, sa.func.cardinality(PartnerOrder.unmapped_skus) > 0
    )
    rows = session.execute(waiting.order_by(PartnerOrder.id).with_for_update().execution_options(populate_existing=True))
    mapped = find_mapped(session, partner, [sku], now=now).get(folded)
    for row in rows.scalars() if mapped is not None else ():
        if folded not in {one.casefold() for one in row.unmapped_skus}:
            continue
        row.unmapped_skus = [one for one in row.unmapped_skus if one.casefold() != folded]
        places = [place for place, one in enumerate(skus_by_position(row.payload), start=1) if one.casefold() == folded]
        if row.order_id is not None and mapped is not None:
            set_line_articles(session, row.order_id, places, mapped.article, unit_price=mapped.unit_price, now=now)
    session.flush()


def _audit(
    session: Session, action: str, partner: Partner, *, now: datetime, actor: Actor, detail: dict[str, Any] | None = None
) -> None:
    audit(session, action=action, object_type="partner", object_id=str(partner.id), now=now, actor=actor, detail=detail)
