"""Bulk action that sets order, customer, partner or subject of many threads."""

from __future__ import annotations

from collections.abc import Mapping

from flask import render_template
from flask.typing import ResponseReturnValue

from app.core.db import db
from app.core.text import storable
from app.core.translation import gettext as _
from app.domain.contacts.models import Contact
from app.domain.partners.queries import list_partner_names
from app.domain.threads.bulk import Change
from app.domain.threads.macros import SUBJECT_CHARACTERS
from app.web.accounts.session import current_viewer
from app.web.inbox.about_form import find_order_id, find_person, no_such_person
from app.web.inbox.blueprint import bp


class UnknownAbout(Exception):
    """Raised when there is no order or person as typed, or when the subject is not valid.

    The exception's text says why, in the viewer's language.
    """


@bp.get("/bulk/about")
def bulk_about() -> ResponseReturnValue:
    """Return the HTML of the fields for order, customer, partner and subject, for the bulk bar."""
    partners = list_partner_names(db.session(), brand_ids=current_viewer().brand_ids)
    return render_template("inbox/bulk_about.html", partners=partners)


def about_change(kind: str, form: Mapping[str, str]) -> Change:
    """Return the change of `kind`, with the value typed in the field `about_<kind>`.

    Raises `UnknownAbout` if the value is not valid, and `ValueError` if the kind is unknown.
    """
    typed = " ".join(storable(form.get(f"about_{kind}", "")).split())
    if kind == "order":
        return _of_order(typed.upper())
    if kind == "subject":
        if not typed or len(typed) > SUBJECT_CHARACTERS:
            raise UnknownAbout(_("Enter a subject of at most %(count)s characters.", count=SUBJECT_CHARACTERS))
        return Change(kind, typed)
    if kind not in ("customer", "partner"):
        raise ValueError(kind)
    if kind == "partner" and not typed:
        return Change(kind, None)
    found = find_person(typed) if typed else None
    if found is None:
        raise UnknownAbout(no_such_person())
    return Change(kind, str(found), named=db.session().get_one(Contact, found).name)


def about_words(kind: str, to: str, named: str) -> str:
    """Return a change of order, subject, partner or customer in words: "Order CC-2026-00042". `named` is the person's name."""
    if kind == "order":
        return _("Order %(number)s", number=to)
    if kind == "subject":
        return _("Subject “%(subject)s”", subject=to)
    if kind == "partner":
        return _("Partner %(name)s", name=named) if to else _("No partner")
    return _("Customer %(name)s", name=named)


def _of_order(number: str) -> Change:
    if not number or find_order_id(number) is None:
        raise UnknownAbout(_("There is no order with this number."))
    return Change("order", number)
