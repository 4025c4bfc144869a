"""Pages on which administrators connect and change integrations. A secret that we generate is shown only once, right after it
was created."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from flask import abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import IntegrityError

from app.contract.forms import FormsFailure
from app.contract.service import Service
from app.core.clock import utc_now
from app.core.crypto import UnableToDecrypt
from app.core.db import db, let_go, transaction
from app.core.ids import new_secret
from app.core.runtime import runtime
from app.core.standard_webhooks import new_signing_secret
from app.core.translation import gettext as _
from app.core.translation import told
from app.domain.accounts.access import Viewer
from app.domain.accounts.permissions import Permission
from app.domain.accounts.queries import list_brands
from app.domain.connections.models import Medium
from app.domain.connections.queries import list_channels
from app.domain.connections.views import HEALTH_TONES
from app.domain.integrations.actions import IntegrationContent, change_integration, create_integration, switch_integration
from app.domain.integrations.make.deliver import list_calls, retry_calls
from app.domain.integrations.models import Integration, Provider
from app.domain.integrations.queries import IntegrationMissing, get_integration, list_integrations, open_secrets
from app.domain.services.daily_check import check_service
from app.domain.services.queries import list_checks, list_services
from app.web.accounts.session import require
from app.web.integrations.blueprint import bp
from app.web.integrations.forms import FIELD_WORDS, REGIONS, SCENARIOS, IntegrationForm, values_of
from app.web.pages import page

OURS: dict[Provider, dict[str, Callable[[], str]]] = {
    Provider.FORMS: {"url_key": new_secret},
    Provider.MAKE: {"inbound_key": new_secret, "signing_secret": new_signing_secret},
}


@bp.get("/settings/integrations")
def integrations() -> ResponseReturnValue:
    """Show the connected services, and those that can be connected."""
    viewer = require(Permission.INTEGRATIONS_MANAGE)
    rows = list_integrations(db.session(), brand_ids=viewer.brand_ids)
    watched: dict[str, Any] = {"services": _services(viewer), "checks": list_checks(db.session()), "tones": HEALTH_TONES}
    return page("integrations/list.html", rows=rows, providers=list(Provider), brands=_brands(viewer), **watched)


@bp.post("/settings/integrations/checks")
def check_now() -> ResponseReturnValue:
    """Check one service (`key`) now, as the daily check does."""
    viewer = require(Permission.INTEGRATIONS_MANAGE)
    service = next((one for one in _services(viewer) if one.key == request.form.get("key")), None) or abort(404)
    let_go()
    health = check_service(service, now=utc_now())
    flash(_("%(name)s works.", name=told(service.name)) if health.ok else told(health.detail))
    return redirect(url_for("integrations.integrations", _anchor="services"), 303)


@bp.get("/settings/integrations/new")
def new_integration() -> ResponseReturnValue:
    """Show the form for a provider (`?provider=`)."""
    viewer = require(Permission.INTEGRATIONS_MANAGE)
    return _form_page(_form(viewer, _provider(request.args.get("provider")), request.args.to_dict()))


@bp.post("/settings/integrations")
def connect() -> ResponseReturnValue:
    """Add the integration and show its secrets, only this once. If the provider can be asked, its settings are checked first."""
    viewer = require(Permission.INTEGRATIONS_MANAGE)
    form = _form(viewer, _provider(request.form.get("provider")), request.form.to_dict())
    content, typed = form.content(), form.secrets()
    if content is None or form.errors or not _works(form, content, typed):
        return _form_page(form, status=422)
    ours = {name: new() for name, new in OURS[form.provider].items()}
    try:
        with transaction() as session:
            made = create_integration(
                session,
                form.provider,
                content,
                secrets={**typed, **ours},
                keyring=runtime().keyring,
                now=utc_now(),
                actor=viewer.actor,
            )
    except IntegrityError:
        form.errors["name"] = _("Another connection has this name.")
        return _form_page(form, status=422)
    return _shown(viewer, made, ours)


@bp.get("/settings/integrations/<uuid:integration_id>")
def integration(integration_id: uuid.UUID) -> ResponseReturnValue:
    """Show one integration: its health, and its form."""
    viewer = require(Permission.INTEGRATIONS_MANAGE)
    return _shown(viewer, _find(viewer, integration_id))


@bp.post("/settings/integrations/<uuid:integration_id>")
def change(integration_id: uuid.UUID) -> ResponseReturnValue:
    """Change an integration. An empty secret field leaves the stored secret unchanged."""
    viewer = require(Permission.INTEGRATIONS_MANAGE)
    found = _find(viewer, integration_id)
    form = _form(viewer, found.provider, request.form.to_dict())
    content, typed = form.content(), form.secrets()
    secrets = {**_secrets(found), **typed}
    if content is None or form.errors or not _works(form, content, secrets):
        return _shown(viewer, found, form=form, status=422)
    if found.provider == Provider.MAKE:
        content.settings["hooks"] = {**(found.settings.get("hooks") or {}), **content.settings["hooks"]}
    try:
        with transaction() as session:
            locked = get_integration(session, integration_id, brand_ids=viewer.brand_ids)
            keyring = runtime().keyring
            change_integration(session, locked, content, secrets=secrets, keyring=keyring, now=utc_now(), actor=viewer.actor)
    except IntegrityError:
        form.errors["name"] = _("Another connection has this name.")
        return _shown(viewer, found, form=form, status=422)
    flash(_("Saved."))
    return redirect(url_for("integrations.integration", integration_id=integration_id), 303)


@bp.post("/settings/integrations/<uuid:integration_id>/secrets")
def renew(integration_id: uuid.UUID) -> ResponseReturnValue:
    """Replace our secrets of an integration by new ones and show these once. The old secrets are refused from now on."""
    viewer = require(Permission.INTEGRATIONS_MANAGE)
    found = _find(viewer, integration_id)
    ours = {name: new() for name, new in OURS[found.provider].items()}
    with transaction() as session:
        locked = get_integration(session, integration_id, brand_ids=viewer.brand_ids)
        content = IntegrationContent(locked.name, locked.brand_id, locked.channel_id, locked.settings)
        secrets, keyring = {**_secrets(locked), **ours}, runtime().keyring
        change_integration(session, locked, content, secrets=secrets, keyring=keyring, now=utc_now(), actor=viewer.actor)
    return _shown(viewer, locked, ours)


@bp.post("/settings/integrations/<uuid:integration_id>/activity")
def switch(integration_id: uuid.UUID) -> ResponseReturnValue:
    """Switch the integration on (`active=1`) or off (`active=0`)."""
    viewer, wanted = require(Permission.INTEGRATIONS_MANAGE), request.form.get("active")
    _find(viewer, integration_id)
    if wanted not in ("0", "1"):
        abort(422)
    with transaction() as session:
        found = get_integration(session, integration_id, brand_ids=viewer.brand_ids)
        switch_integration(session, found, active=wanted == "1", now=utc_now(), actor=viewer.actor)
    flash(_("The connection is on.") if wanted == "1" else _("The connection is off."))
    return redirect(url_for("integrations.integration", integration_id=integration_id), 303)


@bp.post("/settings/integrations/<uuid:integration_id>/retry")
def retry(integration_id: uuid.UUID) -> ResponseReturnValue:
    """Retry the failed calls to an integration's scenarios."""
    viewer = require(Permission.INTEGRATIONS_MANAGE)
    _find(viewer, integration_id)
    with transaction() as session:
        retry_calls(session, integration_id, actor=viewer.actor)
    runtime().nudger.nudge()
    flash(_("Sending again now."))
    return redirect(url_for("integrations.integration", integration_id=integration_id), 303)


def _works(form: IntegrationForm, content: IntegrationContent, secrets: dict[str, str]) -> bool:
    """Return True if the form has no errors and the provider accepts the settings. Ask the provider only if form id and API key
    are given.

    No database connection is used during the call.
    """
    db.session().rollback()
    form_id, key = content.settings.get("form_id"), secrets.get("api_key")
    if not form_id or not key:
        if form_id and form.provider == Provider.FORMS:
            form.errors["api_key"] = _("Enter an API key to fetch the form's submissions.")
        return not form.errors
    try:
        account = runtime().adapters.forms[form.provider].account(region=content.settings.get("region", ""), api_key=key)
        account.form_name(form_id)
    except FormsFailure as failure:
        form.errors["api_key"] = told(str(failure))
    return not form.errors


def _services(viewer: Viewer) -> list[Service]:
    """Return the services of no brand, and those of the viewer's brands."""
    return [one for one in list_services(db.session()) if one.brand_id is None or one.brand_id in viewer.brand_ids]


def _provider(text: str | None) -> Provider:
    return next((one for one in Provider if one.value == text), None) or abort(404)


def _find(viewer: Viewer, integration_id: uuid.UUID) -> Integration:
    try:
        return get_integration(db.session(), integration_id, brand_ids=viewer.brand_ids)
    except IntegrationMissing:
        abort(404)


def _secrets(found: Integration) -> dict[str, str]:
    try:
        return open_secrets(found, runtime().keyring)
    except UnableToDecrypt:
        return {}


def _brands(viewer: Viewer) -> dict[uuid.UUID, str]:
    return {brand.id: brand.name for brand in list_brands(db.session()) if brand.id in viewer.brand_ids}


def _form(viewer: Viewer, provider: Provider, values: dict[str, str]) -> IntegrationForm:
    channels = {one.id: one.brand_id for one in list_channels(db.session(), brand_ids=viewer.brand_ids)}
    allows_http = bool(runtime().settings.outbound_allow)  # a stand-in on this machine speaks no TLS
    return IntegrationForm(provider, values, viewer.brand_ids, channels, allows_http, viewer.timezone)


def _form_page(form: IntegrationForm, *, status: int = 200) -> ResponseReturnValue:
    return page("integrations/new.html", form=form, status=status, **_choices())


def _shown(
    viewer: Viewer,
    found: Integration,
    ours: dict[str, str] | None = None,
    *,
    form: IntegrationForm | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    form = form or _form(viewer, found.provider, values_of(found))
    base = f"{runtime().settings.public_url}/api/v1/webhooks/{found.provider.value}"
    context: dict[str, Any] = {"integration": found, "form": form, "ours": ours or {}, "webhook_base": base}
    context["calls"] = list_calls(db.session(), found.id) if found.provider == Provider.MAKE else []
    context["kept"] = sorted(name for name in _secrets(found) if name not in OURS[found.provider])
    return page("integrations/integration.html", status=status, **context, **_choices())


def _choices() -> dict[str, Any]:
    viewer = require(Permission.INTEGRATIONS_MANAGE)
    able = [one for one in list_channels(db.session(), brand_ids=viewer.brand_ids) if one.medium == Medium.EMAIL]
    return {
        "brands": [(str(brand_id), name) for brand_id, name in _brands(viewer).items()],
        "channels": [("", _("No reply channel: you can only write notes")), *((str(one.id), one.name) for one in able)],
        "regions": [(value, told(words)) for value, words in REGIONS],
        "fields": FIELD_WORDS,
        "scenarios": SCENARIOS,
    }
