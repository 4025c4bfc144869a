"""Count inbound calls of a blueprint's routes, each route as one endpoint."""

from __future__ import annotations

import time
from functools import lru_cache

from flask import Blueprint, Response, g, request

from app.core.metering import Endpoint
from app.core.runtime import runtime


def count_calls(blueprint: Blueprint) -> None:
    """Count every call of the blueprint's routes, whatever its answer."""

    @blueprint.before_request
    def _begin() -> None:
        g.called_at = time.monotonic()

    @blueprint.after_request
    def _count(response: Response) -> Response:
        seconds = time.monotonic() - g.get("called_at", time.monotonic())
        endpoint = _endpoint(request.method, str(request.url_rule or ""))
        runtime().meter.note(endpoint, status=response.status_code, seconds=seconds)
        return response


@lru_cache(maxsize=512)
def _endpoint(method: str, rule: str) -> Endpoint:
    rule = rule.removeprefix("/api/v1")
    return Endpoint(_provider(rule), f"{method} {rule}", is_ours=True)


def _provider(rule: str) -> str:
    """Return the provider's name in a path: for /webhooks/sms/status it is "sms". Return "other" if there is none."""
    parts = rule.strip("/").split("/")
    return parts[1] if len(parts) > 1 else "other"
