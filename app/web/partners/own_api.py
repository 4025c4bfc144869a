"""Routes for a partner's own API: save our credentials for it, and ask it now for order states."""

from __future__ import annotations

import uuid

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.core.clock import utc_now
from app.core.db import db, let_go, transaction
from app.core.runtime import runtime
from app.core.text import storable
from app.core.translation import gettext as _
from app.domain.accounts.permissions import Permission
from app.domain.partners.actions import set_credentials
from app.domain.partners.pulls import pull_partner
from app.domain.partners.queries import get_partner
from app.web.accounts.session import require
from app.web.partners.blueprint import bp

FIELDS = ("username", "secret", "header", "token_url")
CHARACTERS = 2000


@bp.post("/settings/partners/<uuid:partner_id>/credentials")
def keep_credentials(partner_id: uuid.UUID) -> ResponseReturnValue:
    """Replace our credentials for the partner's API, or remove them if all fields are empty. They are stored encrypted and not
    shown again."""
    viewer = require(Permission.PARTNERS_MANAGE)
    typed = {name: storable(request.form.get(name, "")).strip()[:CHARACTERS] for name in FIELDS}
    found = {name: value for name, value in typed.items() if value}
    with transaction() as session:
        partner = get_partner(session, partner_id, brand_ids=viewer.brand_ids, lock=True)
        set_credentials(session, partner, found or None, keyring=runtime().keyring, now=utc_now(), actor=viewer.actor)
    flash(_("Credentials saved and encrypted.") if found else _("Credentials removed."))
    return redirect(url_for("partners.settings", partner_id=partner_id) + "#credentials-title", 303)


@bp.post("/settings/partners/<uuid:partner_id>/pull")
def pull(partner_id: uuid.UUID) -> ResponseReturnValue:
    """Ask the partner's API for states now, whatever its schedule."""
    viewer = require(Permission.PARTNERS_MANAGE)
    found = get_partner(db.session(), partner_id, brand_ids=viewer.brand_ids)
    has_address = bool(found.api_base_url)
    let_go()
    problem = pull_partner(partner_id) if has_address else _("no API address is set")
    flash(
        _("The connection failed: %(problem)s.", problem=problem)
        if problem
        else _("We fetched the status changes from the partner’s API.")
    )
    return redirect(url_for("partners.settings", partner_id=partner_id) + "#credentials-title", 303)
