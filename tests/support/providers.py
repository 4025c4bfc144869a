"""The application of a test talks to the simulators that the test names, and to nobody else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from flask import Flask

from app.contract.provider import Adapters, Services
from app.core.http import HttpClient
from app.core.runtime import EXTENSION
from app.providers.registry import SETTINGS, build_adapters

# Nothing listens there: a test that forgets its simulator fails at once instead of reaching a provider.
OUTSIDE = HttpClient(allowed_networks=["127.0.0.0/8"])  # of whoever plays the outside: no part of the application
NOWHERE = "http://127.0.0.1:9"


def providers_at(url: str, **others: str) -> dict[str, str]:
    """The providers' settings: all of them at `url`, `others` by the beginning of the setting's name (whatsapp, graph, …)."""
    return {one.name: others.get(one.name.split("_")[0].lower(), url) if one.is_url else one.default for one in SETTINGS}


def adapters_at(app: Flask, *, whatsapp: str = NOWHERE, graph: str = NOWHERE, **more: Any) -> Adapters:
    """Adapters that call these URLs; `more` is what else `Services` takes."""
    settings = providers_at(NOWHERE, whatsapp=whatsapp, graph=graph, login=graph)
    http = app.extensions[EXTENSION].http
    return build_adapters(Services(http, settings, "http://localhost", mail_domain="localhost", **more))


@contextmanager
def talking_by(app: Flask, adapters: Adapters) -> Iterator[None]:
    """Meanwhile the application calls its providers by these."""
    usual = app.extensions[EXTENSION]
    app.extensions[EXTENSION] = replace(usual, adapters=adapters)
    yield
    app.extensions[EXTENSION] = usual
