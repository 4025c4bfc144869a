"""Build URLs of our own pages (`url_for`) and cache them, because one page needs a hundred. Ids are inserted after the cache."""

from __future__ import annotations

from collections.abc import Hashable
from functools import lru_cache
from typing import Any
from uuid import UUID, uuid4

import flask
from flask import request


def url_for(endpoint: str, **values: Any) -> str:
    """Return the same URL as `flask.url_for`, from a cache: nearly all URLs of a page are the same for all users.

    A URL with a host depends on the request and is not cached.
    """
    if "_external" in values or "_scheme" in values:
        return flask.url_for(endpoint, **values)
    ids = [value for value in values.values() if value.__class__ is UUID]
    known = tuple(_without_ids(values).items() if ids else values.items())
    try:
        url = _remembered(request.script_root, endpoint, known)
    except TypeError:  # a value that cannot be remembered, such as a list
        return flask.url_for(endpoint, **values)
    for place, value in zip(_PLACES, ids, strict=False):
        url = url.replace(str(place), str(value))
    return url


# Ids are put in afterwards, for these that nobody knows: a hundred orders of a list are one URL to be remembered.
_PLACES = tuple(uuid4() for _place in range(4))


def _without_ids(values: dict[str, Any]) -> dict[str, Any]:
    places = iter(_PLACES)
    return {name: next(places, value) if value.__class__ is UUID else value for name, value in values.items()}


@lru_cache(maxsize=4096)
def _remembered(_root: str, endpoint: str, values: tuple[tuple[str, Hashable], ...]) -> str:
    return flask.url_for(endpoint, **dict(values))  # type: ignore[arg-type]
