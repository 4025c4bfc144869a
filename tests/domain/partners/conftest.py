"""What partners have: a mail server, and APIs of their own with ways to sign in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from app.core.runtime import EXTENSION, runtime
from app.domain.partners.models import Authentication
from app.sandbox.simulators.common import serve
from app.sandbox.simulators.notices.app import Notices, start_notices
from app.sandbox.simulators.receiver import create_receiver_app

WAYS = (
    ("Groendus", Authentication.API_KEY, "api_key"),
    ("Eneco", Authentication.API_KEY, "api_key"),
    ("Essent", Authentication.OAUTH2, "oauth2"),
    ("50five", Authentication.BASIC_AUTH, "basic"),
    ("Alva", Authentication.BASIC_AUTH, "basic"),
    ("Volvo dealer", Authentication.BEARER_TOKEN, "bearer"),
)


@pytest.fixture(scope="module")
def apis() -> Iterator[str]:
    served = serve(create_receiver_app())
    yield served.url
    served.stop()


def say(url: str, **said: Any) -> None:
    runtime().http.request("POST", f"{url}/__sim/orders", json=said)


@pytest.fixture
def notices(app_context: Flask) -> Iterator[Notices]:
    """A mail server that takes everything."""
    made, usual = start_notices(), app_context.extensions[EXTENSION]
    settings = replace(usual.settings, smtp_url=f"smtp://127.0.0.1:{made.smtp.port}")
    app_context.extensions[EXTENSION] = replace(usual, settings=settings)
    yield made
    app_context.extensions[EXTENSION] = usual
    made.smtp.stop()


def mails(notices: Notices) -> list[dict[str, Any]]:
    """What it took."""
    found = notices.app.test_client().get("/__sim/mails").get_json()
    return list(found["mails"] if isinstance(found, dict) else found)
