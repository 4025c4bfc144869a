"""The application of a test talks to the simulators that the test names, and to nobody else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from flask import Flask

from app.core.http import HttpClient
from app.core.runtime import EXTENSION
from app.providers.registry import Adapters, build_adapters

# Nothing listens there: a test that forgets its simulator fails at once instead of reaching a provider.
OUTSIDE = HttpClient(allowed_networks=["127.0.0.0/8"])  # of whoever plays the outside: no part of the application
NOWHERE = "http://127.0.0.1:9"


def adapters_at(app: Flask, *, whatsapp: str = NOWHERE, graph: str = NOWHERE, **more: Any) -> Adapters:
    """Adapters that call these URLs; `more` is what else `build_adapters` takes."""
    return build_adapters(
        http=app.extensions[EXTENSION].http,
        whatsapp_base_url=whatsapp,
        whatsapp_api_version="v26.0",
        graph_base_url=graph,
        login_authority=graph,
        twilio_base_url=NOWHERE,
        sendgrid_base_url=NOWHERE,
        public_url="http://localhost",
        mail_domain="localhost",
        **more,
    )


@contextmanager
def talking_by(app: Flask, adapters: Adapters) -> Iterator[None]:
    """Meanwhile the application calls its providers by these."""
    usual = app.extensions[EXTENSION]
    app.extensions[EXTENSION] = replace(usual, adapters=adapters)
    yield
    app.extensions[EXTENSION] = usual
