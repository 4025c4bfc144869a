"""A test client that ends every answer, as a server does: what the application does afterwards has been done by then."""

from __future__ import annotations

from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse


class ServedClient(FlaskClient):
    """Flask's test client, which else leaves ending the answer to the test."""

    def open(self, *args: Any, buffered: bool = True, **options: Any) -> TestResponse:
        return super().open(*args, buffered=buffered, **options)
