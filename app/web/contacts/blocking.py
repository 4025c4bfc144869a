"""Block a contact, so that their messages go to spam, and unblock them."""

from __future__ import annotations

import uuid

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.core.clock import utc_now
from app.core.db import transaction
from app.core.translation import gettext as _
from app.domain.threads.spam import lift_block
from app.web.accounts.session import current_viewer
from app.web.contacts.blueprint import bp, lock_visible
from app.web.inbox.blueprint import parse_uuid


@bp.post("/contacts/<uuid:contact_id>/block/ending")
def end_block(contact_id: uuid.UUID) -> ResponseReturnValue:
    """Unblock this contact for `brand`, one of the viewer's brands."""
    viewer, brand_id = current_viewer(), parse_uuid(request.form.get("brand"))
    with transaction() as session:
        contact = lock_visible(session, contact_id)
        lifted = brand_id in viewer.brand_ids and lift_block(
            session, contact_id=contact.id, brand_id=brand_id, actor=viewer.actor, now=utc_now()
        )
    if lifted:
        flash(_("The sender is unblocked: their new messages will arrive in the inbox again."))
    return redirect(url_for("contacts.show_contact", contact_id=contact_id), 303)
