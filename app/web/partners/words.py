"""Put partners into words. No database."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from flask_babel import format_date

from app.core.text import mark as N_
from app.core.translation import gettext as _
from app.core.translation import number_words, percent_words
from app.domain.partners.commitments import Commitment
from app.domain.partners.models import Authentication, Environment, Protocol, Scope, SyncFrequency
from app.domain.partners.onboarding import Step
from app.domain.partners.status_map import NO_MAPPING

PROTOCOLS = {
    Protocol.API: N_("API"),
    Protocol.WEBHOOK: N_("Partner’s own webhook"),
    Protocol.FORM: N_("Form"),
    Protocol.EMAIL: N_("Email"),
}
ENVIRONMENTS = {Environment.SANDBOX: N_("Sandbox"), Environment.LIVE: N_("Live")}
FREQUENCIES = {
    SyncFrequency.REAL_TIME: N_("Immediately"),
    SyncFrequency.EVERY_15_MINUTES: N_("Every 15 minutes"),
    SyncFrequency.HOURLY: N_("Every hour"),
    SyncFrequency.DAILY: N_("Every day"),
}
AUTHENTICATIONS = {
    Authentication.API_KEY: N_("API key"),
    Authentication.OAUTH2: N_("OAuth 2.0"),
    Authentication.BASIC_AUTH: N_("User name and password"),
    Authentication.BEARER_TOKEN: N_("Bearer token"),
}
SCOPES = {
    Scope.ORDERS_WRITE: N_("Create and cancel orders"),
    Scope.ORDERS_READ: N_("Read orders and their status"),
    Scope.STATUS_WRITE: N_("Report the status of orders"),
    Scope.CONFIG_WRITE: N_("Change the partner’s settings"),
}


def protocol_words(value: Protocol) -> str:
    return _(PROTOCOLS[value])


def environment_words(value: Environment) -> str:
    return _(ENVIRONMENTS[value])


STEPS = {
    Step.CONTACT: (N_("Contact email address"), N_("Add an email address to the partner's organization.")),
    Step.FORM: (N_("Partner’s form"), N_("Connect the form under “Integrations”, then choose it under “Settings” on this page.")),
    Step.AGREEMENT: (N_("Agreement"), N_("Write the agreement; the partner accepts it in the portal.")),
    Step.SANDBOX_KEY: (N_("Sandbox key"), N_("Make a sandbox key below and give it to the partner’s engineer.")),
    Step.MAPPING: (N_("Articles"), N_("Match the partner’s article numbers to ours.")),
    Step.STATUS_WORDS: (N_("Status names"), N_("Enter the partner’s own names for the order statuses.")),
    Step.SANDBOX_ORDER: (N_("First sandbox order"), N_("The partner sends a sandbox order; it appears below.")),
    Step.SANDBOX_STATUS: (N_("First sandbox status"), N_("The partner reports a status for the first sandbox order.")),
    Step.LOAD_TEST: (N_("Load test"), N_("The partner sends 20 sandbox orders within a minute.")),
    Step.LIVE_KEY: (N_("Live key"), N_("Make a live key once everything works in the sandbox.")),
    Step.LIVE_ORDER: (N_("First live order"), N_("The order appears below as soon as it arrives.")),
}


COMMITMENTS = {
    Commitment.ANSWER: N_("API response time, 95th percentile"),
    Commitment.SUCCESS: N_("API requests without an error on our side"),
    Commitment.PROCESSING: N_("Longest time from an API request until its order is saved"),
    Commitment.CALLBACK: N_("Time to the first webhook callback after a change, 95th percentile"),
}


REFUSED = {
    NO_MAPPING: N_("this word is not matched to any of our statuses"),
    "transition_not_allowed": N_("the order cannot change from its present status to this one"),
    "guard": N_("the order does not meet a condition of this status"),
    "needs_reason": N_("this status needs a reason"),
    "needs_lead": N_("only our team leads may make this change"),
}


def refused_words(code: str) -> str:
    """Return in words why a partner's report did not change its order; for an unknown code, the code."""
    return _(REFUSED[code]) if code in REFUSED else code


def commitment_words(value: Commitment) -> str:
    return _(COMMITMENTS[value])


def commitment_value(of: Commitment, value: Decimal) -> str:
    """Return the value of a commitment with its unit: per cent (0 to 100), milliseconds or seconds, depending on `of`."""
    if of == Commitment.SUCCESS:
        return percent_words(float(value) / 100, decimals=1)
    return _("%(count)s ms", count=value) if of == Commitment.ANSWER else _("%(count)s s", count=value)


def score_words(score: Decimal) -> str:
    """Return a mean of scores from 1 to 5 in words."""
    return _("%(score)s of %(most)s", score=number_words(score, "0.0"), most=5)


def percentage(value: int | None, *, signed: bool = False) -> str:
    """Return a whole percentage in words, with a plus if it is `signed` and above 0; a dash for None."""
    if value is None:
        return "–"
    return ("+" if signed and value > 0 else "") + percent_words(value / 100)


def month_name(key: str) -> str:
    """Return the month of a key such as 2026-11 in words: November 2026."""
    return str(format_date(date.fromisoformat(f"{key}-01"), "MMMM y"))


def step_words(value: Step) -> str:
    return _(STEPS[value][0])


def step_hint(value: Step) -> str:
    return _(STEPS[value][1])


FILTERS = {
    "protocol_words": protocol_words,
    "environment_words": environment_words,
    "refused_words": refused_words,
    "commitment_words": commitment_words,
    "commitment_value": commitment_value,
    "score_words": score_words,
    "percentage": percentage,
    "month_name": month_name,
    "step_words": step_words,
    "step_hint": step_hint,
}
