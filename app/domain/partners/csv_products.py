"""Read what a partner calls our articles from a table: CSV as spreadsheets of any country write it. Nothing is written here.

Columns by name, in any order: partner_sku and article are needed; type, price, valid_from and valid_until may be left out.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

from sqlalchemy.orm import Session

from app.core.text import known, storable
from app.core.text import mark as N_
from app.domain.orders.articles import find_articles
from app.domain.orders.models import Article
from app.domain.partners.models import Partner
from app.domain.partners.products import ALWAYS, SKU_CHARACTERS, TYPE_CHARACTERS, ProductContent
from app.domain.partners.queries import list_products

MOST_ROWS = 2_000
NEEDED = ("partner_sku", "article")
COLUMNS = (*NEEDED, "type", "price", "valid_from", "valid_until")
_NO_COLUMN = known("the first line must name the columns %(columns)s")
_NO_ARTICLE = known("there is no article %(article)s")
_TOO_MANY = known("at most %(count)s rows at once")


class UnreadableTable(ValueError):
    """It is no such table; the text says what is wrong with it."""


@dataclass(frozen=True)
class TableRow:
    """One line of the table. `problem` says why it cannot be taken; `is_new` and `is_changed`: what taking it would do."""

    line: int
    sku: str
    article: Article | None
    content: ProductContent | None
    problem: str = ""
    is_new: bool = False
    is_changed: bool = False


def read_table(session: Session, partner: Partner, text: str) -> list[TableRow]:
    """Every line with what would become of it. Raises UnreadableTable."""
    rows = _rows(storable(text))
    articles = find_articles(session, brand_id=partner.brand_id, names=[row.get("article", "") for row in rows])
    kept = {(row.product.partner_sku, row.product.valid_from): row.product for row in list_products(session, partner.id)}
    found, seen = [], set[tuple[str, date]]()
    for line, row in enumerate(rows, start=2):
        article = articles.get(row.get("article", "").casefold())
        try:
            content = _content(row, article)
        except ValueError as error:
            found.append(TableRow(line, row.get("partner_sku", ""), article, None, problem=str(error)))
            continue
        place = (content.partner_sku, content.valid_from)
        if place in seen:
            found.append(TableRow(line, content.partner_sku, article, None, problem=N_("stands in the table twice")))
            continue
        seen.add(place)
        before = kept.get(place)
        changed = before is not None and any(
            getattr(before, name) != getattr(content, name)
            for name in ("article_id", "product_type", "unit_price", "valid_until")
        )
        found.append(TableRow(line, content.partner_sku, article, content, is_new=before is None, is_changed=changed))
    return found


def _rows(text: str) -> list[Mapping[str, str]]:
    head = text.lstrip("\ufeff").partition("\n")[0]
    delimiter = max(";,\t", key=head.count)
    try:
        table = list(csv.reader(io.StringIO(text.lstrip("\ufeff")), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise UnreadableTable(N_("this is no table: save it as CSV")) from error
    names = [name.strip().lower() for name in table[0]] if table else []
    if not all(name in names for name in NEEDED):
        raise UnreadableTable(_NO_COLUMN % {"columns": ", ".join(COLUMNS)})
    lines = [row for row in table[1:] if any(cell.strip() for cell in row)]
    if not lines:
        raise UnreadableTable(N_("there is nothing under the names of the columns"))
    if len(lines) > MOST_ROWS:
        raise UnreadableTable(_TOO_MANY % {"count": MOST_ROWS})
    return [{name: " ".join(cell.split()) for name, cell in zip(names, row, strict=False)} for row in lines]


def _content(row: Mapping[str, str], article: Article | None) -> ProductContent:
    """Raises ValueError with what is wrong."""
    sku = row.get("partner_sku", "")
    if not sku or len(sku) > SKU_CHARACTERS:
        raise ValueError(N_("partner_sku must have 1 to 200 characters"))
    if article is None:
        raise ValueError(_NO_ARTICLE % {"article": row.get("article", "")[:100] or "–"})
    first, last = read_day(row.get("valid_from", "")) or ALWAYS, read_day(row.get("valid_until", ""))
    if last is not None and last <= first:
        raise ValueError(N_("valid_until must be after valid_from"))
    return ProductContent(sku, article.id, row.get("type", "")[:TYPE_CHARACTERS], read_price(row.get("price", "")), first, last)


def read_day(text: str) -> date | None:
    """None for an empty text. Raises ValueError."""
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise ValueError(N_("a day must be written like 2026-12-31")) from error


def read_price(text: str) -> Decimal | None:
    """In euros, with a comma or a point before the cents; None for an empty text. Raises ValueError."""
    if not text:
        return None
    try:
        price = Decimal(text.replace(",", ".")) if len(text) < 15 else Decimal(-1)
    except InvalidOperation:
        price = Decimal(-1)
    if not price.is_finite() or not 0 <= price < 10**9 or price != round(price, 2):
        raise ValueError(N_("a price must be an amount such as 12 or 1249,50"))
    return price
