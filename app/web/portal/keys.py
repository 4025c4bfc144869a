"""Portal pages of the partner's keys and API calls. The text of a key is shown only once, right after it was created."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.core.clock import utc_now
from app.core.db import db, transaction
from app.core.runtime import runtime
from app.core.translation import gettext as _
from app.core.translation import told
from app.domain.partners.actions import WrongPartner, create_key, revoke_key, rotate_key
from app.domain.partners.queries import get_key, list_calls, list_keys
from app.web.pages import page
from app.web.partners.forms import KeyForm
from app.web.partners.words import SCOPES
from app.web.portal.blueprint import Visitor, bp, whole_visitor


@bp.get("/portal/keys")
def keys() -> ResponseReturnValue:
    """Show the keys for live orders and for the sandbox."""
    return _page(whole_visitor())


@bp.post("/portal/keys")
def make_key() -> ResponseReturnValue:
    """Make a key and show it once."""
    seen, form = whole_visitor(), KeyForm(request.form.to_dict(), request.form.getlist("scopes"))
    scopes = form.chosen_scopes()
    if form.errors:
        return _page(seen, status=422, errors=form.errors)
    with transaction() as session:
        made = create_key(
            session,
            seen.sight.partner,
            environment=form.environment,
            name=form.name,
            scopes=scopes,
            requires_signature=request.form.get("requires_signature") == "1",
            keyring=runtime().keyring,
            now=utc_now(),
            actor=seen.viewer.actor,
        )
    return _page(seen, made=made)


@bp.post("/portal/keys/<uuid:partner_key_id>/rotation")
def rotate(partner_key_id: uuid.UUID) -> ResponseReturnValue:
    """Create a new key beside the old one and show it once. The old key works for another 24 hours."""
    seen = whole_visitor()
    try:
        with transaction() as session:
            key = get_key(session, seen.sight.partner.id, partner_key_id)
            who: dict[str, Any] = {"keyring": runtime().keyring, "now": utc_now(), "actor": seen.viewer.actor}
            made = rotate_key(session, seen.sight.partner, key, overlap=timedelta(hours=24), **who)
    except WrongPartner as error:
        return _page(seen, status=422, errors={"keys": told(str(error))})
    return _page(seen, made=made)


@bp.post("/portal/keys/<uuid:partner_key_id>/revocation")
def revoke(partner_key_id: uuid.UUID) -> ResponseReturnValue:
    """Revoke a key at once."""
    seen = whole_visitor()
    with transaction() as session:
        revoke_key(session, get_key(session, seen.sight.partner.id, partner_key_id), now=utc_now(), actor=seen.viewer.actor)
    flash(_("Key revoked."))
    return redirect(url_for("portal.keys"), 303)


@bp.get("/portal/calls")
def calls() -> ResponseReturnValue:
    """List the partner's newest API calls with our answers. With `failed=1`, list only calls answered with an error."""
    seen, failed = whole_visitor(), request.args.get("failed") == "1"
    rows = list_calls(db.session(), seen.sight.partner.id, failed=failed, limit=100)
    return page("portal/calls.html", partner=seen.sight.partner, calls=rows, failed=failed)


def _page(seen: Visitor, *, status: int = 200, made: Any = None, errors: dict[str, str] | None = None) -> ResponseReturnValue:
    partner = seen.sight.partner
    return page(
        "portal/keys.html",
        status=status,
        partner=partner,
        keys=list_keys(db.session(), partner.id),
        scopes=[(scope.value, told(words)) for scope, words in SCOPES.items()],
        now=utc_now(),
        made=made,
        errors=errors or {},
    )
