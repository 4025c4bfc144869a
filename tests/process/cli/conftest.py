"""Run commands as a shell would, on the test's own database."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from click.testing import Result
from flask import Flask

Run = Callable[..., Result]


@pytest.fixture
def run(app: Flask) -> Run:
    """`run("users", "create", …)`; fails on an exception that is no clear message."""
    runner = app.test_cli_runner()

    def invoke(*words: str, **options: object) -> Result:
        result = runner.invoke(args=list(words), **options)  # type: ignore[arg-type]
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    return invoke
