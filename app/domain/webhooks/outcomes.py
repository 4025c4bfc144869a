"""Determine the outcome of an attempt, from the HTTP status of the answer or the failure of the call. Pure."""

from __future__ import annotations

from app.core.http import HttpFailure

OK, GONE = "ok", "http_410"
_OF_FAILURES = {"refused_address": "blocked", "bad_url": "blocked", "too_large": "bad_response"}
# Trying again cannot help: a person has to change the endpoint first.
FINAL = frozenset({GONE, "blocked", "bad_header", "no_address", "sealed"})
OUTCOMES = (
    *(OK, GONE, "http_3xx", "http_4xx", "http_429", "http_5xx"),
    *("dns", "connect", "tls", "timeout", "reset", "bad_response", "blocked", "bad_header", "no_address", "sealed", "error"),
)


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
