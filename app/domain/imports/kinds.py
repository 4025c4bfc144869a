"""Map each kind of import to its code and to the permission it needs."""

from __future__ import annotations

from collections.abc import Mapping

from app.domain.accounts.permissions import Permission
from app.domain.imports.article_rows import ArticleRows, PriceRows
from app.domain.imports.models import ImportKind
from app.domain.imports.order_rows import OrderRows
from app.domain.imports.rows import Kind

KINDS: Mapping[ImportKind, Kind] = {
    ImportKind.ORDERS: OrderRows(),
    ImportKind.ARTICLES: ArticleRows(),
    ImportKind.PRICES: PriceRows(),
}
IMPORT_NEEDS = {
    ImportKind.ORDERS: Permission.ORDERS_IMPORT,
    ImportKind.ARTICLES: Permission.ARTICLES_MANAGE,
    ImportKind.PRICES: Permission.ARTICLES_MANAGE,
}
