"""Pages of the address book and of one contact."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from app.core.clock import utc_now
from app.core.db import db
from app.core.paging import BadCursor
from app.domain.addresses.queries import find_checks
from app.domain.contacts.book import find_kept, get_profile, list_book, list_duplicates
from app.domain.contacts.details import REMOVABLE
from app.domain.contacts.merge import UNDO_WITHIN
from app.domain.contacts.models import ConsentPurpose, ContactIdentity
from app.domain.contacts.opt_outs import OptOut, list_opt_outs
from app.domain.contacts.queries import ContactMissing
from app.domain.orders.queries import list_orders_of_contact
from app.domain.tasks.queries import TaskFilter, list_tasks
from app.domain.threads.contact_timeline import last_heard_of, list_contact_timeline
from app.domain.threads.spam import list_blocks
from app.web.accounts.session import current_viewer
from app.web.contacts.blueprint import bp, in_sight
from app.web.contacts.forms import ContactForm
from app.web.inbox.blueprint import parse_uuid
from app.web.pages import page

TASKS_SHOWN = 20


@bp.get("/contacts")
def show_list() -> ResponseReturnValue:
    """List contacts by name. `q` searches; `after` is the id of the last contact on the previous page.

    An htmx request gets only the block `contact-list`.
    """
    session, viewer = db.session(), current_viewer()
    text = request.args.get("q", "")
    book = list_book(session, within=in_sight(), text=text, after=parse_uuid(request.args.get("after")))
    heard = last_heard_of(session, viewer=viewer, contact_ids=tuple(record.contact.id for record in book.items))
    return page("contacts/list.html", blocks=("contact_list",), book=book, heard=heard, q=" ".join(text.split())[:200])


@bp.get("/contacts/<uuid:contact_id>")
def show_contact(contact_id: uuid.UUID) -> ResponseReturnValue:
    """Show one contact. For a merged contact, redirect to the contact it was merged into."""
    try:
        return contact_page(contact_id)
    except ContactMissing:
        kept = find_kept(db.session(), contact_id)
        if kept is None:
            raise
        return redirect(url_for("contacts.show_contact", contact_id=kept), 302)


def contact_page(
    contact_id: uuid.UUID, form: ContactForm | None = None, *, wrong: str = "", status: int = 200, **more: Any
) -> Response:
    """Render the page of a contact. `wrong` names the small form whose values and errors are in `form`.

    Raises `ContactMissing` if the viewer cannot see the contact.
    """
    session, viewer, within = db.session(), current_viewer(), in_sight()
    profile = get_profile(session, contact_id=contact_id, within=within)
    try:
        timeline = list_contact_timeline(session, viewer=viewer, contact_id=contact_id, before=request.args.get("before"))
    except BadCursor:
        timeline = list_contact_timeline(session, viewer=viewer, contact_id=contact_id)
    of_contact = TaskFilter(contact_id=contact_id)
    others = [place.address for place in profile.addresses]
    context: dict[str, Any] = {
        "profile": profile,
        "contact": profile.contact,
        "timeline": timeline,
        "task_rows": list_tasks(session, viewer=viewer, filter=of_contact, limit=TASKS_SHOWN),
        "orders": list_orders_of_contact(session, viewer=viewer, contact_id=contact_id),
        "checks": find_checks(session, contact_id, [text for text in (profile.contact.address, *others) if text]),
        "duplicates": list_duplicates(session, profile, within=within),
        "consents": {consent.purpose: (consent, name) for consent, name in profile.consents},
        "purposes": list(ConsentPurpose),
        "undo_since": utc_now() - UNDO_WITHIN,
        "removable": REMOVABLE,
        "opted_out": {found.address: found for found in _opt_outs(profile.identities)},
        "blocked_for": list_blocks(session, viewer=viewer, contact_id=contact_id),
        "form": form or ContactForm({}),
        "wrong": wrong,
    }
    return page("contacts/contact.html", blocks=("contact_timeline", "contact_tasks"), status=status, **{**context, **more})


def _opt_outs(identities: Iterable[ContactIdentity]) -> list[OptOut]:
    """Return the opt-outs of the contact's phone numbers from texts, for the brands that the viewer sees."""
    numbers = [identity.value for identity in identities if identity.kind == "phone"]
    return list_opt_outs(db.session(), brand_ids=current_viewer().brand_ids, addresses=numbers) if numbers else []
