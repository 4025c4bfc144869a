"""Describe forms and scenarios as services for the daily check. For edges, as the checks need the running application."""

from __future__ import annotations

from functools import partial

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.contract.forms import FormsFailure
from app.contract.health import Health
from app.contract.service import Service
from app.core.http import HttpFailure
from app.core.runtime import runtime
from app.core.text import mark as N_
from app.domain.integrations.make.deliver import LASTING, unreached_words
from app.domain.integrations.models import Integration, Provider
from app.domain.integrations.queries import open_secrets
from app.domain.webhooks.outcomes import of_failure

_FORM = N_("Sends us completed forms")
_SCENARIO = N_("Receives our events")
_MEND_FORM = N_("Enter a new API key or form ID on the page of this integration. We still receive forms sent by webhook.")
_MEND_SCENARIO = N_(
    "Switch the scenario on in Make, or enter the new address of its webhook on the page of this "
    "integration. Then choose “Resend failed requests” on that page."
)


def list_integration_services(session: Session) -> list[Service]:
    """List, by name, the active integrations that we call: forms that are polled, and scenarios with a URL."""
    query = sa.select(Integration).where(Integration.is_active).order_by(Integration.name)
    return [_service(one) for one in session.execute(query).scalars() if one.settings.get("form_id") or one.settings.get("hooks")]


def _service(integration: Integration) -> Service:
    is_form = integration.provider == Provider.FORMS
    return Service(
        f"integration {integration.id}",
        integration.name,
        _FORM if is_form else _SCENARIO,
        f"/settings/integrations/{integration.id}",
        _MEND_FORM if is_form else _MEND_SCENARIO,
        partial(_ask_form if is_form else _ask_scenarios, integration),
        bool(integration.problem),
        integration.brand_id,
    )


def _ask_form(integration: Integration) -> Health:
    """Return the health of a form: whether its provider accepts our key and knows the form."""
    forms = runtime().adapters.forms[integration.provider]
    key, settings = open_secrets(integration, runtime().keyring).get("api_key", ""), integration.settings
    try:
        account = forms.account(region=settings.get("region", ""), api_key=key, account_id=str(integration.id))
        account.form_name(settings["form_id"])
    except FormsFailure as failure:
        return Health(False, str(failure), passes=not failure.is_ours)
    return Health(True, "")


def _ask_scenarios(integration: Integration) -> Health:
    """Return the health of an integration's scenarios. It is good if their hosts can be reached and no problem of the last call
    is stored.

    Nothing is posted, because a post would start the scenario.
    """
    secrets = open_secrets(integration, runtime().keyring)
    for name in integration.settings["hooks"]:
        try:
            runtime().http.reach(secrets.get(f"hook_{name}", ""))
        except HttpFailure as failure:
            return Health(False, unreached_words(of_failure(failure)), passes=failure.kind not in ("bad_url", "refused_address"))
    met = integration.problem
    return Health(not met, met, passes=met not in LASTING)
