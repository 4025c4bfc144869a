"""Parse the form fields that say what a thread is about (customer, partner, order, subject), for macros, rules and bulk
actions.

A person may be named by an address or number. They are searched only among the contacts that the user may see.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.db import db
from app.core.translation import gettext as _
from app.domain.accounts.access import Viewer
from app.domain.contacts.models import ContactIdentity
from app.domain.contacts.numbers import NotAnAddress, as_searched, clean_email, clean_phone
from app.domain.contacts.queries import contact_exists, find_owner
from app.domain.orders.models import Order
from app.domain.partners.queries import list_partner_names
from app.domain.threads.api_queries import contact_in_sight
from app.domain.threads.macros import ONLY_OPEN, SUBJECT_CHARACTERS, MacroSteps
from app.web.accounts.session import current_viewer
from app.web.inbox.blueprint import parse_uuid

NUMBERED = "number"  # the option for an order named by its number


def about_values(steps: MacroSteps) -> dict[str, str]:
    """Return the form's values for these steps. The customer is an id, which `about_choices` replaces with an address or
    number."""
    is_numbered = steps.order not in (None, ONLY_OPEN)
    return {
        "subject": steps.subject or "",
        "customer": str(steps.customer_id or ""),
        "partner": str(steps.partner_id or ""),
        "order": NUMBERED if is_numbered else steps.order or "",
        "order_number": (steps.order or "") if is_numbered else "",
    }


def read_about(values: Mapping[str, str], errors: dict[str, str]) -> dict[str, Any]:
    """Parse the form and return its values as fields of `MacroSteps`. Errors are added to `errors`, by field."""
    subject = " ".join(values["subject"].split())
    if len(subject) > SUBJECT_CHARACTERS:
        errors["subject"] = _("Use at most %(count)s characters.", count=SUBJECT_CHARACTERS)
    customer, order = find_person(values["customer"]), values["order"]
    if values["customer"] and customer is None:
        errors["customer"] = no_such_person()
    partner = find_person(values["partner"])
    if values["partner"] and partner is None:
        errors["partner"] = no_such_person()
    number = " ".join(values["order_number"].split()).upper()
    if order == NUMBERED and (not number or find_order_id(number) is None):
        errors["order_number"] = _("There is no order with this number.")
    return {
        "subject": subject or None,
        "customer_id": customer,
        "partner_id": partner,
        "order": number if order == NUMBERED else ONLY_OPEN if order == ONLY_OPEN else None,
    }


def about_choices(session: Session, viewer: Viewer, values: dict[str, str]) -> dict[str, list[tuple[str, str]]]:
    """Return the options for the partner and the order, as (value, words).

    Also replace each customer id in `values` with the customer's address or number.
    """
    for name in [name for name in values if name.endswith("customer")]:
        values[name] = _address_of(session, values[name])
    same = ("", _("Unchanged"))
    partners = [(str(contact_id), name) for contact_id, name in list_partner_names(session, brand_ids=viewer.brand_ids)]
    orders = [(ONLY_OPEN, _("The customer’s only open order")), (NUMBERED, _("A specific order, by number"))]
    return {"partners": [same, *partners], "orders": [same, *orders]}


def find_person(typed: str) -> uuid.UUID | None:
    """Return the id of the contact with this address, number or id, or None if the viewer cannot see such a contact."""
    session, within, contact_id = db.session(), contact_in_sight(current_viewer()), parse_uuid(typed)
    if contact_id is not None:
        return contact_id if contact_exists(session, contact_id=contact_id, within=within) else None
    for kinds, clean in ((("email",), clean_email), (("phone", "wa_id"), clean_phone)):
        try:
            value = clean(as_searched(typed[:400]))
        except NotAnAddress:
            continue
        for kind in kinds:
            owner = find_owner(session, kind=kind, value=value.removeprefix("+") if kind == "wa_id" else value, within=within)
            if owner is not None:
                return owner.id
    return None


def find_order_id(number: str) -> uuid.UUID | None:
    """Return the id of the order with this number in the viewer's brands; None if there is none."""
    query = sa.select(Order.id).where(Order.order_number == number, Order.brand_id.in_(current_viewer().brand_ids))
    return db.session.execute(query).scalar_one_or_none()


def no_such_person() -> str:
    return _("No contact has this email or phone number.")


def _address_of(session: Session, value: str) -> str:
    contact_id = parse_uuid(value)
    if contact_id is None:
        return value
    query = sa.select(ContactIdentity.value).where(
        ContactIdentity.contact_id == contact_id,
        ContactIdentity.kind.in_(("email", "phone")),
        ContactIdentity.scope == "",
        ContactIdentity.former_since.is_(None),
    )
    return session.execute(query.order_by(ContactIdentity.created_at).limit(1)).scalar_one_or_none() or value
