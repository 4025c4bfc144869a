"""Dialog that chooses the order, customer or partner of the open thread."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from flask import abort
from flask.typing import ResponseReturnValue
from htmx_flask import request
from werkzeug.wrappers import Response

from app.core.clock import utc_now
from app.core.db import db, transaction
from app.core.links import url_for
from app.core.text import storable
from app.core.translation import gettext as _
from app.core.translation import told
from app.domain.contacts.book import list_book
from app.domain.contacts.models import Contact
from app.domain.contacts.queries import ContactRecord, contact_exists
from app.domain.orders.queries import OrderRow
from app.domain.partners.queries import list_partner_names
from app.domain.threads.about import UnableToSay, change_person
from app.domain.threads.actions import lock_thread
from app.domain.threads.api_queries import contact_in_sight
from app.domain.threads.models import Thread
from app.domain.threads.queries import get_thread
from app.web.accounts.session import current_viewer
from app.web.contacts.words import identity_words
from app.web.inbox.blueprint import bp, parse_uuid
from app.web.inbox.dialogs import dialog_done
from app.web.inbox.order_links import orders_to_link
from app.web.orders.words import order_status_words
from app.web.pages import page

MOST_FOUND, QUERY_CHARACTERS = 8, 200
REACHED_BY = ("email", "phone", "wa_id")


@dataclass(frozen=True)
class Option:
    """An order or person that can be chosen. `value` is the form's value; `hint` distinguishes similar options."""

    value: str
    label: str
    hint: str = ""


@bp.get("/threads/<uuid:thread_id>/link-order")
def choose_order(thread_id: uuid.UUID) -> ResponseReturnValue:
    """Show the orders to choose from: the customer's orders, open ones first. With `q`, search by order number or customer
    instead."""
    thread = _thread(thread_id)
    options = [_order_option(row, thread) for row in orders_to_link(thread, _typed())]
    lead = _("The order will appear beside the thread; the thread will appear on the order’s page.")
    return _dialog(thread, "order", _("Link an order"), lead, _("Order number or customer"), options, to="inbox.add_order_link")


@bp.get("/threads/<uuid:thread_id>/customer")
def choose_customer(thread_id: uuid.UUID) -> ResponseReturnValue:
    """Show the contacts that `q` finds by name, address or number."""
    return _customers(_thread(thread_id))


@bp.post("/threads/<uuid:thread_id>/customer")
def set_customer(thread_id: uuid.UUID) -> ResponseReturnValue:
    """Make the contact `choice` the thread's customer, to whom later messages go."""
    thread = _thread(thread_id)
    return _change(thread, "customer") or _customers(thread, status=422)


@bp.get("/threads/<uuid:thread_id>/partner")
def choose_partner(thread_id: uuid.UUID) -> ResponseReturnValue:
    """Show the partners of the thread's brand whose name contains `q`."""
    return _partners(_thread(thread_id))


@bp.post("/threads/<uuid:thread_id>/partner")
def set_partner(thread_id: uuid.UUID) -> ResponseReturnValue:
    """Make the contact `choice` the thread's partner, or remove the partner if `choice` is empty."""
    thread = _thread(thread_id)
    return _change(thread, "partner") or _partners(thread, status=422)


def _thread(thread_id: uuid.UUID) -> Thread:
    return get_thread(db.session(), viewer=current_viewer(), thread_id=thread_id)


def _typed() -> str:
    return " ".join(storable(request.args.get("q", "")).split())[:QUERY_CHARACTERS]


def _customers(thread: Thread, *, status: int = 200, error: str = "") -> Response:
    typed = _typed()
    found = (
        list_book(db.session(), within=contact_in_sight(current_viewer()), text=typed, limit=MOST_FOUND).items if typed else ()
    )
    options = [_person_option(record) for record in found if record.contact.id != thread.contact_id]
    lead = _("Your next messages go to the person you choose; earlier messages stay as they are.")
    title, hint = _("Change the customer"), _("Name, phone number or email")
    return _dialog(thread, "customer", title, lead, hint, options, to="inbox.set_customer", status=status, error=error)


def _partners(thread: Thread, *, status: int = 200, error: str = "") -> Response:
    typed = _typed().casefold()
    names = list_partner_names(db.session(), brand_ids=[thread.brand_id])
    options = [Option(str(contact_id), name) for contact_id, name in names if typed in name.casefold()]
    options += [Option("", _("No partner"))] if thread.partner_contact_id else []
    title = _("Set the partner")
    return _dialog(
        thread, "partner", title, "", _("Name of the partner"), options, to="inbox.set_partner", status=status, error=error
    )


def _dialog(
    thread: Thread,
    kind: str,
    title: str,
    lead: str,
    hint: str,
    options: list[Option],
    *,
    to: str,
    status: int = 200,
    error: str = "",
) -> Response:
    context = {"thread": thread, "kind": kind, "title": title, "lead": lead, "hint": hint, "options": options, "sought": _typed()}
    urls = {"here": url_for(f"inbox.choose_{kind}", thread_id=thread.id), "to": url_for(to, thread_id=thread.id)}
    blocks = ("move_place", "about_choices")
    return page("inbox/choose_about.html", blocks=blocks, status=status, error=error, **urls, **context)


def _order_option(row: OrderRow, thread: Thread) -> Option:
    whose = "" if row.order.customer_contact_id == thread.contact_id else row.customer_name
    return Option(
        str(row.order.id), row.order.order_number, " · ".join(filter(None, (whose, order_status_words(row.order.status))))
    )


def _person_option(record: ContactRecord) -> Option:
    ways = [identity_words(one) for one in record.identities if one.kind in REACHED_BY and one.former_since is None]
    return Option(str(record.contact.id), record.contact.name or _("Unknown"), " · ".join(list(dict.fromkeys(ways))[:2]))


def _change(thread: Thread, which: str) -> ResponseReturnValue | None:
    """Set the thread's customer or partner and return the answer.

    Return None if the viewer cannot see the chosen contact, or if nothing was chosen.
    """
    viewer, wanted = current_viewer(), parse_uuid(request.values.get("choice"))
    if wanted is None and (which == "customer" or request.values.get("choice") is None):
        return None
    if wanted is not None and not contact_exists(db.session(), contact_id=wanted, within=contact_in_sight(viewer)):
        return None
    thread_id, former = thread.id, thread.contact_id if which == "customer" else thread.partner_contact_id
    try:
        with transaction() as session:
            change_person(session, lock_thread(session, thread_id), which, wanted, actor=viewer.actor, now=utc_now())
            contact = session.get(Contact, wanted) if wanted else None
            name = contact.name if contact is not None else ""
    except UnableToSay as error:
        abort(409, told(str(error)))
    return dialog_done(thread_id, _said(which, name, is_set=wanted is not None), undo=_undo(thread_id, which, former))


def _said(which: str, name: str, *, is_set: bool) -> str:
    if not is_set:
        return _("No partner")
    return _("Customer: %(name)s", name=name) if which == "customer" else _("Partner: %(name)s", name=name)


def _undo(thread_id: uuid.UUID, which: str, former: uuid.UUID | None) -> str:
    if former is None and which == "customer":
        return ""
    return url_for(f"inbox.set_{which}", thread_id=thread_id, choice=former or "")
