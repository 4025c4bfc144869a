"""Routes of a partner's keys: create, rotate, revoke. The text of a key is shown only once, right after it was created."""

from __future__ import annotations

import uuid
from datetime import timedelta

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.core.clock import utc_now
from app.core.db import db, transaction
from app.core.runtime import runtime
from app.core.translation import gettext as _
from app.core.translation import told
from app.domain.accounts.permissions import Permission
from app.domain.partners.actions import WrongPartner, create_key, revoke_key, rotate_key
from app.domain.partners.queries import get_key, get_partner
from app.web.accounts.session import require
from app.web.partners.blueprint import bp
from app.web.partners.forms import KeyForm
from app.web.partners.pages import partner_page


@bp.post("/settings/partners/<uuid:partner_id>/keys")
def make_key(partner_id: uuid.UUID) -> ResponseReturnValue:
    """Make a key and show it once."""
    viewer = require(Permission.PARTNERS_MANAGE)
    get_partner(db.session(), partner_id, brand_ids=viewer.brand_ids)
    form = KeyForm(request.form.to_dict(), request.form.getlist("scopes"))
    scopes = form.chosen_scopes()
    if form.errors:
        return partner_page(partner_id, status=422, key_errors=form.errors)
    with transaction() as session:
        partner = get_partner(session, partner_id, brand_ids=viewer.brand_ids, lock=True)
        made = create_key(
            session,
            partner,
            environment=form.environment,
            name=form.name,
            scopes=scopes,
            requires_signature=request.form.get("requires_signature") == "1",
            keyring=runtime().keyring,
            now=utc_now(),
            actor=viewer.actor,
        )
    return partner_page(partner_id, made=made)


@bp.post("/settings/partners/<uuid:partner_id>/keys/<uuid:partner_key_id>/rotation")
def rotate(partner_id: uuid.UUID, partner_key_id: uuid.UUID) -> ResponseReturnValue:
    """Create a new key beside the old one and show it once. The old key works for another `overlap_hours` hours (default: 24)."""
    viewer = require(Permission.PARTNERS_MANAGE)
    hours = request.form.get("overlap_hours", "24")
    try:
        overlap = timedelta(hours=int(hours) if hours.isascii() and hours.isdecimal() and len(hours) < 4 else -1)
        with transaction() as session:
            partner = get_partner(session, partner_id, brand_ids=viewer.brand_ids, lock=True)
            key = get_key(session, partner_id, partner_key_id)
            keyring = runtime().keyring
            made = rotate_key(session, partner, key, overlap=overlap, keyring=keyring, now=utc_now(), actor=viewer.actor)
    except WrongPartner as error:
        return partner_page(partner_id, status=422, key_errors={"keys": told(str(error))})
    return partner_page(partner_id, made=made)


@bp.post("/settings/partners/<uuid:partner_id>/keys/<uuid:partner_key_id>/revocation")
def revoke(partner_id: uuid.UUID, partner_key_id: uuid.UUID) -> ResponseReturnValue:
    """Revoke a key at once."""
    viewer = require(Permission.PARTNERS_MANAGE)
    with transaction() as session:
        get_partner(session, partner_id, brand_ids=viewer.brand_ids)
        revoke_key(session, get_key(session, partner_id, partner_key_id), now=utc_now(), actor=viewer.actor)
    flash(_("Key revoked."))
    return redirect(url_for("partners.partner", partner_id=partner_id), 303)
