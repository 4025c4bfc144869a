"""Routes that change an order's lines, discount and payments on its page. Changes of lines and discount can be undone."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Any

from flask import abort, request, url_for
from flask.typing import ResponseReturnValue

from app.core.clock import utc_now
from app.core.db import db, transaction
from app.core.text import storable
from app.core.translation import gettext as _
from app.domain.events.models import Event
from app.domain.orders.lines import LineContent, UnableToEdit, add_line, edit_line, remove_line, set_discount, undo_change
from app.domain.orders.models import LINE_CHARACTERS, PaymentKind
from app.domain.orders.payments import NewPayment, TooMuchRefund, add_payment
from app.domain.orders.queries import OrderRow, get_order
from app.domain.orders.taxes import CODES
from app.domain.orders.totals import TooMuchDiscount
from app.web.accounts.session import current_viewer
from app.web.orders.answers import done, refused
from app.web.orders.blueprint import bp
from app.web.orders.forms import read_price, read_quantity


@bp.post("/orders/<uuid:order_id>/lines")
def add_order_line(order_id: uuid.UUID) -> ResponseReturnValue:
    """Add a line to the order: `description` is an article's number or name, or free words."""
    _find(order_id)
    errors: dict[str, str] = {}
    columns = _columns(errors)
    if not columns["description"]:
        errors.setdefault("description", _("Enter what is ordered."))
    if errors:
        return _wrong(order_id, errors)
    content = LineContent(
        columns["description"],
        columns["quantity"],
        columns["unit_price"],
        columns["discount_amount"],
        columns.get("tax_code", ""),
    )
    return _change(order_id, lambda session, who: add_line(session, order_id, content, **who), _("Line added"))


@bp.post("/orders/<uuid:order_id>/lines/<uuid:line_id>")
def edit_order_line(order_id: uuid.UUID, line_id: uuid.UUID) -> ResponseReturnValue:
    """Change a line of the order, or with `remove` delete it."""
    row = _find(order_id)
    if all(line.item.id != line_id for line in row.lines):
        abort(404)
    if "remove" in request.form:
        return _change(order_id, lambda session, who: remove_line(session, line_id, **who), _("Line removed"))
    errors: dict[str, str] = {}
    columns = _columns(errors)
    if not columns["description"]:
        errors.setdefault("description", _("Enter what is ordered."))
    if errors:
        return _wrong(order_id, errors)
    return _change(order_id, lambda session, who: edit_line(session, line_id, columns, **who), _("Line changed"))


@bp.post("/orders/<uuid:order_id>/discount")
def discount(order_id: uuid.UUID) -> ResponseReturnValue:
    """Set a discount on the whole order."""
    _find(order_id)
    errors: dict[str, str] = {}
    amount = read_price(request.form.get("discount", "").strip(), errors, "discount", places=2) or Decimal(0)
    if errors:
        return _wrong(order_id, errors)
    return _change(order_id, lambda session, who: set_discount(session, order_id, amount, **who), _("Discount changed"))


@bp.post("/orders/<uuid:order_id>/changes/<uuid:change_id>/undo")
def undo_line(order_id: uuid.UUID, change_id: uuid.UUID) -> ResponseReturnValue:
    """Undo a change of lines or of the discount."""
    _find(order_id)
    event = db.session().get(Event, change_id)
    if event is None or event.type != "OrderLinesChanged" or event.payload["order_id"] != str(order_id):
        abort(404)
    return _change(order_id, lambda session, who: undo_change(session, event, **who), _("Undone"), can_undo=False)


@bp.post("/orders/<uuid:order_id>/payments")
def pay(order_id: uuid.UUID) -> ResponseReturnValue:
    """Record a payment of the order, or a refund if the field `kind` is "refund"."""
    order, errors = _find(order_id).order, dict[str, str]()
    amount = read_price(request.form.get("amount", "").strip(), errors, "amount", places=2)
    if not amount:
        errors.setdefault("amount", _("Enter an amount such as 12 or 1249.50."))
    token = request.form.get("token", "")[:100] or str(uuid.uuid4())
    reference = " ".join(storable(request.form.get("reference", "")).split())[:LINE_CHARACTERS]
    if errors or not amount:
        return _wrong(order_id, errors, field="payments")
    kind = PaymentKind.REFUND if request.form.get("kind") == "refund" else PaymentKind.PAYMENT
    new = NewPayment(f"page:{token}", amount, order.currency, reference, utc_now(), kind)
    try:
        with transaction() as session:
            add_payment(session, order, new, now=utc_now(), actor=current_viewer().actor)
    except TooMuchRefund:
        return _wrong(order_id, {"amount": _("The refund exceeds the payments.")}, field="payments")
    return done(order_id, _("Payment recorded") if kind is PaymentKind.PAYMENT else _("Refund recorded"))


def _find(order_id: uuid.UUID) -> OrderRow:
    return get_order(db.session(), viewer=current_viewer(), order_id=order_id)


def _change(order_id: uuid.UUID, act: Any, said: str, *, can_undo: bool = True) -> ResponseReturnValue:
    try:
        with transaction() as session:
            event = act(session, {"now": utc_now(), "actor": current_viewer().actor})
    except UnableToEdit as error:
        return refused(order_id, "lines", _(str(error)), status=409)
    except TooMuchDiscount:
        return _wrong(order_id, {"discount": _("The discount is more than the amount it is deducted from.")})
    if event is None:
        return done(order_id, _("Nothing changed"))
    undo = url_for("orders.undo_line", order_id=order_id, change_id=event.id) if can_undo else ""
    return done(order_id, said, undo=undo)


def _columns(errors: dict[str, str]) -> dict[str, Any]:
    form = request.form
    description = " ".join(storable(form.get("description", "")).split())
    if len(description) > LINE_CHARACTERS:
        errors["description"] = _("Use at most %(count)s characters.", count=LINE_CHARACTERS)
    columns: dict[str, Any] = {
        "description": description[:LINE_CHARACTERS],
        "quantity": read_quantity(form.get("quantity", "").strip() or "1", errors, "quantity"),
        "unit_price": read_price(form.get("unit_price", "").strip(), errors, "unit_price"),
        "discount_amount": read_price(form.get("discount_amount", "").strip(), errors, "discount_amount", places=2) or Decimal(0),
    }
    if form.get("tax_code") in CODES:
        columns["tax_code"] = form["tax_code"]
    return columns


def _wrong(order_id: uuid.UUID, errors: dict[str, str], *, field: str = "lines") -> ResponseReturnValue:
    return refused(order_id, field, " ".join(dict.fromkeys(errors.values())), status=422)
