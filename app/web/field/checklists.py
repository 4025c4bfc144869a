"""Page of the checklists of visits, by brand and type of work."""

from __future__ import annotations

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.core.clock import utc_now
from app.core.db import db, transaction
from app.core.text import storable
from app.core.translation import gettext as _
from app.domain.accounts.permissions import Permission
from app.domain.accounts.queries import list_brands
from app.domain.field.checklists import MOST_ITEMS, list_checklists, set_checklist
from app.domain.field.models import LINE_CHARACTERS
from app.web.accounts.session import require
from app.web.field.blueprint import bp
from app.web.pages import page

TYPE_CHARACTERS = 60


@bp.get("/settings/checklists")
def checklists() -> ResponseReturnValue:
    """Show the checklists of the viewer's brands, and a form to change one. `brand` and `type` choose the checklist in the
    form."""
    return _page({"brand": request.args.get("brand", ""), "type": request.args.get("type", "")}, {})


@bp.post("/settings/checklists")
def save_checklist() -> ResponseReturnValue:
    """Save the checklist of a brand and type of work; without lines it is deleted."""
    viewer, typed = require(Permission.VISITS_PLAN), request.form.to_dict()
    errors: dict[str, str] = {}
    brand_id = next((one for one in viewer.brand_ids if str(one) == typed.get("brand")), None)
    if brand_id is None:
        errors["brand"] = _("Choose one from the list.")
    order_type = " ".join(storable(typed.get("type", "")).split())
    if len(order_type) > TYPE_CHARACTERS:
        errors["type"] = _("Use at most %(count)s characters.", count=TYPE_CHARACTERS)
    lines = [" ".join(line.split()) for line in storable(typed.get("items", "")).splitlines()]
    items = list(dict.fromkeys(line for line in lines if line))
    if len(items) > MOST_ITEMS or any(len(item) > LINE_CHARACTERS for item in items):
        most = {"count": MOST_ITEMS, "length": LINE_CHARACTERS}
        errors["items"] = _("Use at most %(count)s lines, each of at most %(length)s characters.", **most)
    if errors or brand_id is None:
        return _page(typed, errors, status=422)
    with transaction() as session:
        set_checklist(session, brand_id=brand_id, order_type=order_type, items=items, now=utc_now(), actor=viewer.actor)
    flash(_("Saved."))
    return redirect(url_for("field.checklists"), 303)


def _page(typed: dict[str, str], errors: dict[str, str], *, status: int = 200) -> ResponseReturnValue:
    viewer, session = require(Permission.VISITS_PLAN), db.session()
    rows = list_checklists(session, viewer=viewer)
    chosen = next((row for row in rows if (str(row.brand_id), row.order_type) == (typed.get("brand"), typed.get("type"))), None)
    if chosen is not None and "items" not in typed:
        typed = {**typed, "items": "\n".join(chosen.items)}
    brands = [(str(brand.id), brand.name) for brand in list_brands(session) if brand.id in viewer.brand_ids]
    return page("field/checklists.html", status=status, rows=rows, typed=typed, errors=errors, brands=brands)
