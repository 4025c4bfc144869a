"""Pages that log a phone call with a contact, as the first item of a new thread."""

from __future__ import annotations

import uuid
from typing import Any

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from app.core.db import db, transaction
from app.core.ids import new_id
from app.core.runtime import runtime
from app.core.text import storable
from app.core.translation import gettext as _
from app.domain.accounts.queries import list_offered_brands
from app.domain.contacts.book import get_profile
from app.web.accounts.session import current_viewer
from app.web.contacts.blueprint import bp, in_sight, lock_visible
from app.web.inbox.blueprint import parse_uuid
from app.web.inbox.call_form import CallForm, call_choices, form_of_request, offered_form
from app.web.inbox.calls import begin_with_call, read_call
from app.web.pages import page

SUBJECT_CHARACTERS = 300


@bp.get("/contacts/<uuid:contact_id>/calls")
def new_call(contact_id: uuid.UUID) -> ResponseReturnValue:
    """Show the form of a call. It is filled in with an outgoing call to the contact's number at the present time."""
    return _form(contact_id)


@bp.post("/contacts/<uuid:contact_id>/calls")
def log_call(contact_id: uuid.UUID) -> ResponseReturnValue:
    """Create a thread with this contact whose first item is the call. The same form sent twice creates one thread."""
    form, brand_id = form_of_request(), parse_uuid(request.form.get("brand"))
    contact = get_profile(db.session(), contact_id=contact_id, within=in_sight()).contact
    call, callback = read_call(form, name=contact.name)
    if brand_id is None or brand_id not in current_viewer().brand_ids:
        form.errors["brand"] = _("Choose one of your brands.")
    if form.errors or brand_id is None:
        return _form(contact_id, form, status=422)
    with transaction() as session:
        subject = " ".join(storable(request.form.get("subject", "")).split())[:SUBJECT_CHARACTERS]
        locked = lock_visible(session, contact_id)
        message = begin_with_call(session, contact=locked, brand_id=brand_id, subject=subject, call=call, callback=callback)
    runtime().nudger.nudge()
    flash(_("Call logged, with a task to call back") if callback else _("Call logged"))
    return redirect(url_for("inbox.show_thread", thread_id=message.thread_id), 303)


def _form(contact_id: uuid.UUID, form: CallForm | None = None, *, status: int = 200) -> Response:
    """Render the form of a call. Raises `ContactMissing` if the viewer cannot see the contact."""
    profile = get_profile(db.session(), contact_id=contact_id, within=in_sight())
    brands = list_offered_brands(db.session(), current_viewer().brand_ids)
    context: dict[str, Any] = {
        "contact": profile.contact,
        "brands": brands,
        "brand_choices": [(str(brand.id), brand.name) for brand in brands],
        "brand_id": request.form.get("brand", ""),
        "subject": request.form.get("subject", ""),
        "token": parse_uuid(request.form.get("client_token")) or new_id(),
        "call_form": form or offered_form(profile.identities),
        **call_choices(),
    }
    return page("contacts/call.html", status=status, **context)
