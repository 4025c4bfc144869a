"""How partners are put into words. No database."""

from __future__ import annotations

from app.core.text import mark as N_
from app.core.translation import gettext as _
from app.domain.partners.models import Authentication, Environment, Protocol, Scope, SyncFrequency

PROTOCOLS = {
    Protocol.API: N_("API"),
    Protocol.WEBHOOK: N_("Webhook of theirs"),
    Protocol.FORM: N_("Form"),
    Protocol.EMAIL: N_("E-mail"),
}
ENVIRONMENTS = {Environment.SANDBOX: N_("Sandbox"), Environment.LIVE: N_("Live")}
FREQUENCIES = {
    SyncFrequency.REAL_TIME: N_("At once"),
    SyncFrequency.EVERY_15_MINUTES: N_("Every 15 minutes"),
    SyncFrequency.HOURLY: N_("Every hour"),
    SyncFrequency.DAILY: N_("Every day"),
}
AUTHENTICATIONS = {
    Authentication.API_KEY: N_("API key"),
    Authentication.OAUTH2: N_("OAuth 2.0"),
    Authentication.BASIC_AUTH: N_("Name and password"),
    Authentication.BEARER_TOKEN: N_("Bearer token"),
}
SCOPES = {
    Scope.ORDERS_WRITE: N_("Post and cancel orders"),
    Scope.ORDERS_READ: N_("Read orders and their state"),
    Scope.STATUS_WRITE: N_("Tell us a state"),
    Scope.CONFIG_WRITE: N_("Change the configuration"),
}


def protocol_words(value: Protocol) -> str:
    return _(PROTOCOLS[value])


def environment_words(value: Environment) -> str:
    return _(ENVIRONMENTS[value])


FILTERS = {"protocol_words": protocol_words, "environment_words": environment_words}
