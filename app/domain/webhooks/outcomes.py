"""Determine the outcome of an attempt, from the HTTP status of the answer or the failure of the call. Pure."""

from __future__ import annotations

from app.core.http import FAILURES, HttpFailure
from app.core.text import mark as N_

OK, GONE = "ok", "http_410"
_OF_FAILURES = {"refused_address": "blocked", "bad_url": "blocked", "too_large": "bad_response"}
# Trying again cannot help: a person has to change the endpoint first.
FINAL = frozenset({GONE, "blocked", "bad_header", "no_address", "sealed"})
OUTCOMES = {
    OK: N_("accepted"),
    "http_3xx": N_("redirect; we do not follow redirects"),
    "http_4xx": N_("refused"),
    GONE: N_("endpoint no longer exists"),
    "http_429": N_("too many requests"),
    "http_5xx": N_("receiver error"),
    "dns": FAILURES["dns"],
    "connect": FAILURES["connect"],
    "tls": FAILURES["tls"],
    "timeout": FAILURES["timeout"],
    "reset": FAILURES["reset"],
    "bad_response": FAILURES["bad_response"],
    "blocked": FAILURES["refused_address"],
    "bad_header": N_("one of the endpoint’s headers cannot be sent"),
    "no_address": N_("no address is set"),
    "sealed": N_("cannot decrypt the secrets: a key is missing from ENCRYPTION_KEYS"),
    "error": N_("an error on our side; see the application log"),
}  # every outcome, in words


def of_status(status: int) -> str:
    """Return the outcome name for an HTTP status. Every status except 2xx is a failure, also a redirect."""
    if 200 <= status < 300:
        return OK
    if status in (408, 425):
        return "http_5xx"
    if status in (410, 429):
        return f"http_{status}"
    return f"http_{min(max(status // 100, 3), 5)}xx"


def of_failure(failure: HttpFailure) -> str:
    """Return the outcome name for a failed call. It is never an error text, because that could describe our network."""
    return _OF_FAILURES.get(failure.kind, failure.kind)
