"""Import articles and prices from rows: judge, write, undo."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.core.csv_table import check_name, read_amount, read_day
from app.core.db import advisory_xact_lock
from app.core.ids import new_id
from app.core.insert_many import insert_many
from app.core.text import known
from app.core.text import mark as N_
from app.domain.events.actions import Actor
from app.domain.imports.models import Import, ImportRow, RowOutcome
from app.domain.imports.rows import CHANGED_SINCE, TOO_MANY_CELLS, TWICE, WRONG_CURRENCY, Group, Judged
from app.domain.orders.models import NAME_CHARACTERS, Article, ArticlePrice
from app.domain.orders.settings import settings_of
from app.domain.orders.taxes import CODES

SKU_CHARACTERS = 100
NO_SKU = known("must have 1 to %(count)s characters")
NO_SUCH_ARTICLE = N_("is not an article of this brand; import the articles first")
NO_TAX = known("must be one of %(codes)s")
NO_ANSWER = N_("must be yes or no")
NEEDED = N_("is needed")
ENDS_TOO_EARLY = N_("must be after the date in “Valid from”")
IN_USE = N_("The article is already in use, so we cannot remove it: switch it off")
_ANSWERS = {"yes": True, "ja": True, "oui": True, "true": True, "1": True, "no": False, "nee": False, "non": False,
            "false": False, "0": False}  # fmt: skip


def _begin(group: Group, currency: str, key: str) -> Judged:
    """Return the judgement of a group after the checks that articles and prices have in common: number of cells, repeated key,
    article number, currency. `key` is the column to which a repeat is reported."""
    one, sku = Judged(group), group.first.get("sku", "")
    if group.is_ragged:
        one.refuse("", TOO_MANY_CELLS)
    if group.is_repeat:
        one.refuse(key, TWICE)
    try:
        check_name(sku)
    except ValueError as error:
        one.refuse("sku", str(error))
    if not 1 <= len(sku) <= SKU_CHARACTERS:
        one.refuse("sku", NO_SKU % {"count": SKU_CHARACTERS})
    if group.first.get("currency", currency).upper() != currency:
        one.refuse("currency", WRONG_CURRENCY)
    return one


def _price(one: Judged) -> Decimal | None:
    try:
        return read_amount(one.group.first.get("unit_price", ""), places=4)
    except ValueError as error:
        one.refuse("unit_price", str(error))
        return None


def _day(one: Judged, name: str) -> date | None:
    try:
        return read_day(one.group.first.get(name, ""))
    except ValueError as error:
        one.refuse(name, str(error))
        return None


def _compared(one: Judged, before: Mapping[str, Any] | None, after: dict[str, Any], entity_id: uuid.UUID | None) -> Judged:
    """Set a row's outcome by comparing its stored values `before` with its new values `after`, both as JSON. `before` is None
    for a new row."""
    one.entity_id, one.before, one.after = entity_id, dict(before) if before is not None else None, after
    if before is not None:
        one.outcome = RowOutcome.SAME if dict(before) == after else RowOutcome.CHANGES
    return one


def _plain(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{amount.normalize():f}"


def _articles(session: Session, brand_id: uuid.UUID, groups: Sequence[Group]) -> dict[str, Article]:
    skus = {group.first.get("sku", "") for group in groups}
    query = sa.select(Article).where(Article.brand_id == brand_id, Article.sku.in_(skus))
    return {one.sku: one for one in session.execute(query.execution_options(populate_existing=True)).scalars()}


class ArticleRows:
    keys = ("sku",)
    is_grouped = False

    def judge(self, session: Session, brand_id: uuid.UUID, groups: Sequence[Group], *, now: datetime) -> list[Judged]:
        currency, known_articles = settings_of(session, brand_id).currency, _articles(session, brand_id, groups)
        return [self._judge(group, currency, known_articles.get(group.first.get("sku", ""))) for group in groups]

    def _judge(self, group: Group, currency: str, there: Article | None) -> Judged:
        one, row = _begin(group, currency, "sku"), group.first
        name, price, code = " ".join(row.get("name", "").split()), _price(one), row.get("tax_code", "").lower()
        if not 1 <= len(name) <= NAME_CHARACTERS:
            one.refuse("name", NO_SKU % {"count": NAME_CHARACTERS})
        if code and code not in CODES:
            one.refuse("tax_code", NO_TAX % {"codes": ", ".join(CODES)})
        active = _ANSWERS.get(row.get("active", "yes").lower())
        if active is None:
            one.refuse("active", NO_ANSWER)
        if one.outcome is RowOutcome.WRONG:
            return one
        before = _article_json(there) if there is not None else None
        said: dict[str, Any] = {"unit_price": _plain(price)} if "unit_price" in row else {}
        said |= {"tax_code": code} if code else {}
        said |= {"is_active": active} if "active" in row else {}
        empty = {"sku": row["sku"], "unit_price": None, "tax_code": None, "is_active": True}
        return _compared(one, before, {**(before or empty), "name": name, **said}, there.id if there is not None else None)

    def apply(self, session: Session, found: Import, judged: Sequence[Judged], *, now: datetime, actor: Actor) -> None:
        new = [one for one in judged if one.outcome is RowOutcome.NEW and one.after is not None]
        for one in new:
            advisory_xact_lock(session, f"article:{found.brand_id}:{one.group.first['sku']}")
            one.entity_id, one.outcome = new_id(), RowOutcome.MADE
        rows = [
            {"id": one.entity_id, "brand_id": found.brand_id, "created_at": now, **_article_columns(one.after or {})}
            for one in new
        ]
        insert_many(session, Article, rows)
        for one in judged:
            if one.outcome is RowOutcome.CHANGES:
                change = sa.update(Article).where(Article.id == one.entity_id).values(**_article_columns(one.after or {}))
                session.execute(change)
                one.outcome = RowOutcome.CHANGED

    def undo(self, session: Session, found: Import, row: ImportRow, *, now: datetime, actor: Actor) -> str:
        query = sa.select(Article).where(Article.id == row.entity_id).with_for_update()
        article = session.execute(query.execution_options(populate_existing=True)).scalar_one_or_none()
        if article is None:
            return ""
        if _article_json(article) != row.after:
            return CHANGED_SINCE
        if row.outcome is RowOutcome.CHANGED:
            session.execute(sa.update(Article).where(Article.id == article.id).values(**_article_columns(row.before or {})))
            return ""
        try:
            with session.begin_nested():
                session.execute(sa.delete(Article).where(Article.id == article.id))
        except IntegrityError:
            return IN_USE
        return ""


def _article_json(article: Article) -> dict[str, Any]:
    names = {"sku": article.sku, "name": article.name, "tax_code": article.tax_code, "is_active": article.is_active}
    return {**names, "unit_price": _plain(article.unit_price)}


def _article_columns(kept: Mapping[str, Any]) -> dict[str, Any]:
    return {**kept, "unit_price": None if kept["unit_price"] is None else Decimal(kept["unit_price"])}


class PriceRows:
    keys = ("sku", "valid_from")
    is_grouped = False

    def judge(self, session: Session, brand_id: uuid.UUID, groups: Sequence[Group], *, now: datetime) -> list[Judged]:
        currency, articles = settings_of(session, brand_id).currency, _articles(session, brand_id, groups)
        ids = [article.id for article in articles.values()]
        query = sa.select(ArticlePrice).where(ArticlePrice.article_id.in_(ids)).execution_options(populate_existing=True)
        there = {(one.article_id, one.valid_from): one for one in session.execute(query).scalars()}
        found, seen = [], set[tuple[str, str]]()
        for group in groups:
            one = self._judge(group, currency, articles.get(group.first.get("sku", "")), there)
            place = ((one.after or {}).get("sku", ""), (one.after or {}).get("valid_from", ""))
            if one.after is not None and place in seen:  # one day, written in two ways
                one.refuse("valid_from", TWICE)
            seen.add(place)
            found.append(one)
        return found

    def _judge(
        self, group: Group, currency: str, article: Article | None, there: Mapping[tuple[uuid.UUID, date], ArticlePrice]
    ) -> Judged:
        one = _begin(group, currency, "valid_from")
        price, first, last = _price(one), _day(one, "valid_from"), _day(one, "valid_until")
        if article is None:
            one.refuse("sku", NO_SUCH_ARTICLE)
        for name in ("unit_price", "valid_from"):
            if not group.first.get(name):
                one.refuse(name, NEEDED)
        if first is not None and last is not None and last <= first:
            one.refuse("valid_until", ENDS_TOO_EARLY)
        if one.outcome is RowOutcome.WRONG or article is None or first is None:
            return one
        kept = there.get((article.id, first))
        after = {"sku": article.sku, "unit_price": _plain(price), "valid_from": first.isoformat()}
        after = {**after, "valid_until": last.isoformat() if last else None}
        before = _price_json(kept, article.sku) if kept is not None else None
        one.content = {"article_id": article.id}
        return _compared(one, before, after, kept.id if kept is not None else None)

    def apply(self, session: Session, found: Import, judged: Sequence[Judged], *, now: datetime, actor: Actor) -> None:
        new = [one for one in judged if one.outcome is RowOutcome.NEW]
        for one in new:
            one.entity_id, one.outcome = new_id(), RowOutcome.MADE
        rows = [{"id": one.entity_id, **one.content, **_price_columns(one.after or {}), "created_at": now} for one in new]
        insert_many(session, ArticlePrice, rows)
        for one in judged:
            if one.outcome is RowOutcome.CHANGES:
                change = sa.update(ArticlePrice).where(ArticlePrice.id == one.entity_id).values(**_price_columns(one.after or {}))
                session.execute(change)
                one.outcome = RowOutcome.CHANGED

    def undo(self, session: Session, found: Import, row: ImportRow, *, now: datetime, actor: Actor) -> str:
        query = sa.select(ArticlePrice).where(ArticlePrice.id == row.entity_id).with_for_update()
        price = session.execute(query.execution_options(populate_existing=True)).scalar_one_or_none()
        if price is None:
            return ""
        if _price_json(price, (row.after or {})["sku"]) != row.after:
            return CHANGED_SINCE
        if row.outcome is RowOutcome.MADE:
            session.execute(sa.delete(ArticlePrice).where(ArticlePrice.id == price.id))
        else:
            session.execute(sa.update(ArticlePrice).where(ArticlePrice.id == price.id).values(**_price_columns(row.before or {})))
        return ""


def _price_json(price: ArticlePrice, sku: str) -> dict[str, Any]:
    last = price.valid_until.isoformat() if price.valid_until else None
    return {"sku": sku, "unit_price": _plain(price.unit_price), "valid_from": price.valid_from.isoformat(), "valid_until": last}


def _price_columns(kept: Mapping[str, Any]) -> dict[str, Any]:
    days = {name: date.fromisoformat(kept[name]) if kept[name] else None for name in ("valid_from", "valid_until")}
    return {**days, "unit_price": Decimal(kept["unit_price"])}
