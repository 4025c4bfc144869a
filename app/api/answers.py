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
    """A body as text, so that a stored answer is repeated to the byte. `kept`: what is stored and repeated instead, where the
    body has a secret that is told once."""

    status: int
    text: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)
    kept: str | None = None

    def response(self) -> Response:
        response = Response(self.text, self.status, mimetype="application/json")
        response.headers.update(self.headers)
        return response


def answer(body: BaseModel, status: int = 200, *, etag: str | None = None, location: str | None = None) -> Answer:
    """The body as JSON."""
    headers = {"ETag": f'"{etag}"'} if etag else {}
    if location:
        headers["Location"] = location
    return Answer(status, body.model_dump_json(), headers)


def show(body: BaseModel, etag: str | None = None) -> Response:
    """A single object with its ETag; 304 without body if the client has it already."""
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
    """A tag for what has no version: a digest of how it looks."""
    return hashlib.sha256(body.model_dump_json().encode()).hexdigest()[:24]


class Versioned(Protocol):
    """A row that counts its changes."""

    id: Any
    version: Any


def version_tag(row: Versioned) -> str:
    """A tag for what counts its changes."""
    return f"{row.id.hex[-8:]}-{row.version}"


def check_if_match(etag: str) -> None:
    """Raise version_conflict if the request wants another state changed than the one there is. Call it with the row locked."""
    wanted = request.headers.get("If-Match")
    if wanted is not None and not parse_etags(wanted).contains(etag):
        raise Problem("version_conflict", "It changed since you read it: read it again", headers={"ETag": f'"{etag}"'})
