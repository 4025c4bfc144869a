"""Pages that begin a thread: choose recipient and channel, then open the composer."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import abort, g, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.core.clock import utc_now
from app.core.db import db, transaction
from app.core.links import url_for
from app.core.runtime import runtime
from app.core.text import storable
from app.domain.accounts.permissions import Permission
from app.domain.accounts.queries import list_brands
from app.domain.connections.models import Channel, Medium
from app.domain.connections.queries import list_channels
from app.domain.contacts.book import list_book
from app.domain.contacts.numbers import NotAnAddress, as_searched, clean_email, clean_phone
from app.domain.contacts.queries import ContactMissing, ContactRecord, get_contact
from app.domain.orders.models import Order
from app.domain.orders.queries import OrderMissing, get_order
from app.domain.threads.api_queries import contact_in_sight
from app.domain.threads.queries import get_thread
from app.domain.threads.write_first import (
    Recipient,
    about,
    begin_thread,
    find_or_add_recipient,
    list_open_threads,
    reach_by,
)
from app.web.accounts.session import current_viewer, require
from app.web.inbox.blueprint import bp, parse_uuid
from app.web.pages import page

SUBJECT_CHARACTERS, NAME_CHARACTERS, MOST_PEOPLE = 300, 200, 8


@dataclass
class Choice:
    """The recipient: a known contact, or a new address or number; and the order the message is about."""

    contact: ContactRecord | None
    new: Recipient | None
    order: Order | None
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def kinds(self) -> set[str]:
        """The kinds of identities by which the recipient can be reached; a phone number may have WhatsApp too."""
        known = {self.new.kind} if self.new else set()
        if self.contact is not None:
            known |= {identity.kind for identity in self.contact.identities if identity.former_since is None}
        return known | ({"wa_id"} if "phone" in known else set())

    @property
    def args(self) -> Mapping[str, Any]:
        named = {"contact_id": self.contact.contact.id} if self.contact else {"to": self.new.value} if self.new else {}
        return {**named, "order_id": self.order.id if self.order else None}


@bp.get("/write")
def write_first() -> ResponseReturnValue:
    """Show step one, where `q` finds people (as a fragment: `write_people`). With `contact_id` or `to`, show step two, which
    chooses the channel.

    If `q` finds only one person, redirect to step two at once.
    """
    require(Permission.THREADS_REPLY)
    choice = _choice(request.args)
    if choice.contact or choice.new:
        return _page(choice)
    found = _find_people(_typed())
    if len(found) == 1 and not request.headers.get("HX-Request"):
        return redirect(url_for("inbox.write_first", contact_id=found[0].contact.id, **choice.args), 303)
    return _people_page(choice)


@bp.post("/write")
def begin_writing() -> ResponseReturnValue:
    """Start the thread, or continue the thread `thread_id`, and redirect to its composer."""
    viewer, form = require(Permission.THREADS_REPLY), request.form
    choice, now = _choice(form), utc_now()
    if choice.contact is None and choice.new is None:
        return _people_page(choice, status=422)
    going_on = parse_uuid(form.get("thread_id"))
    if going_on is not None:
        return _go_on(choice, going_on)
    channel = next((one for one in _channels(choice) if str(one.id) == form.get("channel_id")), None)
    subject = " ".join(storable(form.get("subject", "")).split())
    if channel is None:
        choice.errors["channel_id"] = _("Choose the channel to write from.")
    elif channel.medium == Medium.EMAIL and not subject:
        choice.errors["subject"] = _("Enter a short subject for the email.")
    if len(subject) > SUBJECT_CHARACTERS:
        choice.errors["subject"] = _("Use at most %(count)s characters.", count=SUBJECT_CHARACTERS)
    if choice.errors or channel is None:
        return _page(choice, status=422)
    with transaction() as session:
        channel = session.get_one(Channel, channel.id)
        contact = _contact(choice, channel)
        order = session.get_one(Order, choice.order.id) if choice.order else None
        if order is not None and order.brand_id != channel.brand_id:
            order = None
        thread = begin_thread(session, contact, channel, subject=subject, order=order, viewer=viewer, now=now)
    runtime().nudger.nudge()
    return redirect(url_for("inbox.show_thread", thread_id=thread.id, view="mine", channel_id=channel.id, write=1), 303)


def _contact(choice: Choice, channel: Channel) -> Any:
    session, now = db.session(), utc_now()
    if choice.new is not None:
        return find_or_add_recipient(session, choice.new, channel, now=now)
    assert choice.contact is not None
    contact = session.merge(choice.contact.contact, load=False)
    reach_by(session, contact, channel, now=now)
    return contact


def _go_on(choice: Choice, thread_id: uuid.UUID) -> ResponseReturnValue:
    """Redirect to an existing thread with the chosen contact. If the choice has an order, link it with the thread."""
    viewer = current_viewer()
    thread = get_thread(db.session(), viewer=viewer, thread_id=thread_id)
    if choice.contact is None or thread.contact_id != choice.contact.contact.id:
        abort(404)
    if choice.order is not None and choice.order.brand_id == thread.brand_id:
        with transaction() as session:
            about(session, thread, session.get_one(Order, choice.order.id), viewer=viewer, now=utc_now())
    return redirect(url_for("inbox.show_thread", thread_id=thread.id, write=1), 303)


def _choice(values: Mapping[str, str]) -> Choice:
    """Return the recipient and order that the request names. Aborts with 404 if the viewer cannot see the contact or order."""
    session, viewer = db.session(), current_viewer()
    order_id, contact_id = parse_uuid(values.get("order_id")), parse_uuid(values.get("contact_id"))
    try:
        order = get_order(session, viewer=viewer, order_id=order_id).order if order_id else None
        wanted = contact_id or (order.customer_contact_id if order and not values.get("to") else None)
        contact = get_contact(session, contact_id=wanted, within=contact_in_sight(viewer)) if wanted else None
    except (ContactMissing, OrderMissing):
        abort(404)
    name = " ".join(storable(values.get("name", "")).split())[:NAME_CHARACTERS]
    return Choice(contact, None if contact else _read_recipient(values.get("to", ""), name), order)


def _read_recipient(text: str, name: str = "") -> Recipient | None:
    """Return the typed email address or phone number as a recipient. Return None if the text is neither."""
    typed = as_searched(storable(text)[:400])
    for kind, clean in (("email", clean_email), ("phone", clean_phone)):
        try:
            return Recipient(kind, clean(typed), name)
        except NotAnAddress:
            continue
    return None


def _channels(choice: Choice) -> list[Channel]:
    """Return the channels from which the viewer may write and which can reach the recipient. Channels of the order's brand come
    first."""
    adapters, viewer = runtime().adapters, current_viewer()
    found = [
        channel
        for channel in list_channels(db.session(), active_only=True, brand_ids=viewer.brand_ids)
        if channel.adapter_key in adapters.senders
        and choice.kinds & {kind.value for kind in adapters.rules[channel.channel_type.value].identity_kinds}
    ]
    return sorted(found, key=lambda one: (choice.order is not None and one.brand_id != choice.order.brand_id, one.name))


def _typed() -> str:
    return " ".join(storable(request.values.get("q", "")).split())[:200]


def _find_people(typed: str) -> tuple[ContactRecord, ...]:
    within = contact_in_sight(current_viewer())
    return list_book(db.session(), within=within, text=typed, limit=MOST_PEOPLE).items if typed else ()


def _people_page(choice: Choice, *, status: int = 200) -> Response:
    """Render the list of people who match the typed text."""
    g.current_view = "write"
    typed = _typed()
    found = _find_people(typed)
    context = {"q": typed, "found": found, "new": _read_recipient(typed) if typed else None, "order": choice.order}
    return page("inbox/write_people.html", blocks=("write_people",), status=status, **context)


def _page(choice: Choice, *, status: int = 200) -> Response:
    session, viewer = db.session(), current_viewer()
    g.current_view = "write"
    names = {brand.id: brand.name for brand in list_brands(session)}
    contact = choice.contact.contact if choice.contact else None
    context: dict[str, Any] = {
        "choice": choice,
        "channels": _channels(choice),
        "brand_names": names,
        "open_rows": list_open_threads(session, viewer=viewer, contact=contact) if contact else (),
        "values": request.form if request.method == "POST" else request.args,
    }
    return page("inbox/write.html", status=status, **context)
