"""Routes that add an order by hand and change its state."""

from __future__ import annotations

import uuid
from typing import Any

from flask import abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.db import advisory_xact_lock, db, transaction
from app.core.runtime import runtime
from app.core.text import storable
from app.core.translation import gettext as _
from app.domain.accounts.queries import list_offered_brands
from app.domain.addresses.actions import NotAChoice, choose_candidate
from app.domain.contacts.actions import find_or_create_contact, identity_lock_key
from app.domain.contacts.edit import ContactEdit, create_contact
from app.domain.contacts.models import Contact
from app.domain.contacts.queries import ContactMissing, contact_exists
from app.domain.orders.actions import NewOrder, create_order, edit_order, set_order_priority
from app.domain.orders.articles import list_articles
from app.domain.orders.machines import ORDER
from app.domain.orders.models import NOTES_CHARACTERS, Order, OrderPriority, OrderSource, OrderStatus
from app.domain.orders.queries import get_order
from app.domain.threads.api_queries import contact_in_sight
from app.domain.threads.queries import get_thread
from app.domain.transitions.actions import TransitionRefused, change_entity_status, undo_transition
from app.domain.transitions.queries import list_history
from app.web.accounts.session import current_viewer
from app.web.inbox.blueprint import parse_uuid
from app.web.orders.answers import done, refused
from app.web.orders.beside import to_order
from app.web.orders.blueprint import bp
from app.web.orders.forms import MOST_ROWS, OrderForm
from app.web.orders.pages import order_page
from app.web.orders.words import order_status_words
from app.web.pages import page

REASON_CHARACTERS = 300
MORE_ROWS = 5


@bp.get("/orders/new")
def new_order() -> ResponseReturnValue:
    """Show the form of a new order. `contact_id` or `thread_id` in the URL says for which contact or from which thread it is."""
    return _editor(OrderForm(request.args.to_dict()))


@bp.post("/orders")
def add_order() -> ResponseReturnValue:
    """Add the order that the form describes. If the button `more` was pressed, only show the form again with more line rows."""
    form = OrderForm(request.form.to_dict())
    if "more" in request.form:
        return _editor(OrderForm({**form.values, "rows": str(min(form.rows + MORE_ROWS, MOST_ROWS))}))
    order = _add(form)
    if order is None:
        return _editor(form, status=422)
    runtime().nudger.nudge()
    flash(_("Order %(number)s added", number=order.order_number))
    return redirect(url_for("orders.show_order", order_id=order.id), 303)


@bp.post("/orders/<uuid:order_id>/status")
def set_status(order_id: uuid.UUID) -> ResponseReturnValue:
    """Move the order to `status`, with `reason` or `reason_code`. `expected_from` (or `seen`) is the status that the user saw.

    Answers 409 if the transition is refused.
    """
    viewer, form = current_viewer(), request.form
    get_order(db.session(), viewer=viewer, order_id=order_id)
    status = next((known for known in OrderStatus if known.value == form.get("status")), None)
    reason = " ".join(storable(form.get("reason", "")).split())
    if status is None:
        return refused(order_id, "status", _("Choose one from the list."), status=422)
    if len(reason) > REASON_CHARACTERS:
        return refused(order_id, "status", _("Use at most %(count)s characters.", count=REASON_CHARACTERS), status=422)
    try:
        with transaction() as session:
            made = change_entity_status(
                session,
                entity_type=ORDER,
                entity_id=order_id,
                to_status=status,
                transition_reason=reason,
                reason_code=form.get("reason_code", ""),
                expected_from=form.get("expected_from") or request.args.get("seen"),
                now=utc_now(),
                actor=viewer.actor,
            )
    except TransitionRefused as wrong:
        return refused(order_id, "status", " ".join(_(one) for one in wrong.reasons), status=409)
    undo = url_for("orders.undo_status", order_id=order_id, transition_id=made.id) if made.from_status else ""
    return done(order_id, _("Status: %(status)s", status=order_status_words(status.value)), undo=undo)


@bp.post("/orders/<uuid:order_id>/transitions/<uuid:transition_id>/undo")
def undo_status(order_id: uuid.UUID, transition_id: uuid.UUID) -> ResponseReturnValue:
    """Undo the last change of the order's status."""
    viewer = current_viewer()
    get_order(db.session(), viewer=viewer, order_id=order_id)
    if all(row.transition.id != transition_id for row in list_history(db.session(), ORDER, [order_id])):
        abort(404)
    try:
        with transaction() as session:
            made = undo_transition(session, transition_id, now=utc_now(), actor=viewer.actor)
    except TransitionRefused as wrong:
        return refused(order_id, "status", " ".join(_(one) for one in wrong.reasons), status=409)
    return done(order_id, _("Status: %(status)s", status=order_status_words(made.to_status)))


@bp.post("/orders/<uuid:order_id>/priority")
def set_priority(order_id: uuid.UUID) -> ResponseReturnValue:
    """Set the order's priority (`priority`)."""
    viewer = current_viewer()
    get_order(db.session(), viewer=viewer, order_id=order_id)
    priority = next((one for one in OrderPriority if one.value == request.form.get("priority")), None)
    if priority is None:
        return order_page(order_id, errors={"priority": _("Choose one from the list.")}, status=422)
    with transaction() as session:
        set_order_priority(session, order_id, priority, now=utc_now(), actor=viewer.actor)
    runtime().nudger.nudge()
    flash(_("Saved."))
    return to_order(order_id)


@bp.post("/orders/<uuid:order_id>/notes")
def save_notes(order_id: uuid.UUID) -> ResponseReturnValue:
    """Save the order's notes."""
    viewer = current_viewer()
    get_order(db.session(), viewer=viewer, order_id=order_id)
    form = OrderForm(request.form.to_dict())
    notes = form.notes()
    if form.errors:
        return order_page(order_id, errors={**form.errors, "typed": notes[: NOTES_CHARACTERS * 2]}, status=422)
    with transaction() as session:
        edit_order(session, order_id, {"notes": notes}, now=utc_now(), actor=viewer.actor)
    flash(_("Saved."))
    return to_order(order_id)


@bp.post("/orders/<uuid:order_id>/address")
def choose_address(order_id: uuid.UUID) -> ResponseReturnValue:
    """Choose which of the addresses found in the register is meant, by its `bag_id`."""
    viewer = current_viewer()
    address = get_order(db.session(), viewer=viewer, order_id=order_id).address
    if address is None:
        return order_page(order_id, errors={"address": _("No address is known.")}, status=422)
    try:
        with transaction() as session:
            choose_candidate(session, address.id, request.form.get("bag_id", ""), now=utc_now(), actor=viewer.actor)
    except NotAChoice:
        return order_page(order_id, errors={"address": _("Choose one from the list.")}, status=422)
    flash(_("Saved."))
    return to_order(order_id)


def _add(form: OrderForm) -> Order | None:
    """Add the order that the form describes and return it. If a field is wrong, set the form's errors and return None."""
    viewer, contact = current_viewer(), _contact(form)
    thread_id = parse_uuid(form.get("thread_id"))
    thread = get_thread(db.session(), viewer=viewer, thread_id=thread_id) if thread_id else None
    brand_id = form.brand_id(viewer.brand_ids)
    customer = ("", []) if contact else form.customer()
    address, lines, notes = form.address(), form.lines(), form.notes()
    if thread is not None and thread.brand_id != brand_id:
        form.errors.setdefault("brand", _("The thread belongs to another brand."))
    if form.errors or brand_id is None:
        return None
    now = utc_now()
    with transaction() as session:
        new = NewOrder(
            brand_id=brand_id,
            customer_contact_id=contact.id if contact else _customer(session, *customer).id,
            source=OrderSource.USER,
            source_key=form.get("token")[:100] or None,
            address=address,
            lines=lines,
            notes=notes,
            thread_id=thread.id if thread else None,
        )
        return create_order(session, new, now=now, actor=viewer.actor)


def _customer(session: Session, name: str, identities: list[Any]) -> Contact:
    """Return the contact with one of these identities (email address, phone number), or a new contact."""
    viewer, now = current_viewer(), utc_now()
    if not identities:
        return create_contact(session, ContactEdit(columns={"name": name}), actor=viewer.actor, now=now)
    for key in sorted(identity_lock_key(identity) for identity in identities):
        advisory_xact_lock(session, key)
    return find_or_create_contact(session, identities, name=name, now=now)


def _contact(form: OrderForm) -> Contact | None:
    """Return the contact that the form names in `contact_id`, or None if it names none. Raises ContactMissing if the viewer
    does not see the contact."""
    contact_id = parse_uuid(form.get("contact_id"))
    if contact_id is None:
        return None
    if not contact_exists(db.session(), contact_id=contact_id, within=contact_in_sight(current_viewer())):
        raise ContactMissing(str(contact_id))
    return db.session().get_one(Contact, contact_id)


def _editor(form: OrderForm, *, status: int = 200) -> ResponseReturnValue:
    session, viewer = db.session(), current_viewer()
    brands = [(str(brand.id), brand.name) for brand in list_offered_brands(session, viewer.brand_ids)]
    articles = [
        (article.sku, f"{article.name} ({article.sku})") for article in list_articles(session, brand_ids=viewer.brand_ids)
    ]
    context: dict[str, Any] = {"form": form, "brands": brands, "articles": articles, "contact": _contact(form)}
    token = form.get("token") or str(uuid.uuid4())
    return page("orders/new.html", token=token, most_rows=MOST_ROWS, status=status, **context)
