"""Pages that open an internal ticket, alone or about a thread or order."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import flash, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from app.core.clock import utc_now
from app.core.db import db, transaction
from app.core.ids import new_id
from app.core.runtime import runtime
from app.core.text import storable
from app.core.translation import gettext as _
from app.domain.accounts.queries import list_offered_brands
from app.domain.orders.models import Order
from app.domain.orders.queries import get_order
from app.domain.threads.models import Priority, Thread
from app.domain.threads.queries import get_thread
from app.domain.threads.tickets import NewTicket, list_ticket_people, open_ticket
from app.web.accounts.session import current_viewer
from app.web.inbox.blueprint import bp, parse_uuid
from app.web.inbox.words import priority_words
from app.web.pages import page

SUBJECT_CHARACTERS, TEXT_CHARACTERS = 300, 20_000
People = Mapping[uuid.UUID, tuple[str, frozenset[uuid.UUID]]]


@dataclass
class TicketForm:
    """A ticket as it was typed, and the errors by field."""

    values: Mapping[str, str]
    errors: dict[str, str] = field(default_factory=dict)

    def get(self, name: str) -> str:
        return storable(self.values.get(name, "")).strip()

    def ticket(
        self, *, brand_ids: tuple[uuid.UUID, ...], people: People, about: Thread | None, order: Order | None
    ) -> NewTicket | None:
        """Return the ticket that the form describes. If a field is wrong, set `errors` and return None.

        `people`: who may be the assignee. `about` or `order`, if given, sets the ticket's brand.
        """
        set_by = about or order
        brand_id = set_by.brand_id if set_by else parse_uuid(self.get("brand"))
        if brand_id is None or brand_id not in brand_ids:
            self.errors["brand"] = _("Choose one of your brands.")
        subject, text = " ".join(self.get("subject").split()), self.get("text").replace("\r\n", "\n")
        if not subject:
            self.errors["subject"] = _("Say in a few words what the ticket is about.")
        for name, value, most in (("subject", subject, SUBJECT_CHARACTERS), ("text", text, TEXT_CHARACTERS)):
            if len(value) > most:
                self.errors[name] = _("Use at most %(count)s characters.", count=most)
        assignee = parse_uuid(self.get("assignee"))
        if self.get("assignee") and (assignee is None or assignee not in people or brand_id not in people[assignee][1]):
            self.errors["assignee"] = _("This person cannot see the ticket's brand.")
        priority = self.get("priority") or Priority.NORMAL.value
        if priority not in tuple(Priority):
            self.errors["priority"] = _("Choose one from the list.")
        if self.errors or brand_id is None:
            return None
        return NewTicket(brand_id, subject, text, Priority(priority), assignee, about, order)


@bp.get("/tickets/new")
def new_ticket() -> ResponseReturnValue:
    """Show the form of a new ticket; `about` is the thread, `order_id` the order it is about."""
    return _form(TicketForm({}), _about(), _order())


@bp.post("/tickets")
def add_ticket() -> ResponseReturnValue:
    """Open the ticket; the same form sent twice opens one."""
    viewer, about, order, form = current_viewer(), _about(), _order(), TicketForm(request.form.to_dict())
    people = list_ticket_people(db.session(), viewer.brand_ids)
    ticket = form.ticket(brand_ids=viewer.brand_ids, people=people, about=about, order=order)
    if ticket is None:
        return _form(form, about, order, status=422)
    with transaction() as session:
        thread = open_ticket(
            session,
            ticket,
            actor=viewer.actor,
            author_name=viewer.name,
            now=utc_now(),
            client_token=parse_uuid(form.get("client_token")),
        )
    runtime().nudger.nudge()
    flash(_("Ticket opened"))
    return redirect(url_for("inbox.show_thread", thread_id=thread.id), 303)


def _about() -> Thread | None:
    """Return the thread whose id is the parameter `about`, or None if it is not set. Raises ThreadMissing if the viewer cannot
    see it."""
    thread_id = parse_uuid(request.values.get("about"))
    return get_thread(db.session(), viewer=current_viewer(), thread_id=thread_id) if thread_id else None


def _order() -> Order | None:
    """Return the order whose id is the parameter `order_id`, or None if it is not set. Raises OrderMissing if the viewer cannot
    see it."""
    order_id = parse_uuid(request.values.get("order_id"))
    return get_order(db.session(), viewer=current_viewer(), order_id=order_id).order if order_id else None


def _form(form: TicketForm, about: Thread | None, order: Order | None, *, status: int = 200) -> Response:
    viewer, g.current_view = current_viewer(), "internal"
    people = list_ticket_people(db.session(), viewer.brand_ids)
    set_by = about or order
    shown = [(user_id, name) for user_id, (name, brands) in people.items() if set_by is None or set_by.brand_id in brands]
    context: dict[str, Any] = {
        "form": form,
        "about": about,
        "order": order,
        "brands": [(str(brand.id), brand.name) for brand in list_offered_brands(db.session(), viewer.brand_ids)],
        "people": [("", _("Unassigned")), *((str(user_id), name) for user_id, name in shown)],
        "priority_choices": [(kind.value, priority_words(kind)) for kind in Priority],
        "token": parse_uuid(form.get("client_token")) or new_id(),
    }
    return page("inbox/ticket.html", status=status, **context)
