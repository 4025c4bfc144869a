"""Settings page of a brand's orders: currency, tax, limits of the board, forbidden steps."""

from __future__ import annotations

import uuid
from typing import Any

from flask import abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.core.clock import utc_now
from app.core.db import db, transaction
from app.core.translation import gettext as _
from app.core.translation import mark as N_
from app.domain.accounts.permissions import Permission
from app.domain.accounts.queries import list_brands
from app.domain.appointments.machine import APPOINTMENT
from app.domain.events.actions import audit
from app.domain.orders.machines import LINE_ITEM, ORDER
from app.domain.orders.settings import LIMITED, MOST_OF_A_COLUMN, WrongSettings, set_column_limits, set_money, settings_of
from app.domain.orders.taxes import CODES
from app.domain.transitions.actions import set_rule
from app.domain.transitions.queries import list_rules
from app.domain.transitions.registry import kind_of
from app.web.accounts.session import require
from app.web.appointments.words import appointment_state_words
from app.web.inbox.blueprint import parse_uuid
from app.web.orders.blueprint import bp
from app.web.orders.machine_picture import draw
from app.web.orders.words import line_status_words, order_status_words
from app.web.pages import page

TITLES = {ORDER: N_("Orders"), LINE_ITEM: N_("Order lines"), APPOINTMENT: N_("Visits and calls")}
WORDS = {ORDER: order_status_words, LINE_ITEM: line_status_words, APPOINTMENT: appointment_state_words}
RULES = ("allowed", "reason", "forbidden")
CURRENCIES = ("EUR", "CAD", "USD", "GBP", "CHF")
GUARDS = {
    "lines": N_("the order has at least one line"),
    "priced": N_("every line has a price"),
    "address": N_("the address is known, or somebody gave a reason to go on without it"),
    "visit_planned": N_("a visit is planned"),
    "visit_begun": N_("a visit has begun, or somebody gave a reason to go on without one"),
    "no_visit_open": N_("every visit is finished or cancelled"),
    "no_visit_under_way": N_("no visit is under way"),
}


@bp.get("/settings/orders")
def settings() -> ResponseReturnValue:
    """Show the order settings of one brand (`brand`; default: the first): money, and a picture and a table of each status
    machine."""
    return _page(_brand(request.args.get("brand")))


@bp.post("/settings/orders/<uuid:brand_id>/money")
def save_money(brand_id: uuid.UUID) -> ResponseReturnValue:
    """Set the brand's currency, tax code, and whether prices include tax. This applies to new orders."""
    viewer, form = require(Permission.BRANDS_MANAGE), request.form
    _brand(str(brand_id))
    try:
        with transaction() as session:
            values = {"currency": form.get("currency", ""), "tax_code": form.get("tax_code", "")}
            set_money(session, brand_id, **values, prices_include_tax=form.get("prices_include_tax") == "yes")
            audit(
                session, action="OrderMoneySet", object_type="brand", object_id=str(brand_id), now=utc_now(), actor=viewer.actor
            )
    except WrongSettings as error:
        return _page(brand_id, errors={str(error): _("Choose one from the list.")}, status=422)
    flash(_("Saved. Existing orders do not change."))
    return redirect(url_for("orders.settings", brand=brand_id), 303)


@bp.post("/settings/orders/<uuid:brand_id>/limits")
def save_limits(brand_id: uuid.UUID) -> ResponseReturnValue:
    """Set the limits of the board's columns. Each status has a field with a number; an empty field means no limit."""
    viewer, form = require(Permission.BRANDS_MANAGE), request.form
    _brand(str(brand_id))
    typed = {status: text for status in LIMITED if (text := form.get(status.value, "").strip())}
    limits = {status: int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else 0 for status, text in typed.items()}
    try:
        with transaction() as session:
            set_column_limits(session, brand_id, limits)
            detail = {status.value: most for status, most in limits.items()}
            asked: dict[str, Any] = {"object_type": "brand", "object_id": str(brand_id), "detail": detail}
            audit(session, action="OrderLimitsSet", now=utc_now(), actor=viewer.actor, **asked)
    except WrongSettings as error:
        wrong = _("Enter a whole number from 1 to %(most)s, or leave the field empty.", most=MOST_OF_A_COLUMN)
        return _page(brand_id, errors={str(error): wrong}, status=422)
    flash(_("Saved."))
    return redirect(f"{url_for('orders.settings', brand=brand_id)}#limits", 303)


@bp.post("/settings/orders/<uuid:brand_id>/transitions")
def save_rule(brand_id: uuid.UUID) -> ResponseReturnValue:
    """Set a brand's rule for one transition (`entity_type`, `from_status`, `to_status`).

    `rule`: "allowed", "reason" (a reason is required) or "forbidden".
    """
    viewer, form = require(Permission.BRANDS_MANAGE), request.form
    _brand(str(brand_id))
    entity_type, rule = form.get("entity_type", ""), form.get("rule")
    step = (form.get("from_status", ""), form.get("to_status", ""))
    if entity_type not in TITLES or rule not in RULES or step not in kind_of(entity_type).machine.edges:
        abort(422)
    with transaction() as session:
        set_rule(
            session,
            brand_id=brand_id,
            entity_type=entity_type,
            from_status=step[0],
            to_status=step[1],
            is_forbidden=rule == "forbidden",
            needs_reason=rule == "reason",
        )
        audit(
            session,
            action="TransitionRuleSet",
            object_type="brand",
            object_id=str(brand_id),
            now=utc_now(),
            actor=viewer.actor,
            detail={"entity_type": entity_type, "from": step[0], "to": step[1], "rule": rule},
        )
    flash(_("Saved."))
    return redirect(f"{url_for('orders.settings', brand=brand_id)}#{entity_type}", 303)


def _brand(text: str | None) -> uuid.UUID:
    """Return the id of the brand that `text` names. If `text` is no id, return the first brand's. Aborts with 404 for an
    unknown brand."""
    require(Permission.BRANDS_MANAGE)
    known = [brand.id for brand in list_brands(db.session())]
    wanted = parse_uuid(text) or (known[0] if known else None)
    if wanted is None or wanted not in known:
        abort(404)
    return wanted


def _page(brand_id: uuid.UUID, *, errors: dict[str, str] | None = None, status: int = 200) -> ResponseReturnValue:
    session = db.session()
    money = settings_of(session, brand_id)
    context: dict[str, Any] = {
        "brands": [(str(one.id), one.name) for one in list_brands(session)],
        "brand_id": brand_id,
        "money": money,
        "currencies": sorted({*CURRENCIES, money.currency}),
        "tax_codes": list(CODES.values()),
        "machines": [_machine(brand_id, entity_type) for entity_type in TITLES],
        "limits": [(one.value, request.form.get(one.value, money.column_limits.get(one.value, ""))) for one in LIMITED],
        "errors": errors or {},
        "guard_words": GUARDS,
    }
    return page("orders/settings.html", status=status, **context)


def _machine(brand_id: uuid.UUID, entity_type: str) -> dict[str, Any]:
    machine, rules = kind_of(entity_type).machine, list_rules(db.session(), brand_id, entity_type)
    said = {pair: "forbidden" if rule.is_forbidden else "reason" for pair, rule in rules.items()}
    return {
        "entity_type": entity_type,
        "title": _(TITLES[entity_type]),
        "words": WORDS[entity_type],
        "picture": draw(machine),
        "edges": [edge for status in machine.statuses for edge in machine.edges_from(status)],
        "said": said,
    }
