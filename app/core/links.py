"""Build URLs of our own pages (`url_for`), remembered, as a page asks for a hundred of them."""

from __future__ import annotations

from collections.abc import Hashable
from functools import lru_cache
from typing import Any

import flask
from flask import request


def url_for(endpoint: str, **values: Any) -> str:
    """Return what `flask.url_for` returns, cached: a page asks for a hundred URLs, nearly all of them the same for everybody.
    A URL with a host in it depends on the request and is not cached."""
    if "_external" in values or "_scheme" in values:
        return flask.url_for(endpoint, **values)
    try:
        return _remembered(request.script_root, endpoint, tuple(values.items()))
    except TypeError:  # a value that cannot be remembered, such as a list
        return flask.url_for(endpoint, **values)


@lru_cache(maxsize=4096)
def _remembered(_root: str, endpoint: str, values: tuple[tuple[str, Hashable], ...]) -> str:
    return flask.url_for(endpoint, **dict(values))  # type: ignore[arg-type]
