"""The demo, loaded once for the tests that look at it (`demo_app` and `loadings` of tests/conftest.py)."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskCliRunner


@pytest.fixture(scope="session")
def demo_runner(demo_app: Flask) -> FlaskCliRunner:
    """The commands of the demo."""
    return demo_app.test_cli_runner()
