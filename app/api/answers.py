"""Build API responses with their ETags, and check the conditions (If-Match, If-None-Match) of requests."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from flask import request
from pydantic import BaseModel
from werkzeug.http import parse_etags
from werkzeug.wrappers import Response

from app.core.problems import Problem


@dataclass(frozen=True)
class Answer:
    """A successful response before it is sent: status, JSON text and headers.

    The body is text, so that a stored answer is repeated byte for byte. `kept` is for a `text` with a secret that is shown
    only once: it is the text without the secret, which is stored and repeated instead.
    """

    status: int
    text: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)
    kept: str | None = None

    def response(self) -> Response:
        response = Response(self.text, self.status, mimetype="application/json")
        response.headers.update(self.headers)
        return response


def answer(body: BaseModel, status: int = 200, *, etag: str | None = None, location: str | None = None) -> Answer:
    """Build the JSON answer of a model. Set the headers ETag and Location if `etag` and `location` are given."""
    headers = {"ETag": f'"{etag}"'} if etag else {}
    if location:
        headers["Location"] = location
    return Answer(status, body.model_dump_json(), headers)


def show(body: BaseModel, etag: str | None = None) -> Response:
    """Return the response for one object, with its ETag. `etag` None: the ETag is computed from the content.

    If the client already has this version (header If-None-Match), the status is 304 and the body is empty.
    """
    made = answer(body, etag=etag or content_tag(body))
    response = made.response()
    response.headers["Cache-Control"] = "private, no-cache"
    if request.headers.get("If-None-Match") and parse_etags(request.headers["If-None-Match"]).contains_weak(
        made.headers["ETag"].strip('"')
    ):
        response.status_code = 304
        response.set_data(b"")
    return response


def content_tag(body: BaseModel) -> str:
    """Return an ETag for an object without a version: 24 hex digits of the SHA-256 of its JSON."""
    return hashlib.sha256(body.model_dump_json().encode()).hexdigest()[:24]


class Versioned(Protocol):
    """A row with an `id` and a `version` that changes with each change of the row."""

    id: Any
    version: Any


def version_tag(row: Versioned) -> str:
    """Return the ETag of a versioned row: the last 8 hex digits of its id, a hyphen, and its version."""
    return f"{row.id.hex[-8:]}-{row.version}"


def check_if_match(etag: str) -> None:
    """Raise Problem `version_conflict` if the request's If-Match names another ETag than `etag`. Call it with the row locked."""
    wanted = request.headers.get("If-Match")
    if wanted is not None and not parse_etags(wanted).contains(etag):
        raise Problem("version_conflict", "It changed since you read it: read it again", headers={"ETag": f'"{etag}"'})
