"""Small forms on a contact's page: identities, further addresses, consents. Each answers with the whole page."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.db import db, transaction
from app.core.translation import gettext as _
from app.domain.addresses.actions import NotAChoice, choose_candidate
from app.domain.addresses.queries import is_of_contact
from app.domain.contacts.details import (
    DetailMissing,
    add_address,
    add_identity,
    prefer_identity,
    remove_address,
    remove_identity,
    set_consent,
)
from app.domain.contacts.edit import IdentityTaken
from app.domain.contacts.models import ConsentPurpose, Contact
from app.domain.contacts.queries import find_owner
from app.domain.events.actions import Actor
from app.web.accounts.session import current_viewer
from app.web.contacts.blueprint import Reserved, bp, check_free_to_add, in_sight, lock_visible
from app.web.contacts.forms import LINE_CHARACTERS, ContactForm
from app.web.contacts.pages import contact_page

LABEL_CHARACTERS = 60


@bp.post("/contacts/<uuid:contact_id>/identities")
def add_way(contact_id: uuid.UUID) -> ResponseReturnValue:
    """Add an email address, a phone number or a WhatsApp number."""
    form = ContactForm(request.form.to_dict())
    identity = form.identity()
    if identity is None:
        return contact_page(contact_id, form, wrong="identity", status=422)
    try:
        with transaction() as session:
            contact = lock_visible(session, contact_id)
            check_free_to_add(session, identity)
            add_identity(session, contact, identity, actor=current_viewer().actor, now=utc_now())
    except IdentityTaken:
        form.errors["value"] = _("Another contact already has this address or number.")
        owner = find_owner(db.session(), kind=identity.kind, value=identity.value, within=in_sight())
        return contact_page(contact_id, form, wrong="identity", status=422, owner=owner)
    except Reserved:
        form.errors["value"] = _("Only an administrator can add this address or number.")
        return contact_page(contact_id, form, wrong="identity", status=422)
    return _back(contact_id, _("Added."))


@bp.post("/contacts/<uuid:contact_id>/identities/<uuid:identity_id>/removal")
def remove_way(contact_id: uuid.UUID, identity_id: uuid.UUID) -> ResponseReturnValue:
    """Remove an address or number."""
    return _change(
        contact_id, _("Removed."), lambda to: remove_identity(to.session, to.contact, identity_id, actor=to.actor, now=to.now)
    )


@bp.post("/contacts/<uuid:contact_id>/identities/<uuid:identity_id>/preference")
def prefer_way(contact_id: uuid.UUID, identity_id: uuid.UUID) -> ResponseReturnValue:
    """Make this address or number the preferred one of its kind."""
    return _change(
        contact_id, _("Saved."), lambda to: prefer_identity(to.session, to.contact, identity_id, actor=to.actor, now=to.now)
    )


@bp.post("/contacts/<uuid:contact_id>/addresses")
def add_place(contact_id: uuid.UUID) -> ResponseReturnValue:
    """Add a further postal address."""
    form = ContactForm(request.form.to_dict())
    label, address = form.line("label", LABEL_CHARACTERS), form.line("address", LINE_CHARACTERS)
    if not address:
        form.errors["address"] = _("Enter an address.")
    if form.errors:
        return contact_page(contact_id, form, wrong="address", status=422)
    return _change(
        contact_id,
        _("Added."),
        lambda to: add_address(to.session, to.contact, label=label, address=address, actor=to.actor, now=to.now),
    )


@bp.post("/contacts/<uuid:contact_id>/addresses/<uuid:address_id>/removal")
def remove_place(contact_id: uuid.UUID, address_id: uuid.UUID) -> ResponseReturnValue:
    """Remove a further postal address."""
    return _change(
        contact_id, _("Removed."), lambda to: remove_address(to.session, to.contact, address_id, actor=to.actor, now=to.now)
    )


@bp.post("/contacts/<uuid:contact_id>/addresses/<uuid:address_id>/choice")
def choose_place(contact_id: uuid.UUID, address_id: uuid.UUID) -> ResponseReturnValue:
    """Choose which of the addresses found in the register is meant by a checked address, by its `bag_id`."""
    try:
        return _change(contact_id, _("Saved."), lambda to: _choose(to, address_id, request.form.get("bag_id", "")))
    except NotAChoice:
        return _back(contact_id, _("You can no longer choose this address. Choose another one."))


@bp.post("/contacts/<uuid:contact_id>/consents")
def change_consent(contact_id: uuid.UUID) -> ResponseReturnValue:
    """Save that a consent was given (`given=yes`) or withdrawn (`given=no`). `basis` says where the contact said so."""
    form = ContactForm(request.form.to_dict())
    purpose = next((known for known in ConsentPurpose if known.value == form.get("purpose")), None)
    basis = form.line("basis", LINE_CHARACTERS)
    if purpose is None or form.get("given") not in ("yes", "no"):
        form.errors["purpose"] = _("Choose one from the list.")
    elif not basis and form.get("given") == "yes":
        form.errors["basis"] = _("Enter the source of consent, such as a form or a call.")
    if form.errors or purpose is None:
        return contact_page(contact_id, form, wrong="consent", status=422)
    given = form.get("given") == "yes"
    return _change(
        contact_id,
        _("Saved."),
        lambda to: set_consent(to.session, to.contact, purpose, is_given=given, basis=basis, actor=to.actor, now=to.now),
    )


@dataclass(frozen=True)
class _To:
    """What a change to a contact needs: the locked contact, the actor who makes the change, and the time."""

    session: Session
    contact: Contact
    actor: Actor
    now: datetime


def _choose(to: _To, address_id: uuid.UUID, bag_id: str) -> None:
    """Choose an address of the register. Raises NotAChoice, also if the address is not, or no longer, one of the contact's."""
    if not is_of_contact(to.session, address_id, to.contact.id):
        raise NotAChoice(bag_id)
    choose_candidate(to.session, address_id, bag_id, now=to.now, actor=to.actor)


def _change(contact_id: uuid.UUID, said: str, change: Callable[[_To], object]) -> ResponseReturnValue:
    """Lock the contact, make one change and return to its page with the message `said`.

    Removing a detail that no longer exists changes nothing.
    """
    with transaction() as session:
        contact = lock_visible(session, contact_id)
        try:
            change(_To(session, contact, current_viewer().actor, utc_now()))
        except DetailMissing:
            said = _("This detail was already removed.")
    return _back(contact_id, said)


def _back(contact_id: uuid.UUID, said: str) -> ResponseReturnValue:
    flash(said)
    return redirect(url_for("contacts.show_contact", contact_id=contact_id), 303)
