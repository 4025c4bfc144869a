"""Play a customer who fills in a form, or a Make scenario that calls us, with failures."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, abort, current_app, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import login_required
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.db import db, transaction
from app.core.ids import new_id, new_secret
from app.core.runtime import runtime
from app.core.standard_webhooks import new_signing_secret
from app.core.translation import gettext as _
from app.core.translation import told
from app.domain.accounts.models import Brand
from app.domain.connections.models import Channel, ChannelType
from app.domain.events.actions import SYSTEM
from app.domain.integrations.actions import IntegrationContent, create_integration, seal_secrets, switch_integration
from app.domain.integrations.models import Integration, Provider
from app.domain.integrations.queries import open_secrets
from app.domain.orders.models import Order
from app.domain.partners.actions import change_partner, content_of
from app.domain.partners.models import Partner, PartnerOrder
from app.sandbox.demo import unconnected_accounts
from app.sandbox.demo.simulator_client import simulator
from app.sandbox.demo.simulator_state import SimulatorAway
from app.web.pages import page

bp = Blueprint("demo_forms", __name__)
FORM_NAME, SCENARIO_NAME, API_KEY = "Intake (demo)", "Scenarios (demo)", "sk_simulated"
PARTNER_FORM, PARTNER_SLUG = "50five (demo)", "50five"
HOOKS = ("order_processing", "inventory_update", "customer_communication", "financial_processing")
_NAMES = {Provider.FORMS: FORM_NAME, Provider.MAKE: SCENARIO_NAME}
DOWN = {"match": {"method": "GET"}, "status": 503, "times": 3}
ORDERED: dict[str, Any] = {
    "customer": {"name": "Sanne de Wit", "email": "sanne.de.wit@example.nl", "phone": "0612345670"},
    "address": "Molenweg 7, 3511CD Utrecht",
    "products": [{"partner_sku": "WALLBOX-22KW", "description": "Wallbox 22kW", "quantity": 1}],
}


PARTNER_ANSWERS = {
    "customer_name": "Femke Aarts",
    "email": "femke.aarts@example.nl",
    "phone": "0612345688",
    "address": "Dorpsstraat 40, 2011KL Haarlem",
    "selected_products": ["1 x 50F-ZAPPI-7 zappi 7 kW"],
    "notes": "Meterkast in de hal",
}


@bp.get("/simulator/forms")
@login_required  # type: ignore[untyped-decorator]
def forms() -> ResponseReturnValue:
    """Show the page, with the calls that we made to scenarios."""
    away, taken = "", []
    try:
        taken = list(reversed(simulator("make").call("GET", "/__sim/taken")["taken"]))[:20]
    except SimulatorAway as error:
        away = told(error)
    newest = sa.select(Order.order_number).order_by(Order.created_at.desc(), Order.id.desc()).limit(1)
    number = db.session().execute(newest).scalar_one_or_none() or ""
    return page("demo/forms.html", blocks=("told_scenarios",), taken=taken, away=away, number=number)


@bp.post("/simulator/forms")
@login_required  # type: ignore[untyped-decorator]
def arrange() -> ResponseReturnValue:
    """Play a filled-in form, a call of a scenario, or a failure; or end the failures."""
    action = _ACTIONS.get(request.form.get("kind", ""))
    if action is None:
        abort(422)
    try:
        said = action(request.form.get("number", "").strip()[:40])
    except SimulatorAway as error:
        said = told(error)
    flash(said)
    return redirect(url_for("demo_forms.forms"), 303)


def _fill_in(**order: Any) -> Callable[[str], str]:
    def run(_number: str) -> str:
        _connect(Provider.FORMS)
        statuses = simulator("fillout").call("POST", "/__sim/emit", order)["statuses"]
        return _("Form filled in; its webhook was sent %(count)s times", count=len(statuses))

    return run


def _fill_in_with_photo(*, is_gone: bool = False) -> Callable[[str], str]:
    def run(number: str) -> str:
        picture = Path(str(current_app.static_folder), "img", "touch-icon-180.png").read_bytes()
        photo = {"filename": "meterkast.png", "content": base64.b64encode(picture).decode(), "is_gone": is_gone}
        return _fill_in(shape="envelope", files=[photo])(number)

    return run


def _fill_in_for_partner(_number: str) -> str:
    """Post an order of the partner 50five in the partner's own form, with the next number. Return the message to show."""
    with transaction() as session:
        partner = session.execute(sa.select(Partner).where(Partner.slug == PARTNER_SLUG)).scalar_one()
        count = sa.select(sa.func.count()).where(PartnerOrder.partner_id == partner.id)
        number = f"50F-{90_001 + session.execute(count).scalar_one()}"
        if partner.form_integration_id is None:
            made = _make(session, Provider.FORMS, PARTNER_FORM, {"form_id": ""}, {"url_key": new_secret()})
            content = replace(content_of(partner), form_integration_id=made.id)
            change_partner(session, partner, content, now=utc_now(), actor=SYSTEM)
        key = open_secrets(session.get_one(Integration, partner.form_integration_id), runtime().keyring)["url_key"]
    there = f"{runtime().settings.public_url}/api/v1/webhooks/{Provider.FORMS.value}/{key}"
    answers = {**PARTNER_ANSWERS, "partner_order_id": number}
    simulator("fillout").call("POST", "/__sim/emit", {"shape": "flat", "answers": answers, "hook_url": there})
    return _("50five completed the form for order %(number)s", number=number)


def _call(scenario: str, proof: str = "hmac", **data: Any) -> Callable[[str], str]:
    def run(number: str) -> str:
        _connect(Provider.MAKE)
        body = {"event_id": str(new_id()), "data": {**({"order_number": number} if number else {}), **data}}
        answer = simulator("make").call("POST", "/__sim/emit", {"scenario": scenario, "proof": proof, "body": body})
        return _("The scenario sent a request and got status %(status)s", status=answer["statuses"][0])

    return run


def _trouble(key: str, path: str, order: dict[str, Any]) -> Callable[[str], str]:
    def run(_number: str) -> str:
        simulator(key).call("PUT" if path.endswith("config") else "POST", path, order)
        return _("The problem is now simulated: fill in a form or send a request to see the effect.")

    return run


def _calm(_number: str) -> str:
    for key in ("make", "fillout", "pdok"):
        simulator(key).call("DELETE", "/__sim/fault")
    simulator("make").call("PUT", "/__sim/config", {"mode": "fine"})
    return _("Everything is normal again")


_ACTIONS: dict[str, Callable[[str], str]] = {
    "form": _fill_in(shape="envelope"),
    "form_native": _fill_in(shape="native"),
    "form_flat": _fill_in(shape="flat"),
    "form_twice": _fill_in(shape="envelope", times=2),
    "form_lost": _fill_in(post=False),
    "form_photo": _fill_in_with_photo(),
    "form_partner": _fill_in_for_partner,
    "form_photo_gone": _fill_in_with_photo(is_gone=True),
    "order": _call("order-created", "hmac", **ORDERED),
    "visit": _call("visit-completed", technician="Kees"),
    "payment": _call("payment-received", amount="749.00", currency="EUR"),
    "feedback": _call("customer-feedback", rating=9, comment="Netjes gewerkt, dank!"),
    "stranger": _call("order-created", "wrong", **ORDERED),
    "make_busy": _trouble("make", "/__sim/config", {"mode": "busy"}),
    "make_gone": _trouble("make", "/__sim/config", {"mode": "gone"}),
    "fillout_down": _trouble("fillout", "/__sim/fault", DOWN),
    "pdok_down": _trouble("pdok", "/__sim/fault", DOWN),
    "calm": _calm,
}


def rest_ours(provider: Provider, *, rests: bool) -> None:
    """Switch the demo's own connection of a provider off (`rests`) or on again. Does nothing if there is none.

    It is off while somebody has connected the provider by hand, so that no form arrives twice.
    """
    with transaction() as session:
        found = session.execute(sa.select(Integration).where(Integration.name == _NAMES[provider])).scalar_one_or_none()
        if found is not None:
            switch_integration(session, found, active=not rests, now=utc_now(), actor=SYSTEM)


def _connect(provider: Provider) -> None:
    """Connect the provider's simulator with the first brand, unless somebody has connected it to another place by hand.

    This is repeated each time, because the simulator stores nothing and may have another address after a restart.
    """
    if simulator(provider.value).call("GET", "/__sim/config")["by_hand"]:
        return
    with transaction() as session:
        integration = _find_or_make(session, provider)
        secrets = open_secrets(integration, runtime().keyring)
        if provider == Provider.MAKE:
            secrets |= {f"hook_{name}": f"{simulator('make').url}/{name}" for name in HOOKS}
            seal_secrets(integration, secrets, keyring=runtime().keyring)
    base = f"{runtime().settings.public_url}/api/v1/webhooks/{provider.value}"
    if provider == Provider.FORMS:
        simulator("fillout").call("PUT", "/__sim/config", {"hook_url": f"{base}/{secrets['url_key']}", "api_key": API_KEY})
    else:
        told_secrets = {"caller_key": secrets["inbound_key"], "secret": secrets["signing_secret"]}
        simulator("make").call("PUT", "/__sim/config", {"hook_url": base, **told_secrets})


def _find_or_make(session: Session, provider: Provider) -> Integration:
    name = _NAMES[provider]
    found = session.execute(sa.select(Integration).where(Integration.name == name)).scalar_one_or_none()
    if found is not None:
        return found
    is_form = provider == Provider.FORMS
    of_form, of_scenarios = {"form_id": unconnected_accounts.FORM_ID}, {"hooks": dict.fromkeys(HOOKS, "127.0.0.1")}
    settings: dict[str, Any] = of_form if is_form else of_scenarios
    ours = (
        {"url_key": new_secret(), "api_key": API_KEY}
        if is_form
        else {"inbound_key": new_secret(), "signing_secret": new_signing_secret()}
    )
    return _make(session, provider, name, settings, ours)


def _make(session: Session, provider: Provider, name: str, settings: dict[str, Any], secrets: dict[str, str]) -> Integration:
    brand_id = session.execute(sa.select(Brand.id).where(Brand.key == "chargecars")).scalar_one()
    mailbox = sa.select(Channel.id).where(Channel.brand_id == brand_id, Channel.channel_type == ChannelType.EMAIL_OUTLOOK)
    channel_id = session.execute(mailbox.limit(1)).scalar_one_or_none()
    content = IntegrationContent(name, brand_id, channel_id, settings)
    who: dict[str, Any] = {"keyring": runtime().keyring, "now": utc_now(), "actor": SYSTEM}
    return create_integration(session, provider, content, secrets=secrets, **who)


blueprints = (bp,)
