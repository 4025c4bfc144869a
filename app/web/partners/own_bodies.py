"""Page that maps the fields of a partner's own request bodies to our fields, and tries the mapping with a sample."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.core.clock import utc_now
from app.core.db import db, transaction
from app.core.text import storable
from app.core.translation import gettext as _
from app.core.translation import told
from app.domain.accounts.permissions import Permission
from app.domain.partners.actions import WrongPartner, change_partner, content_of
from app.domain.partners.models import Partner
from app.domain.partners.own_bodies import FIELDS, Preview, WrongBodyMapping, checked, preview
from app.domain.partners.queries import get_partner
from app.web.accounts.session import require
from app.web.pages import page
from app.web.partners.blueprint import bp

SAMPLE_CHARACTERS = 100_000


@bp.get("/settings/partners/<uuid:partner_id>/bodies")
def bodies(partner_id: uuid.UUID) -> ResponseReturnValue:
    """Show the mapping as it is saved."""
    viewer = require(Permission.PARTNERS_MANAGE)
    partner = get_partner(db.session(), partner_id, brand_ids=viewer.brand_ids)
    return _bodies_page(partner, _as_text(partner.body_mapping))


@bp.post("/settings/partners/<uuid:partner_id>/bodies")
def keep_bodies(partner_id: uuid.UUID) -> ResponseReturnValue:
    """Save the mapping. If the button `preview` was pressed, save nothing and show what the sample becomes by the mapping."""
    viewer = require(Permission.PARTNERS_MANAGE)
    text, sample = (storable(request.form.get(name, ""))[:SAMPLE_CHARACTERS] for name in ("rows", "sample"))
    partner = get_partner(db.session(), partner_id, brand_ids=viewer.brand_ids)
    try:
        rows = checked(_read_rows(text))
        if "preview" in request.form:
            return _bodies_page(partner, text, sample, **_try(rows, sample))
        with transaction() as session:
            locked = get_partner(session, partner_id, brand_ids=viewer.brand_ids, lock=True)
            change_partner(session, locked, replace(content_of(locked), body_mapping=rows), now=utc_now(), actor=viewer.actor)
    except (WrongPartner, WrongBodyMapping) as error:
        return _bodies_page(partner, text, sample, problem=told(str(error)), status=422)
    flash(_("Saved."))
    return redirect(url_for("partners.bodies", partner_id=partner_id), 303)


def _try(rows: Sequence[dict[str, str]], sample: str) -> dict[str, Any]:
    try:
        body = json.loads(sample)
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        return {"sample_problem": _("Paste a JSON object."), "status": 422}
    return {"tried": preview(rows, body)}


def _bodies_page(
    partner: Partner,
    text: str,
    sample: str = "",
    *,
    problem: str = "",
    sample_problem: str = "",
    tried: Preview | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    context: dict[str, Any] = {"text": text, "sample": sample, "problem": problem, "sample_problem": sample_problem}
    context["door"] = f"/api/v1/webhooks/partner-orders/{partner.slug}"
    return page("partners/bodies.html", status=status, partner=partner, fields=FIELDS, tried=tried, **context)


def _read_rows(text: str) -> list[dict[str, str]]:
    """Return the rows of a mapping from text. Each line has the partner's path, "=", and our field."""
    lines = [line.partition("=") for line in text.splitlines() if line.strip()]
    return [{"path": path.strip(), "field": ours.strip()} for path, _sign, ours in lines]


def _as_text(rows: Sequence[dict[str, str]]) -> str:
    return "\n".join(f"{row['path']} = {row['field']}" for row in rows)
