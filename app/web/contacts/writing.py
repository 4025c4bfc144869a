"""Routes that add and change contacts."""

from __future__ import annotations

import uuid
from typing import Any

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.core.clock import utc_now
from app.core.db import db, transaction
from app.core.translation import gettext as _
from app.domain.contacts.book import get_profile, list_organizations
from app.domain.contacts.edit import ContactEdit, IdentityTaken, NotAnOrganization, create_contact, update_contact
from app.domain.contacts.models import Contact, ContactType
from app.domain.contacts.queries import contact_exists
from app.web.accounts.session import current_viewer
from app.web.contacts.blueprint import Reserved, bp, check_free_to_add, in_sight, lock_visible
from app.web.contacts.forms import ContactForm
from app.web.inbox.blueprint import parse_uuid
from app.web.pages import page

CHOICES = 20


class ContactMovedOn(Exception):
    """Raised when somebody else has changed the contact since the user opened the form."""


@bp.get("/contacts/new")
def new_contact() -> ResponseReturnValue:
    """Show the form of a new contact; `name`, `kind` and `value` may be filled in by a link."""
    return _editor(ContactForm(request.args.to_dict()))


@bp.post("/contacts")
def add_contact() -> ResponseReturnValue:
    """Add a contact, with one identity (address or number) if it was typed."""
    form = ContactForm(request.form.to_dict())
    columns = {**form.columns(), "parent_organization_id": _organization(form)}
    identity = form.identity() if form.get("value") else None
    if _is_looking(form):
        return _look(form)
    if form.errors:
        return _editor(form, status=422)
    identities = {identity.kind: [identity]} if identity else {}
    try:
        with transaction() as session:
            check_free_to_add(session, identity)
            edit = ContactEdit(columns=columns, identities=identities)
            contact = create_contact(session, edit, actor=current_viewer().actor, now=utc_now())
    except IdentityTaken:
        form.errors["value"] = _("Another contact already has this address or number.")
        return _editor(form, status=422)
    except Reserved:
        form.errors["value"] = _("Only an administrator can add this address or number.")
        return _editor(form, status=422)
    except NotAnOrganization:
        return _bad_organization(form)
    flash(_("Contact added"))
    return redirect(url_for("contacts.show_contact", contact_id=contact.id), 303)


@bp.get("/contacts/<uuid:contact_id>/edit")
def edit_contact(contact_id: uuid.UUID) -> ResponseReturnValue:
    """Show the form of a contact: names, organization, language, address and note."""
    contact = get_profile(db.session(), contact_id=contact_id, within=in_sight()).contact
    return _editor(ContactForm(_values(contact)), contact=contact)


@bp.post("/contacts/<uuid:contact_id>/edit")
def save_contact(contact_id: uuid.UUID) -> ResponseReturnValue:
    """Change a contact. If somebody else has changed it meanwhile, answer 409 with the form and its typed values."""
    contact = get_profile(db.session(), contact_id=contact_id, within=in_sight()).contact
    form = ContactForm(request.form.to_dict())
    columns = {**form.columns(), "parent_organization_id": _organization(form, former=contact.parent_organization_id)}
    if _is_looking(form):
        return _look(form, contact)
    if form.errors:
        return _editor(form, contact=contact, status=422)
    try:
        with transaction() as session:
            locked = lock_visible(session, contact_id)
            _check_version(locked, form)
            update_contact(session, locked, ContactEdit(columns=columns), actor=current_viewer().actor, now=utc_now())
    except ContactMovedOn:
        newest = get_profile(db.session(), contact_id=contact_id, within=in_sight()).contact
        return _editor(form, contact=newest, moved_on=True, status=409)
    except NotAnOrganization:
        return _bad_organization(form, contact)
    flash(_("Saved."))
    return redirect(url_for("contacts.show_contact", contact_id=contact_id), 303)


def _is_looking(form: ContactForm) -> bool:
    """Return whether the form was sent only to search organizations.

    That is so if the search button was pressed, or if the search words are new (Enter in the search field).
    """
    words = form.get("organization_q")
    return "look" in request.form or (words != "" and words != form.get("looked_for"))


def _look(form: ContactForm, contact: Contact | None = None) -> ResponseReturnValue:
    form.errors.clear()  # this was a search, so the form is not judged yet
    return _editor(form, contact=contact)


def _check_version(contact: Contact, form: ContactForm) -> None:
    seen = form.get("version")
    if seen.isdecimal() and len(seen) < 10 and int(seen) != contact.version:
        raise ContactMovedOn(str(contact.id))


def _organization(form: ContactForm, former: uuid.UUID | None = None) -> uuid.UUID | None:
    """Return the id of the chosen organization, or None. Set an error in the form if the viewer cannot see the organization.

    The `former` organization may stay even if the viewer cannot see it.
    """
    text = form.get("parent_organization_id")
    chosen = parse_uuid(text)
    if not text or (chosen is not None and chosen == former):
        return chosen
    if chosen is None or not contact_exists(db.session(), contact_id=chosen, within=in_sight()):
        form.errors["parent_organization_id"] = _("Choose one from the list.")
    return chosen


def _bad_organization(form: ContactForm, contact: Contact | None = None) -> ResponseReturnValue:
    form.errors["parent_organization_id"] = _(
        "Choose another organisation: the organisation you chose belongs to the contact you are editing."
    )
    return _editor(form, contact=contact, status=422)


def _values(contact: Contact) -> dict[str, str]:
    return {
        "name": contact.name,
        "contact_type": contact.contact_type.value,
        "language": contact.language or "",
        "job_title": contact.job_title,
        "address": contact.address,
        "note": contact.note,
        "parent_organization_id": str(contact.parent_organization_id or ""),
    }


def _editor(
    form: ContactForm, *, contact: Contact | None = None, moved_on: bool = False, status: int = 200
) -> ResponseReturnValue:
    """Render the form of a contact. `organization_q` searches organizations by name.

    The chosen organization is always among the choices. `moved_on`: somebody else has changed the contact meanwhile.
    """
    session, wanted = db.session(), form.get("organization_q")
    found = list_organizations(session, within=in_sight(), text=wanted, limit=CHOICES)
    chosen = session.get(Contact, parse_uuid(form.get("parent_organization_id")) or uuid.UUID(int=0))
    shown = [c for c in found if (chosen is None or c.id != chosen.id) and (contact is None or c.id != contact.id)]
    organizations = [*([chosen] if chosen is not None else []), *shown]
    context: dict[str, Any] = {
        "form": form,
        "contact": contact,
        "moved_on": moved_on,
        "organizations": [("", _("None")), *((str(c.id), c.name) for c in organizations)],
        "looked_for": wanted,
        "kinds": [(ContactType.PERSON.value, _("Person")), (ContactType.ORGANIZATION.value, _("Organisation"))],
        "languages": [("", _("Not known")), ("nl", _("Dutch")), ("en", _("English")), ("fr", _("French"))],
    }
    return page("contacts/edit.html", status=status, **context)
