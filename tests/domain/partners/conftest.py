"""A mail server for what partners are told by mail."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from app.core.runtime import EXTENSION
from app.sandbox.simulators.notices.app import Notices, start_notices


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
