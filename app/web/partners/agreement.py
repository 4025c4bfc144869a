"""Page of a partner's agreement: its versions, who accepted each, and a form for a new one."""

from __future__ import annotations

import uuid
from typing import Any

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.core.clock import utc_now
from app.core.db import db, transaction
from app.core.text import storable
from app.core.translation import gettext as _
from app.core.translation import told
from app.domain.accounts.permissions import Permission
from app.domain.partners.actions import WrongPartner
from app.domain.partners.agreements import TOPICS, list_agreements, write_agreement
from app.domain.partners.queries import get_partner
from app.web.accounts.session import require
from app.web.pages import page
from app.web.partners.blueprint import bp


@bp.get("/settings/partners/<uuid:partner_id>/agreement")
def agreement(partner_id: uuid.UUID) -> ResponseReturnValue:
    """Show every version of the partner's agreement, newest first."""
    return _page(partner_id)


@bp.post("/settings/partners/<uuid:partner_id>/agreement")
def write(partner_id: uuid.UUID) -> ResponseReturnValue:
    """Save the next version of the agreement. The version before it stays unchanged, as it was accepted."""
    viewer = require(Permission.PARTNERS_MANAGE)
    text = storable(request.form.get("text", ""))
    try:
        with transaction() as session:
            partner = get_partner(session, partner_id, brand_ids=viewer.brand_ids)
            write_agreement(session, partner, text, now=utc_now(), actor=viewer.actor)
    except WrongPartner as error:
        return _page(partner_id, text=text, error=told(str(error)), status=422)
    flash(_("Agreement saved. The partner can accept it in the portal."))
    return redirect(url_for("partners.agreement", partner_id=partner_id), 303)


def _page(partner_id: uuid.UUID, *, text: str = "", error: str = "", status: int = 200) -> ResponseReturnValue:
    viewer = require(Permission.PARTNERS_MANAGE)
    partner = get_partner(db.session(), partner_id, brand_ids=viewer.brand_ids)
    agreements = list_agreements(db.session(), partner_id)
    begin = agreements[0].text if agreements else "\n\n".join(f"{number}. {told(one)}\n" for number, one in enumerate(TOPICS, 1))
    context: dict[str, Any] = {"partner": partner, "agreements": agreements, "text": text or begin, "error": error}
    return page("partners/agreement.html", status=status, **context)
