"""Serve the page of simulated providers: how to connect an account, and how to cause and end the failures of each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint, abort, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import login_required
from htmx_flask import request

from app.core.runtime import runtime
from app.core.text import storable
from app.core.translation import told
from app.domain.integrations.models import Provider as Integrated
from app.sandbox.demo.forms import rest_ours
from app.sandbox.demo.providers import (
    PROVIDERS,
    TROUBLES,
    Provider,
    account_of,
    enter,
    find_provider,
    make_trouble,
    settings_of,
    told_trouble,
)
from app.sandbox.demo.simulator_state import SimulatorAway
from app.web.pages import page

bp = Blueprint("demo_providers", __name__)


@dataclass
class Shown:
    """One provider on the page. `account` are the fields of the account to connect: {name: (label, value)}.

    `entered` are the values entered at the provider, `trouble` is the failure in force. `away` says why the simulator cannot
    be reached, "" if it can.
    """

    provider: Provider
    account: dict[str, tuple[str, str]] = field(default_factory=dict)
    entered: dict[str, str] = field(default_factory=dict)
    trouble: str = ""
    away: str = ""


@bp.get("/simulator/providers")
@login_required  # type: ignore[untyped-decorator]
def providers() -> ResponseReturnValue:
    """Show the page of simulated providers."""
    shown = [_shown(one) for one in PROVIDERS]
    return page("demo/providers.html", providers=shown, troubles=TROUBLES, connect_url=_connect_url)


def _connect_url(shown: Shown) -> str:
    """Return the URL of the page that connects the spare account of this provider, with the account filled in."""
    provider = shown.provider
    account: dict[str, Any] = {name: value for name, (_label, value) in shown.account.items()}
    if provider.kind:
        return url_for("connections.new_channel", **account | {"kind": provider.kind})
    if provider.has_own:
        return url_for("integrations.new_integration", **account | {"provider": provider.key})
    return url_for("notifications.teams_cards")


def _shown(provider: Provider) -> Shown:
    shown = Shown(provider)
    try:
        shown.trouble = told_trouble(provider)
        known = settings_of(provider) if provider.account or provider.entered else {}
        shown.account = account_of(provider, known)
        shown.entered = {name: str(known.get(name, "")) for name in provider.entered}
    except SimulatorAway as error:
        shown.away = told(error)
    return shown


@bp.post("/simulator/providers/<key>/trouble")
@login_required  # type: ignore[untyped-decorator]
def arrange(key: str) -> ResponseReturnValue:
    """Cause a failure at one provider, or end the failure."""
    provider, kind = _provider(key), request.form.get("kind", "")
    if kind and kind not in provider.troubles:
        abort(422)
    try:
        make_trouble(provider, kind)
        flash(f"{told(provider.name)}: {told(TROUBLES[kind])}" if kind else _("%(name)s works again", name=told(provider.name)))
    except SimulatorAway as error:
        flash(told(error))
    return redirect(url_for("demo_providers.providers", _anchor=key), 303)


@bp.post("/simulator/providers/<key>/entered")
@login_required  # type: ignore[untyped-decorator]
def enter_there(key: str) -> ResponseReturnValue:
    """Store the values that the wizard tells people to enter at the provider, in the simulated provider."""
    provider = _provider(key)
    values = {name: storable(request.form.get(name, "")).strip()[:500] for name in provider.entered}
    ours = runtime().settings.public_url
    if any(values[name] and not values[name].startswith(f"{ours}/") for name in values if name.endswith("_url")):
        flash(_("Enter a Switchyard address that begins with %(url)s", url=f"{ours}/"))
        return redirect(url_for("demo_providers.providers", _anchor=key), 303)
    try:
        enter(provider, values)
        if provider.has_own:
            rest_ours(Integrated(key), rests=any(values.values()))
        flash(_("From now on, %(name)s sends its webhooks to these addresses", name=told(provider.name)))
    except SimulatorAway as error:
        flash(told(error))
    return redirect(url_for("demo_providers.providers", _anchor=key), 303)


def _provider(key: str) -> Provider:
    found = find_provider(key)
    if found is None:
        abort(404)
    return found


blueprints = (bp,)
