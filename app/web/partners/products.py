"""Page of a partner's product numbers: list, add by hand, import a table."""

from __future__ import annotations

import uuid
from typing import Any

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.core.clock import utc_now
from app.core.csv_table import UnreadableTable, decode, read_day
from app.core.db import db, transaction
from app.core.text import storable
from app.core.translation import gettext as _
from app.core.translation import ngettext, told
from app.domain.accounts.permissions import Permission
from app.domain.partners.csv_products import TableRow, read_price, read_table
from app.domain.partners.models import Partner
from app.domain.partners.products import (
    ALWAYS,
    SKU_CHARACTERS,
    TYPE_CHARACTERS,
    ProductContent,
    find_article_by_sku,
    keep_product,
    remove_product,
)
from app.domain.partners.queries import get_partner, list_open_skus, list_products
from app.web.accounts.session import require
from app.web.pages import page
from app.web.partners.blueprint import bp

TABLE_CHARACTERS = 500_000


@bp.get("/settings/partners/<uuid:partner_id>/products")
def products(partner_id: uuid.UUID) -> ResponseReturnValue:
    """Show the partner's product numbers with our articles, and the numbers that have no article yet."""
    return _page(_find(partner_id), {"partner_sku": request.args.get("sku", "")})


@bp.post("/settings/partners/<uuid:partner_id>/products")
def add_product(partner_id: uuid.UUID) -> ResponseReturnValue:
    """Save which of our articles a product number of the partner means."""
    viewer, found = require(Permission.PARTNERS_MANAGE), _find(partner_id)
    values = {name: " ".join(storable(text).split()) for name, text in request.form.items()}
    errors, content = _read(found, values)
    if content is None:
        return _page(found, values, errors, status=422)
    with transaction() as session:
        locked = get_partner(session, partner_id, brand_ids=viewer.brand_ids, lock=True)
        keep_product(session, locked, content, now=utc_now(), actor=viewer.actor)
    flash(_("Saved."))
    return redirect(url_for("partners.products", partner_id=partner_id), 303)


@bp.post("/settings/partners/<uuid:partner_id>/products/table")
def take_table(partner_id: uuid.UUID) -> ResponseReturnValue:
    """Preview a table of product numbers. With `take=1`, import its valid rows that are new or changed."""
    viewer, found = require(Permission.PARTNERS_MANAGE), _find(partner_id)
    file = request.files.get("file")
    text = decode(file.read(TABLE_CHARACTERS * 4))[0] if file else request.form.get("table", "")
    try:
        rows = read_table(db.session(), found, text[:TABLE_CHARACTERS])
    except UnreadableTable as error:
        return _page(found, {}, {"table": told(str(error))}, table=text, status=422)
    if request.form.get("take") != "1":
        return _page(found, {}, table=text, rows=rows)
    wanted = [row.content for row in rows if row.content is not None and (row.is_new or row.is_changed)]
    with transaction() as session:
        locked = get_partner(session, partner_id, brand_ids=viewer.brand_ids, lock=True)
        for content in wanted:
            keep_product(session, locked, content, now=utc_now(), actor=viewer.actor)
    flash(ngettext("%(num)s article number imported.", "%(num)s article numbers imported.", len(wanted)))
    return redirect(url_for("partners.products", partner_id=partner_id), 303)


@bp.post("/settings/partners/<uuid:partner_id>/products/<uuid:product_id>/removal")
def forget_product(partner_id: uuid.UUID, product_id: uuid.UUID) -> ResponseReturnValue:
    """Delete a product number; orders keep the articles they have."""
    viewer = require(Permission.PARTNERS_MANAGE)
    with transaction() as session:
        locked = get_partner(session, partner_id, brand_ids=viewer.brand_ids, lock=True)
        remove_product(session, locked, product_id, now=utc_now(), actor=viewer.actor)
    flash(_("Removed."))
    return redirect(url_for("partners.products", partner_id=partner_id), 303)


def _find(partner_id: uuid.UUID) -> Partner:
    return get_partner(db.session(), partner_id, brand_ids=require(Permission.PARTNERS_MANAGE).brand_ids)


def _read(partner: Partner, values: dict[str, str]) -> tuple[dict[str, str], ProductContent | None]:
    errors: dict[str, str] = {}
    sku, article = values.get("partner_sku", ""), find_article_by_sku(db.session(), partner, values.get("article", ""))
    if not sku or len(sku) > SKU_CHARACTERS:
        errors["partner_sku"] = _("Enter the partner’s article number.")
    if article is None:
        errors["article"] = _("Enter one of our article numbers.")
    read: dict[str, Any] = {}
    for name, reader in (("price", read_price), ("valid_from", read_day), ("valid_until", read_day)):
        try:
            read[name] = reader(values.get(name, ""))
        except ValueError as error:
            errors[name] = told(str(error))
    first = read.get("valid_from") or ALWAYS
    if read.get("valid_until") is not None and read["valid_until"] <= first:
        errors["valid_until"] = _("The end must be after the start.")
    if errors or article is None:
        return errors, None
    kind = values.get("type", "")[:TYPE_CHARACTERS]
    return errors, ProductContent(sku, article.id, kind, read["price"], first, read["valid_until"])


def _page(
    found: Partner,
    values: dict[str, str],
    errors: dict[str, str] | None = None,
    *,
    table: str = "",
    rows: list[TableRow] | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    context: dict[str, Any] = {
        "partner": found,
        "values": values,
        "errors": errors or {},
        "table": table[:TABLE_CHARACTERS],
        "rows": rows or [],
        "products": list_products(db.session(), found.id),
        "open_skus": list_open_skus(db.session(), found.id),
        "always": ALWAYS,
    }
    return page("partners/products.html", status=status, **context)
