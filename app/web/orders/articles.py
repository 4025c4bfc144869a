"""Pages of articles: list, add, change, switch off. None is deleted: it may have been ordered."""

from __future__ import annotations

import uuid
from typing import Any

from flask import abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.core.clock import utc_now
from app.core.db import db, transaction
from app.core.translation import gettext as _
from app.domain.accounts.permissions import Permission
from app.domain.accounts.queries import list_brands
from app.domain.orders.articles import ArticleContent, SkuTaken, add_article, edit_article, find_article, list_all_articles
from app.domain.orders.models import Article
from app.web.accounts.session import require
from app.web.orders.blueprint import bp
from app.web.orders.forms import ArticleForm
from app.web.orders.words import price_typed
from app.web.pages import page


@bp.get("/settings/articles")
def articles() -> ResponseReturnValue:
    """Show all articles of the viewer's brands, with those that are switched off last, and a form for a new one."""
    return _page(ArticleForm({}))


@bp.post("/settings/articles")
def add() -> ResponseReturnValue:
    """Add an article."""
    viewer, form = require(Permission.ARTICLES_MANAGE), ArticleForm(request.form.to_dict())
    brand_id, content = form.brand_id(viewer.brand_ids), form.content()
    if form.errors or brand_id is None:
        return _page(form, status=422)
    try:
        with transaction() as session:
            add_article(session, brand_id=brand_id, **vars(content), now=utc_now())
    except SkuTaken:
        form.errors["sku"] = _("Another article of this brand has this number.")
        return _page(form, status=422)
    flash(_("Saved."))
    return redirect(url_for("orders.articles"), 303)


@bp.get("/settings/articles/<uuid:article_id>")
def article(article_id: uuid.UUID) -> ResponseReturnValue:
    """Show one article in the form."""
    found = _find(article_id)
    price = "" if found.unit_price is None else price_typed(found.unit_price)
    return _page(ArticleForm({"sku": found.sku, "name": found.name, "unit_price": price}), found)


@bp.post("/settings/articles/<uuid:article_id>")
def save(article_id: uuid.UUID) -> ResponseReturnValue:
    """Change an article. If the form has `active` (yes or no), only switch the article on or off."""
    found, form = _find(article_id), ArticleForm(request.form.to_dict())
    is_active = {"yes": True, "no": False}.get(form.get("active"))
    content = ArticleContent(found.sku, found.name, found.unit_price) if is_active is not None else form.content()
    if form.errors:
        return _page(form, found, status=422)
    try:
        with transaction() as session:
            edit_article(session, article_id, content, is_active=is_active)
    except SkuTaken:
        form.errors["sku"] = _("Another article of this brand has this number.")
        return _page(form, found, status=422)
    flash(_("Saved."))
    return redirect(url_for("orders.articles"), 303)


def _find(article_id: uuid.UUID) -> Article:
    found = find_article(db.session(), article_id, brand_ids=require(Permission.ARTICLES_MANAGE).brand_ids)
    if found is None:
        abort(404)
    return found


def _page(form: ArticleForm, chosen: Article | None = None, *, status: int = 200) -> ResponseReturnValue:
    session, viewer = db.session(), require(Permission.ARTICLES_MANAGE)
    names = {brand.id: brand.name for brand in list_brands(session) if brand.id in viewer.brand_ids}
    context: dict[str, Any] = {
        "rows": list_all_articles(session, brand_ids=viewer.brand_ids),
        "brand_names": names,
        "brands": [(str(brand_id), name) for brand_id, name in names.items()],
        "form": form,
        "chosen": chosen,
    }
    return page("orders/articles.html", status=status, **context)
