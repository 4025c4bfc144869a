"""The demo, loaded once for the tests that look at it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from click.testing import Result
from flask import Flask
from flask.testing import FlaskCliRunner

from app import create_app
from app.config import Settings
from tests.support.database import TestServers, close_connections


@pytest.fixture(scope="package")
def demo_app(servers: TestServers, settings: Settings) -> Iterator[Flask]:
    """A demo on a database of its own; its simulators are away."""
    name, url = servers.new_database()
    app = create_app(replace(settings, database_url=url, demo=True))
    yield app
    close_connections(app)
    servers.drop_database(name)


@pytest.fixture(scope="package")
def demo_runner(demo_app: Flask) -> FlaskCliRunner:
    """The commands of the demo."""
    return demo_app.test_cli_runner()


@pytest.fixture(scope="package")
def loadings(demo_runner: FlaskCliRunner) -> list[Result]:
    """The demo loaded, and loaded again."""
    return [demo_runner.invoke(args=["demo", "load"]) for _ in range(2)]
