"""The page of components is for the demo and for developers alone."""

from __future__ import annotations

from flask.testing import FlaskClient


def test_the_page_does_not_exist_outside_the_demo(client: FlaskClient) -> None:
    assert client.get("/dev/components").status_code == 404
