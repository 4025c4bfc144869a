"""URLs of our own pages are those of Flask, whatever was remembered before."""

from __future__ import annotations

from uuid import UUID, uuid4

import flask
import pytest
from flask import Flask

from app.core.links import url_for

ONE, OTHER = uuid4(), uuid4()


@pytest.fixture
def pages() -> Flask:
    app = Flask(__name__)
    rules = {"order": "/orders/<uuid:order_id>", "line": "/orders/<uuid:order_id>/lines/<uuid:line_id>", "list": "/orders"}
    for endpoint, rule in rules.items():
        app.add_url_rule(rule, endpoint, lambda **_values: "")
    return app


@pytest.mark.parametrize("root", ["", "/behind"])
def test_every_address_is_that_of_flask(pages: Flask, root: str) -> None:
    asked: list[tuple[str, dict[str, object]]] = [
        *(("order", {"order_id": one}) for one in (ONE, OTHER, str(ONE))),
        *(("line", {"order_id": one, "line_id": other}) for one, other in ((ONE, OTHER), (OTHER, ONE), (ONE, ONE))),
        ("order", {"order_id": ONE, "q": "a b", "seen": OTHER}),
        ("order", {"order_id": ONE, "column": ["lines", "total"]}),
        ("list", {"cursor": None, "q": str(OTHER)}),
        ("list", {f"id{number}": uuid4() for number in range(6)}),
        ("order", {"order_id": ONE, "_anchor": "lines"}),
        ("order", {"order_id": ONE, "_external": True}),
    ]
    with pages.test_request_context("/", environ_overrides={"SCRIPT_NAME": root}):
        for _twice in range(2):
            for endpoint, values in asked:
                assert url_for(endpoint, **values) == flask.url_for(endpoint, **values)  # type: ignore[arg-type]
        assert url_for("order", order_id=UUID(int=1)).endswith("/orders/00000000-0000-0000-0000-000000000001")
