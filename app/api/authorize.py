"""Authorize every API request before its parameters are read: token, scope, content type, a body that is JSON.

The checks run in this order, so that a caller without a token learns nothing else. Calls are counted by network address
first, and by token as soon as it is known (`app/core/limits.py`). Over a limit, the response says when to call again.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, NoReturn

from flask import Response, g, request
from werkzeug.exceptions import RequestEntityTooLarge

from app.api.registry import Operation
from app.core.caller import caller_address
from app.core.clock import utc_now
from app.core.db import transaction
from app.core.limits import Level, Limit
from app.core.problems import Problem, invalid
from app.core.runtime import runtime
from app.domain.accounts.access import Viewer
from app.domain.accounts.permissions import Permission
from app.domain.accounts.tokens import viewer_from_bearer

JSON_BODY_BYTES = 12 * 1024 * 1024
FORM_BODY_BYTES = 27 * 1024 * 1024
DEPTH = 60
ADDRESS, TOKEN = Limit("address", 0, 60), Limit("token", 0, 60)  # as many as API_CALLS_PER_MINUTE says
WRONG_TOKENS = Limit("wrong-tokens", 30, 60)
# By the first part of its scope: what an operation that reads needs, and what one that writes needs.
INBOX = (Permission.THREADS_SEE, Permission.THREADS_REPLY)
AREAS = {
    "contacts": (Permission.CONTACTS_SEE, Permission.CONTACTS_CHANGE),
    "orders": (Permission.ORDERS_SEE, Permission.ORDERS_CHANGE),
    "tasks": (Permission.TASKS_SEE, Permission.TASKS_CHANGE),
    "appointments": (Permission.VISITS_SEE, Permission.VISITS_CHANGE),
}
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="Switchyard"'}


def check_request(operation: Operation) -> None:
    """Check limits, token, scope and body of the request, and set `current_viewer()`. Raises `Problem` if a check fails."""
    _count(ADDRESS, caller_address(), factor=2)
    g.api_viewer = _authenticate()
    _count(TOKEN, request.headers["Authorization"].partition(" ")[2].strip())
    scopes = g.api_viewer.scopes
    if scopes is not None and operation.scope not in scopes:
        raise Problem("scope_missing", f"The token lacks the scope {operation.scope}")
    require(_needed(operation))
    if operation.takes == "json":
        _check_json()
    elif operation.takes == "form":
        request.max_content_length = FORM_BODY_BYTES
        if request.mimetype != "multipart/form-data":
            raise Problem("unsupported_media_type", "Send multipart/form-data with the file in the field `file`")


def current_viewer() -> Viewer:
    """Return the viewer to whom the token of this request belongs."""
    viewer: Viewer = g.api_viewer
    return viewer


def require(permission: Permission) -> Viewer:
    """Return the current viewer if they have this permission. Raises Problem if not."""
    viewer = current_viewer()
    if not viewer.may(permission):
        raise Problem("forbidden", f"Your role lacks the permission {permission.value}")
    return viewer


def _needed(operation: Operation) -> Permission:
    see, change = AREAS.get(operation.scope.partition(":")[0], INBOX)
    return change if operation.is_write else see


def _authenticate() -> Viewer:
    with transaction() as session:
        header = request.headers.get("Authorization")
        viewer = viewer_from_bearer(session, header, now=utc_now(), ip=request.remote_addr)
    if viewer is None:
        _spend(WRONG_TOKENS, caller_address())
        raise Problem("unauthenticated", "Send a valid token as `Authorization: Bearer …`", headers=CHALLENGE)
    return viewer


def tell_limits(response: Response) -> Response:
    """Add the rate limit headers to a response and return it. They say how much of the tightest limit is left."""
    level: Level | None = g.get("api_level")
    if level is not None:
        response.headers.update(level.headers())
    return response


def _count(limit: Limit, whom: str, *, factor: int = 1) -> None:
    calls = runtime().settings.api_calls_per_minute * factor
    if calls:
        _spend(replace(limit, burst=calls), whom)


def _spend(limit: Limit, whom: str) -> None:
    """Count one call of `whom` against a limit. Raises `Problem` if the limit is used up.

    Stores the tightest limit of this request so far, for the headers of the response.
    """
    level = runtime().limits.take(limit, whom)
    if level is None:
        return
    known: Level | None = g.get("api_level")
    if known is None or level.wait_seconds or level.share < known.share:
        g.api_level = level
    if level.wait_seconds:
        raise Problem("quota-exceeded", f"Too many requests: wait {level.retry_after} seconds")


def _check_json() -> None:
    request.max_content_length = JSON_BODY_BYTES
    if not request.is_json or request.headers.get("Content-Encoding", "identity") != "identity":
        raise Problem("unsupported_media_type", "Send the body as application/json")
    try:
        body = parse_json(request.get_data(cache=True))
    except RequestEntityTooLarge as error:
        raise Problem("payload_too_large", f"The body may have {JSON_BODY_BYTES} bytes") from error
    if not isinstance(body, dict):
        raise invalid("", "the body must be a JSON object")


def parse_json(content: bytes) -> Any:
    """Parse strict JSON: UTF-8, no NaN, limited nesting. Raises `Problem` if the content is anything else."""
    try:
        body = json.loads(content.decode("utf-8"), parse_constant=_refuse_constant)
        _check_depth(body, DEPTH)
    except (ValueError, RecursionError) as error:
        raise Problem("malformed_json", "The body is not JSON in UTF-8") from error
    return body


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _check_depth(value: Any, left: int) -> None:
    if left == 0:
        raise ValueError("nested too deep")
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for member in value:
            _check_depth(member, left - 1)
