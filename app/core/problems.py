"""Return errors as RFC 9457 `application/problem+json`: one format for every error response of the JSON API.

`CATALOGUE` lists the codes on which programs may rely. No answer shows internals: a 500 has a request id to look up, and no
detail.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import request
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from app.core.ids import new_id

MEDIA_TYPE = "application/problem+json"
MOST_ERRORS = 50

# Per code its status and its title.
CATALOGUE: Mapping[str, tuple[int, str]] = {
    "malformed_json": (400, "The body is not JSON"),
    "bad_header": (400, "A header cannot be understood"),
    "two_credentials": (400, "Two different keys were sent"),
    "unauthenticated": (401, "A valid token is needed"),
    "signature_missing": (401, "The request is not signed"),
    "signature_invalid": (401, "The signature is not of this request"),
    "timestamp_out_of_window": (401, "The time of the request is too far away"),
    "nonce_reused": (401, "The nonce was used before"),
    "scope_missing": (403, "The token may not do this"),
    "ip_not_allowed": (403, "The key may not be used from this address"),
    "forbidden": (403, "You may not do this"),
    "not_found": (404, "There is nothing here"),
    "method_not_allowed": (405, "This cannot be done here"),
    "not_acceptable": (406, "There is no such representation"),
    "idempotency_in_progress": (409, "The same request is being served right now"),
    "state_conflict": (409, "The present state does not allow this"),
    "status_moved_on": (409, "Somebody changed the status in the meantime"),
    "thread_moved_on": (409, "The thread moved on"),
    "transition_not_allowed": (409, "This status cannot follow"),
    "gone": (410, "This is gone"),
    "version_conflict": (412, "It changed since you read it"),
    "payload_too_large": (413, "The body is too large"),
    "unsupported_media_type": (415, "This content type is not understood"),
    "validation_failed": (422, "Some fields are not right"),
    "idempotency_key_reused": (422, "This key was used for another request"),
    "quota-exceeded": (429, "Too many requests"),
    "internal": (500, "Something went wrong on our side"),
    "temporary-reduced-capacity": (503, "Not available at this moment"),
}
# Those that only the partner API answers with.
OF_PARTNERS = frozenset(
    {
        "two_credentials",
        "signature_missing",
        "signature_invalid",
        "timestamp_out_of_window",
        "nonce_reused",
        "ip_not_allowed",
    }
)
_CODE_OF_STATUS = {
    400: "bad_header",
    401: "unauthenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    409: "state_conflict",
    410: "gone",
    412: "version_conflict",
    413: "payload_too_large",
    415: "unsupported_media_type",
    422: "validation_failed",
    429: "quota-exceeded",
    503: "temporary-reduced-capacity",
}
_TYPE = "urn:switchyard:problem:"
_REQUEST_ID = "switchyard.request_id"


@dataclass(frozen=True)
class FieldError:
    """An error in one input. `field` is its name, such as "a.0.b" inside a list, or "" for the whole body."""

    field: str
    message: str


@dataclass(eq=False)
class Problem(Exception):
    """Raised to end the request with an error response. `code` is a key of CATALOGUE. `more` has further fields of the response
    body."""

    code: str
    detail: str = ""
    errors: Sequence[FieldError] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def status(self) -> int:
        return CATALOGUE[self.code][0]


def invalid(field_name: str, message: str) -> Problem:
    """Return the `Problem` for one wrong field."""
    return Problem("validation_failed", message, (FieldError(field_name, message),))


def request_id() -> str:
    """Return the id of this request. The log has the same id."""
    return str(request.environ.setdefault(_REQUEST_ID, str(new_id())))


def problem_response(problem: Problem) -> Response:
    """Return the error response for a `Problem`."""
    status, title = CATALOGUE[problem.code]
    body: dict[str, Any] = {
        "type": _TYPE + problem.code,
        "title": title,
        "status": status,
        "detail": problem.detail or title,
        "instance": f"urn:uuid:{request_id()}",
        "code": problem.code,
    }
    if status == 422:
        body["errors"] = [{"field": e.field, "message": e.message} for e in problem.errors[:MOST_ERRORS]]
    content = b"" if request.method == "HEAD" else json.dumps({**body, **problem.more}, default=str).encode()
    response = Response(content, status, mimetype=MEDIA_TYPE)
    response.headers.update(problem.headers)
    return response


def problem_of(error: HTTPException) -> Response:
    """Return the response for an error of the web framework."""
    if error.code is None and error.response is not None:  # an answer somebody made and aborted with
        return error.get_response()
    return problem_response(problem_from(error))


def problem_from(error: HTTPException) -> Problem:
    """Return the `Problem` for an HTTP error of the web framework. It keeps the headers Allow, Retry-After and
    WWW-Authenticate."""
    headers = {name: value for name, value in error.get_headers() if name in {"Allow", "Retry-After", "WWW-Authenticate"}}
    return Problem(_CODE_OF_STATUS.get(error.code or 500, "internal"), headers=headers)
