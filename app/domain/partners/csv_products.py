"""Read a partner's product numbers (SKU mapping) from a CSV table. Nothing is written here.

Columns are found by name: partner_sku and article are required; type, price, valid_from and valid_until are optional.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy.orm import Session

from app.core import csv_table
from app.core.csv_table import UnreadableTable, read_day
from app.core.text import known
from app.core.text import mark as N_
from app.domain.orders.articles import find_articles
from app.domain.orders.models import Article
from app.domain.partners.models import Partner
from app.domain.partners.products import ALWAYS, SKU_CHARACTERS, TYPE_CHARACTERS, ProductContent
from app.domain.partners.queries import list_products

MOST_ROWS = 2_000
NEEDED = ("partner_sku", "article")
COLUMNS = (*NEEDED, "type", "price", "valid_from", "valid_until")
_NO_COLUMN = known("the first line must have the columns %(columns)s")
_NO_ARTICLE = known("article %(article)s does not exist")


@dataclass(frozen=True)
class TableRow:
    """One line of the table. `problem` says why it cannot be imported, "" if it can.

    `is_new`: the import would add a product number. `is_changed`: the import would change an existing one.
    """

    line: int
    sku: str
    article: Article | None
    content: ProductContent | None
    problem: str = ""
    is_new: bool = False
    is_changed: bool = False


def read_table(session: Session, partner: Partner, text: str) -> list[TableRow]:
    """Read every line of the CSV text, with a problem or with what the import would do. Raises `UnreadableTable`."""
    rows = _rows(text)
    articles = find_articles(session, brand_id=partner.brand_id, names=[row.get("article", "") for _line, row in rows])
    kept = {(row.product.partner_sku, row.product.valid_from): row.product for row in list_products(session, partner.id)}
    found, seen = [], set[tuple[str, date]]()
    for line, row in rows:
        article = articles.get(row.get("article", "").casefold())
        try:
            content = _content(row, article)
        except ValueError as error:
            found.append(TableRow(line, row.get("partner_sku", ""), article, None, problem=str(error)))
            continue
        place = (content.partner_sku, content.valid_from)
        if place in seen:
            found.append(TableRow(line, content.partner_sku, article, None, problem=N_("appears twice in the table")))
            continue
        seen.add(place)
        before = kept.get(place)
        changed = before is not None and any(
            getattr(before, name) != getattr(content, name)
            for name in ("article_id", "product_type", "unit_price", "valid_until")
        )
        found.append(TableRow(line, content.partner_sku, article, content, is_new=before is None, is_changed=changed))
    return found


def _rows(text: str) -> list[tuple[int, Mapping[str, str]]]:
    """Return each row with its line number in the file, as (line, {column: cell}). Raises `UnreadableTable` if a column is
    missing."""
    table = csv_table.read_text(text, most_rows=MOST_ROWS)
    names = [name.lower() for name in table.heads]
    if not all(name in names for name in NEEDED):
        raise UnreadableTable(_NO_COLUMN % {"columns": ", ".join(COLUMNS)})
    return [(row.line, {name: " ".join(c.split()) for name, c in zip(names, row.cells, strict=False)}) for row in table.rows]


def _content(row: Mapping[str, str], article: Article | None) -> ProductContent:
    """Convert a row to a product number. Raises ValueError with the problem in English."""
    sku = row.get("partner_sku", "")
    if not sku or len(sku) > SKU_CHARACTERS:
        raise ValueError(N_("partner_sku must have 1 to 200 characters"))
    if article is None:
        raise ValueError(_NO_ARTICLE % {"article": row.get("article", "")[:100] or "–"})
    first, last = read_day(row.get("valid_from", "")) or ALWAYS, read_day(row.get("valid_until", ""))
    if last is not None and last <= first:
        raise ValueError(N_("valid_until must be after valid_from"))
    return ProductContent(sku, article.id, row.get("type", "")[:TYPE_CHARACTERS], read_price(row.get("price", "")), first, last)


def read_price(text: str) -> Decimal | None:
    """Read a price in euros, with a comma or a point before the cents. Return None for an empty text.

    Raises ValueError if the text is not an amount.
    """
    try:
        return csv_table.read_amount(text, places=2)
    except ValueError as error:
        raise ValueError(N_("a price must be an amount such as 12 or 1249,50")) from error
