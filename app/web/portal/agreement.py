"""Portal page of the agreement: accept the newest version, read the former ones."""

from __future__ import annotations

import uuid

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue

from app.core.clock import utc_now
from app.core.db import db, transaction
from app.core.translation import gettext as _
from app.domain.accounts.models import User
from app.domain.partners.agreements import AgreementPassed, accept_agreement, list_agreements
from app.web.pages import page
from app.web.portal.blueprint import Visitor, bp, whole_visitor


@bp.get("/portal/agreement")
def agreement() -> ResponseReturnValue:
    """Show the agreement with its versions."""
    return _page(whole_visitor())


@bp.post("/portal/agreement/<uuid:agreement_id>/acceptance")
def accept(agreement_id: uuid.UUID) -> ResponseReturnValue:
    """Accept the newest version of the agreement for the partner."""
    seen = whole_visitor()
    try:
        with transaction() as session:
            user = session.get_one(User, seen.viewer.user_id)
            accept_agreement(session, seen.sight.partner, agreement_id, user, now=utc_now(), actor=seen.viewer.actor)
    except AgreementPassed:
        flash(_("There is a newer version of the agreement: read that version first."))
    else:
        flash(_("Accepted. Thank you."))
    return redirect(url_for("portal.agreement"), 303)


def _page(seen: Visitor) -> ResponseReturnValue:
    partner = seen.sight.partner
    return page("portal/agreement.html", partner=partner, agreements=list_agreements(db.session(), partner.id))
