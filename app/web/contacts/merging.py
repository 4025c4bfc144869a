"""Pages that merge two contacts: choose, compare, merge, undo."""

from __future__ import annotations

import uuid
from typing import Any

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from app.core.clock import utc_now
from app.core.db import db, transaction
from app.core.runtime import runtime
from app.core.translation import gettext as _
from app.core.translation import mark as N_
from app.domain.contacts.book import get_profile, list_book
from app.domain.contacts.merge import UNDO_WITHIN, UnableToMerge, UnableToUndo, merge_contacts, undo_merge
from app.domain.contacts.models import ContactMerge
from app.domain.contacts.queries import ContactMissing
from app.domain.threads.contact_timeline import brands_of_contacts
from app.web.accounts.session import current_viewer
from app.web.contacts.blueprint import bp, in_sight, lock_visible
from app.web.inbox.blueprint import parse_uuid
from app.web.pages import page

CHOICES = 10
REFUSALS = {
    "same": N_("Choose another contact: you cannot merge a contact with itself."),
    "merged": N_("One of the two contacts was merged in the meantime. Open the contact again to see the result."),
    "colleague": N_("One of the two contacts is a colleague: colleagues cannot be merged."),
    "tree": N_(
        "One contact is the organisation of the other contact. First change or remove the organisation of that other contact."
    ),
    "brands": N_("One of the two contacts has threads of a brand you cannot see. Ask a colleague who can see that brand."),
    "undone": N_("This merge was already undone."),
    "late": N_("It is too late to undo this merge."),
    "kept": N_("This contact was merged again later. Undo the later merge first."),
}


@bp.get("/contacts/<uuid:contact_id>/merge")
def choose_merge(contact_id: uuid.UUID) -> ResponseReturnValue:
    """Show this contact beside `other`, to compare them. Without `other` show a search for it (`q`)."""
    return _merge_page(contact_id, parse_uuid(request.args.get("other")))


@bp.post("/contacts/<uuid:contact_id>/merge")
def merge(contact_id: uuid.UUID) -> ResponseReturnValue:
    """Merge `other` into this contact."""
    other, viewer = parse_uuid(request.form.get("other")), current_viewer()
    if other is None:
        return _merge_page(contact_id, None, refusal="same", status=422)
    try:
        with transaction() as session:
            for each in sorted((contact_id, other)):
                lock_visible(session, each)
            _check_brands(contact_id, other)
            merge_contacts(session, keep_id=contact_id, merge_id=other, now=utc_now(), actor=viewer.actor)
    except UnableToMerge as error:
        return _merge_page(contact_id, other, refusal=error.code, status=422)
    runtime().nudger.nudge()
    flash(_("Merged. You can undo the merge on this page for %(count)s days.", count=UNDO_WITHIN.days))
    return redirect(url_for("contacts.show_contact", contact_id=contact_id), 303)


@bp.post("/contacts/<uuid:contact_id>/merges/<uuid:merge_id>/undo")
def take_merge_back(contact_id: uuid.UUID, merge_id: uuid.UUID) -> ResponseReturnValue:
    """Undo a merge: the merged contact becomes a contact of its own again, with everything that came from it."""
    viewer, said = current_viewer(), _("Undone: there are two contacts again.")
    try:
        with transaction() as session:
            get_profile(session, contact_id=contact_id, within=in_sight())
            found = session.get(ContactMerge, merge_id)
            if found is None or found.kept_id != contact_id:
                raise ContactMissing(str(merge_id))
            _check_brands(contact_id, found.merged_id)
            undo_merge(session, merge_id, now=utc_now(), actor=viewer.actor)
    except UnableToUndo as error:
        code = "kept" if error.code == "merged" else error.code
        said = _(REFUSALS[code])
    except UnableToMerge as error:
        said = _(REFUSALS[error.code])
    runtime().nudger.nudge()
    flash(said)
    return redirect(url_for("contacts.show_contact", contact_id=contact_id), 303)


def _check_brands(*contact_ids: uuid.UUID) -> None:
    """Check that the viewer sees the brands of all threads that would move. Raises `UnableToMerge` if not."""
    if brands_of_contacts(db.session(), contact_ids) - set(current_viewer().brand_ids):
        raise UnableToMerge("brands")


def _merge_page(contact_id: uuid.UUID, other_id: uuid.UUID | None, *, refusal: str = "", status: int = 200) -> Response:
    session, within = db.session(), in_sight()
    keep = get_profile(session, contact_id=contact_id, within=within)
    other = get_profile(session, contact_id=other_id, within=within) if other_id and other_id != contact_id else None
    text = " ".join(request.args.get("q", "").split())[:200]
    found = list_book(session, within=within, text=text, limit=CHOICES).items if text and other is None else ()
    context: dict[str, Any] = {
        "keep": keep,
        "other": other,
        "q": text,
        "found": [record for record in found if record.contact.id != contact_id],
        "refusal": _(REFUSALS[refusal]) if refusal else "",
        "undo_days": UNDO_WITHIN.days,
    }
    return page("contacts/merge.html", status=status, **context)
