"""Pages of partners: list, add, change, and the page of one partner. A key is shown only once, right after it was created."""

from __future__ import annotations

import uuid
from typing import Any

from flask import abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.core.clock import utc_now
from app.core.db import db, transaction
from app.core.paging import BadCursor
from app.core.translation import gettext as _
from app.core.translation import told
from app.domain.accounts.access import Viewer
from app.domain.accounts.permissions import Permission
from app.domain.accounts.queries import list_brands
from app.domain.connections.queries import list_channels
from app.domain.integrations.models import Integration, Provider
from app.domain.integrations.queries import list_integrations
from app.domain.orders.models import OrderStatus
from app.domain.partners.actions import WrongPartner, change_partner, content_of, create_partner, switch_partner
from app.domain.partners.callbacks import EVENTS, VERSIONS
from app.domain.partners.commitments import read_day_and_month
from app.domain.partners.endpoints import find_endpoint
from app.domain.partners.health import DAY, MONTH, read_calls, read_orders, read_season
from app.domain.partners.models import Environment, Partner
from app.domain.partners.onboarding import read_steps
from app.domain.partners.people import list_dealers, list_partner_people
from app.domain.partners.pushes import find_push_endpoint
from app.domain.partners.queries import (
    get_partner,
    list_callbacks,
    list_calls,
    list_keys,
    list_open_skus,
    list_orders_of_partner,
    list_partners,
    list_reports,
)
from app.domain.partners.status_map import IN, OUT
from app.web.accounts.forms import LANGUAGES
from app.web.accounts.session import require
from app.web.pages import page
from app.web.partners.blueprint import bp
from app.web.partners.forms import MAILED, PartnerForm, read_mapping, values_of
from app.web.partners.season import season_of
from app.web.partners.words import AUTHENTICATIONS, FREQUENCIES, PROTOCOLS, SCOPES


@bp.get("/settings/partners")
def partners() -> ResponseReturnValue:
    """List all partners of the viewer's brands."""
    viewer = require(Permission.PARTNERS_MANAGE)
    rows = list_partners(db.session(), brand_ids=viewer.brand_ids, now=utc_now())
    return page("partners/list.html", rows=rows)


@bp.get("/settings/partners/new")
def new_partner() -> ResponseReturnValue:
    """Show the form of a new partner."""
    return _form_page(_form(require(Permission.PARTNERS_MANAGE), {}))


@bp.post("/settings/partners")
def add() -> ResponseReturnValue:
    """Add a partner, and an organization with the same name among the contacts."""
    viewer = require(Permission.PARTNERS_MANAGE)
    form = _form(viewer, request.form.to_dict())
    content = form.content(None)
    if content is None:
        return _form_page(form, status=422)
    try:
        with transaction() as session:
            made = create_partner(session, content, now=utc_now(), actor=viewer.actor)
    except WrongPartner as error:
        form.note(error.field, str(error))
        return _form_page(form, status=422)
    flash(_("Partner added. Next, make a sandbox key for this partner."))
    return redirect(url_for("partners.partner", partner_id=made.id), 303)


@bp.get("/settings/partners/<uuid:partner_id>")
def partner(partner_id: uuid.UUID) -> ResponseReturnValue:
    """Show one partner: its keys, its newest orders and calls."""
    return partner_page(partner_id)


@bp.get("/settings/partners/<uuid:partner_id>/settings")
def settings(partner_id: uuid.UUID) -> ResponseReturnValue:
    """Show the settings of a partner, and its words for states."""
    viewer = require(Permission.PARTNERS_MANAGE)
    found = get_partner(db.session(), partner_id, brand_ids=viewer.brand_ids)
    return _form_page(_form(viewer, values_of(found)), found)


@bp.post("/settings/partners/<uuid:partner_id>/settings")
def change(partner_id: uuid.UUID) -> ResponseReturnValue:
    """Change the settings of a partner."""
    viewer = require(Permission.PARTNERS_MANAGE)
    found = get_partner(db.session(), partner_id, brand_ids=viewer.brand_ids)
    form = _form(viewer, request.form.to_dict(), kept=found)
    content = form.content(found.contact_id)
    if content is None:
        return _form_page(form, found, status=422)
    try:
        with transaction() as session:
            locked = get_partner(session, partner_id, brand_ids=viewer.brand_ids, lock=True)
            change_partner(session, locked, content, now=utc_now(), actor=viewer.actor)
    except WrongPartner as error:
        form.note(error.field, str(error))
        return _form_page(form, found, status=422)
    flash(_("Saved."))
    return redirect(url_for("partners.settings", partner_id=partner_id), 303)


@bp.post("/settings/partners/<uuid:partner_id>/statuses")
def change_statuses(partner_id: uuid.UUID) -> ResponseReturnValue:
    """Change the partner's words for order states."""
    viewer = require(Permission.PARTNERS_MANAGE)
    try:
        with transaction() as session:
            locked = get_partner(session, partner_id, brand_ids=viewer.brand_ids, lock=True)
            content = content_of(locked)
            mapped = type(content)(**{**vars(content), "status_mapping": read_mapping(request.form)})
            change_partner(session, locked, mapped, now=utc_now(), actor=viewer.actor)
    except WrongPartner as error:
        found = get_partner(db.session(), partner_id, brand_ids=viewer.brand_ids)
        form = _form(viewer, values_of(found))
        form.note("status_mapping", str(error))
        return _form_page(form, found, status=422)
    flash(_("Saved."))
    return redirect(url_for("partners.settings", partner_id=partner_id), 303)


@bp.post("/settings/partners/<uuid:partner_id>/activity")
def switch(partner_id: uuid.UUID) -> ResponseReturnValue:
    """Switch the partner on (`active=1`) or off (`active=0`)."""
    viewer, wanted = require(Permission.PARTNERS_MANAGE), request.form.get("active")
    if wanted not in ("0", "1"):
        get_partner(db.session(), partner_id, brand_ids=viewer.brand_ids)
        abort(422)
    with transaction() as session:
        locked = get_partner(session, partner_id, brand_ids=viewer.brand_ids, lock=True)
        switch_partner(session, locked, active=wanted == "1", now=utc_now(), actor=viewer.actor)
    flash(_("The partner is switched on.") if wanted == "1" else _("The partner is switched off: we refuse its keys."))
    return redirect(url_for("partners.partner", partner_id=partner_id), 303)


@bp.get("/settings/partners/<uuid:partner_id>/orders")
def orders(partner_id: uuid.UUID) -> ResponseReturnValue:
    """List the orders that the partner sent, newest first. With `environment=sandbox`, list the sandbox orders."""
    viewer = require(Permission.PARTNERS_MANAGE)
    found = get_partner(db.session(), partner_id, brand_ids=viewer.brand_ids)
    environment = Environment.SANDBOX if request.args.get("environment") == "sandbox" else Environment.LIVE
    try:
        rows = list_orders_of_partner(
            db.session(), partner_id, environment=environment, cursor=request.args.get("cursor"), limit=50
        )
    except BadCursor:
        rows = list_orders_of_partner(db.session(), partner_id, environment=environment, limit=50)
    return page("partners/orders.html", partner=found, rows=rows.items, next_cursor=rows.next_cursor, environment=environment)


@bp.get("/settings/partners/<uuid:partner_id>/calls")
def calls(partner_id: uuid.UUID) -> ResponseReturnValue:
    """List the partner's newest API calls with our answers. With `failed=1`, list only calls answered with an error."""
    viewer, failed = require(Permission.PARTNERS_MANAGE), request.args.get("failed") == "1"
    found = get_partner(db.session(), partner_id, brand_ids=viewer.brand_ids)
    rows = list_calls(db.session(), partner_id, failed=failed, limit=100)
    return page("partners/calls.html", partner=found, calls=rows, failed=failed)


def partner_page(partner_id: uuid.UUID, *, status: int = 200, **more: Any) -> ResponseReturnValue:
    """Render the page of a partner. In `more`, `made` is a key that was just created and `key_errors` are the errors of a key
    form."""
    session, viewer, now = db.session(), require(Permission.PARTNERS_MANAGE), utc_now()
    found = get_partner(session, partner_id, brand_ids=viewer.brand_ids)
    today, month = (read_calls(session, partner_id, since=now - time) for time in (DAY, MONTH))
    context: dict[str, Any] = {
        "partner": found,
        "keys": list_keys(session, partner_id),
        "orders": list_orders_of_partner(session, partner_id, environment=Environment.LIVE, limit=5).items,
        "trials": list_orders_of_partner(session, partner_id, environment=Environment.SANDBOX, limit=5).items,
        "calls": list_calls(session, partner_id, limit=8),
        "open_skus": list_open_skus(session, partner_id),
        "reports": list_reports(session, partner_id, limit=8),
        "steps": read_steps(session, found),
        "figures": read_orders(session, partner_id, now=now),
        "season": season_of(read_season(session, found, now=now)),
        "today": today,
        "month": month,
        "commitments": read_day_and_month(session, partner_id, day=today, month=month, now=now),
        "scopes": [(scope.value, told(words)) for scope, words in SCOPES.items()],
        "now": now,
        "made": None,
        "endpoints": {one: find_endpoint(session, found, one) for one in Environment},
        "callbacks": list_callbacks(session, partner_id, limit=12),
        "callback_events": EVENTS,
        "callback_versions": [(one, one) for one in VERSIONS],
        "callback_secret": "",
        "callback_errors": {},
        "key_errors": {},
        "people": list_partner_people(session, partner_id),
        "dealers": list_dealers(session, partner_id),
        "languages": LANGUAGES,
        "person_link": None,
        "person_errors": {},
        "person_typed": {},
    }
    return page("partners/partner.html", status=status, **{**context, **more})


def _form(viewer: Viewer, values: dict[str, str], *, kept: Partner | None = None) -> PartnerForm:
    channels = {one.id: one.brand_id for one in list_channels(db.session(), brand_ids=viewer.brand_ids)}
    forms = {one.id: one.brand_id for one in _forms(viewer)}
    return PartnerForm(values, viewer.brand_ids, channels, forms, kept)


def _forms(viewer: Viewer) -> list[Integration]:
    found = list_integrations(db.session(), brand_ids=viewer.brand_ids)
    return [one for one in found if one.provider == Provider.FORMS]


def _form_page(form: PartnerForm, found: Partner | None = None, *, status: int = 200) -> ResponseReturnValue:
    session, viewer = db.session(), require(Permission.PARTNERS_MANAGE)
    brands = [(str(brand.id), brand.name) for brand in list_brands(session) if brand.id in viewer.brand_ids]
    channels = [(str(one.id), one.name) for one in list_channels(session, brand_ids=viewer.brand_ids)]
    mapping = found.status_mapping if found else {}
    context: dict[str, Any] = {
        "form": form,
        "partner": found,
        "brands": brands,
        "channels": [("", _("No reply channel: you can only write notes")), *channels],
        "forms": [("", _("None")), *((str(one.id), one.name) for one in _forms(viewer))],
        "mailed": MAILED,
        "pushes": find_push_endpoint(session, found.id) if found else None,
        "protocols": [(one.value, told(words)) for one, words in PROTOCOLS.items()],
        "frequencies": [(one.value, told(words)) for one, words in FREQUENCIES.items()],
        "authentications": [("", _("None")), *((one.value, told(words)) for one, words in AUTHENTICATIONS.items())],
        "statuses": list(OrderStatus),
        "rows": found.body_mapping if found else [],
        "out": mapping.get(OUT, {}),
        "back": {status.value: _words_for(status, mapping) for status in OrderStatus},
    }
    return page("partners/settings.html", status=status, **context)


def _words_for(status: OrderStatus, mapping: dict[str, Any]) -> str:
    return ", ".join(word for word, ours in mapping.get(IN, {}).items() if ours == status.value)
