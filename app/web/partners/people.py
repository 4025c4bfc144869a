"""Routes for a partner's people: invite them to the portal, and remove them from it."""

from __future__ import annotations

import uuid

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.core.clock import utc_now
from app.core.db import db, transaction
from app.core.text import storable
from app.core.translation import gettext as _
from app.core.translation import told
from app.domain.accounts.permissions import Permission
from app.domain.partners.actions import WrongPartner
from app.domain.partners.people import add_partner_person, get_partner_person, remove_partner_person
from app.domain.partners.queries import get_partner
from app.web.accounts.forms import LANGUAGES
from app.web.accounts.invitations import invite
from app.web.accounts.session import require
from app.web.partners.blueprint import bp
from app.web.partners.pages import partner_page


@bp.post("/settings/partners/<uuid:partner_id>/people")
def add_person(partner_id: uuid.UUID) -> ResponseReturnValue:
    """Invite a person of the partner to the portal. If no mail can be sent, this answer shows the invitation link, and nothing
    else does."""
    viewer, form = require(Permission.PARTNERS_MANAGE), request.form
    get_partner(db.session(), partner_id, brand_ids=viewer.brand_ids)
    locale = form.get("locale", "")
    try:
        with transaction() as session:
            partner = get_partner(session, partner_id, brand_ids=viewer.brand_ids, lock=True)
            user = add_partner_person(
                session,
                partner,
                email=storable(form.get("email", "")).strip(),
                name=storable(form.get("person_name", "")),
                dealer_id=_dealer(form.get("dealer", "")),
                locale=locale if locale in dict(LANGUAGES) else "en",
                now=utc_now(),
                actor=viewer.actor,
            )
    except WrongPartner as error:
        return partner_page(partner_id, status=422, person_errors={error.field: told(str(error))}, person_typed=form)
    return partner_page(partner_id, status=201, person_link=invite(viewer, user.id))


@bp.post("/settings/partners/<uuid:partner_id>/people/<uuid:user_id>/invitation")
def invite_person_again(partner_id: uuid.UUID, user_id: uuid.UUID) -> ResponseReturnValue:
    """Send a new invitation to a person who has no password yet. If no mail can be sent, this answer shows the link."""
    viewer = require(Permission.PARTNERS_MANAGE)
    get_partner(db.session(), partner_id, brand_ids=viewer.brand_ids)
    if get_partner_person(db.session(), partner_id, user_id).password_hash is not None:
        return _back(partner_id, _("This person already has a password."))
    return partner_page(partner_id, status=201, person_link=invite(viewer, user_id))


@bp.post("/settings/partners/<uuid:partner_id>/people/<uuid:user_id>/removal")
def remove_person(partner_id: uuid.UUID, user_id: uuid.UUID) -> ResponseReturnValue:
    """Remove a person from the portal: their sessions end now."""
    viewer = require(Permission.PARTNERS_MANAGE)
    with transaction() as session:
        partner = get_partner(session, partner_id, brand_ids=viewer.brand_ids)
        user = get_partner_person(session, partner_id, user_id)
        remove_partner_person(session, partner, user, now=utc_now(), actor=viewer.actor)
    return _back(partner_id, _("This person can no longer sign in."))


def _dealer(text: str) -> uuid.UUID | None:
    """Return the id of the chosen dealer, or None for "". For an invalid id, return the id of no dealer, which the action then
    refuses."""
    if not text:
        return None
    try:
        return uuid.UUID(text)
    except ValueError:
        return uuid.UUID(int=0)


def _back(partner_id: uuid.UUID, words: str) -> ResponseReturnValue:
    flash(words)
    return redirect(url_for("partners.partner", partner_id=partner_id) + "#people-title", 303)
