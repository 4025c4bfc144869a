"""Build URLs of our own pages (`url_for`), remembered, as a page asks for a hundred of them."""

from __future__ import annotations

from collections.abc import Hashable
from functools import lru_cache
from typing import Any

import flask
from flask import request


def url_for(endpoint: str, **values: Any) -> str:
    """What `flask.url_for` gives within a request, remembered: a page asks for a hundred addresses, nearly all of them the same
    ones for everybody. An address with a host in it depends on the request and is made anew."""
    if "_external" in values or "_scheme" in values:
        return flask.url_for(endpoint, **values)
    try:
        return _remembered(request.script_root, endpoint, tuple(values.items()))
    except TypeError:  # a value that cannot be remembered, such as a list
        return flask.url_for(endpoint, **values)


@lru_cache(maxsize=4096)
def _remembered(_root: str, endpoint: str, values: tuple[tuple[str, Hashable], ...]) -> str:
    return flask.url_for(endpoint, **dict(values))  # type: ignore[arg-type]
